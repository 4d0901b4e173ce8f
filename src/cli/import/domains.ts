import { bridgeName } from "../../api/domain-devices.ts";
import { formatQuantity } from "../../api/quantity.ts";
import type { DomainFact, ImageFact } from "../../host/xen-facts.ts";
import type { Share } from "./clusters.ts";
import { type DomainFile, domainFile } from "./domain-file.ts";
import { type Draft, given, refs } from "./draft.ts";
import { factOf, gapsOf, type NamedHost, objectName } from "./look.ts";

/** A XenDomain, and what its hosts must allow. */
export interface DomainDraft extends Draft {
  readonly kind: "XenDomain";
  readonly hosts: readonly string[];
  readonly bridges: readonly string[];
  readonly bootFiles: readonly string[];
  /** KEY=VALUE */
  readonly settings: readonly string[];
  /** Its UUID, if it was not started by xensan. */
  readonly foreign: readonly string[];
  /** Paths of images that xensan did not make. */
  readonly images: readonly string[];
  /** Images in its CD-ROM drives, with their file systems. */
  readonly templates: readonly Template[];
}

/** An image that the owner of its file system must allow domains to read. */
export interface Template {
  readonly share: Share;
  /** Below the mount point. */
  readonly path: string;
}

interface Running {
  readonly host: NamedHost;
  readonly fact: DomainFact;
}

interface Defined {
  readonly host: NamedHost;
  readonly file: DomainFile;
}

/** The domains that run on the dom0s or have a file there. */
export function draftDomains(
  hosts: readonly NamedHost[],
  shares: readonly Share[],
  /** Places where a domain may run unseen, a reason each: if there are any, no domain is declared halted. */
  unseen: readonly string[],
): readonly DomainDraft[] {
  const running = hosts.flatMap((host) => (factOf(host.facts.domains)?.domains ?? []).map((fact) => ({ host, fact })));
  const defined = hosts.flatMap((host) =>
    host.files.flatMap((one) => {
      const file = one.path === "/etc/fstab" ? undefined : domainFile(one);
      return file === undefined ? [] : [{ host, file }];
    }),
  );
  const nameless = hosts.flatMap((host) =>
    host.files
      .filter((one) => one.path !== "/etc/fstab" && domainFile(one) === undefined)
      .map(({ path }) => `${path} of ${host.name}: it does not name a domain`),
  );
  const used = new Set<Defined>();
  const alive = running.map((one) => {
    const files = filesOf(one, defined);
    for (const file of files) used.add(file);
    return draftOf(one, files, hosts, shares);
  });
  const rest = Map.groupBy(
    defined.filter((one) => !used.has(one)),
    ({ file }) => file.uuid ?? file.name,
  );
  const gaps = hosts.flatMap((host) => gapsOf(`domains of ${host.name}`, host.facts.domains));
  const [doubt] = [...unseen, ...gaps];
  const halted = [...rest.values()].map((files) => draftOf(undefined, files, hosts, shares, doubt));
  const lines = [...gaps, ...nameless];
  return [...withoutDoubles([...alive, ...halted]), ...(lines.length === 0 ? [] : [empty("", [], lines)])];
}

/**
 * The files that define a running domain: by UUID, else by name on its own host, else by name anywhere; xensan's own
 * first.
 */
function filesOf({ host, fact }: Running, defined: readonly Defined[]): readonly Defined[] {
  const lists = [
    defined.filter(({ file }) => file.uuid === fact.uuid),
    defined.filter((one) => one.host === host && one.file.uuid === undefined && one.file.name === fact.name),
    defined.filter(({ file }) => file.uuid === undefined && file.name === fact.name),
  ];
  const own = (one: Defined) => Number(one.host !== host) * 2 + Number(!one.file.path.startsWith("/var/lib/xensan/"));
  return (lists.find((list) => list.length > 0) ?? []).toSorted((a, b) => own(a) - own(b));
}

const empty = (name: string, found: readonly string[], notImported: readonly string[]): DomainDraft => ({
  ...{ kind: "XenDomain", name, found, notImported, spec: undefined },
  ...{ hosts: [], bridges: [], bootFiles: [], settings: [], foreign: [], images: [], templates: [] },
});

function draftOf(
  running: Running | undefined,
  files: readonly Defined[],
  hosts: readonly NamedHost[],
  shares: readonly Share[],
  doubt?: string,
): DomainDraft {
  const [first] = files;
  const name = running?.fact.name ?? first?.file.name ?? "";
  const found = [
    ...(running === undefined ? [] : [`${name} runs on ${running.host.name}, id ${running.fact.id}`]),
    ...files.map(({ host, file }) => `${file.path} of ${host.name}`),
  ];
  const say = (line: string) => `XenDomain ${name}: ${line}`;
  if (first === undefined)
    return empty(name, found, [
      say(
        `it runs on ${running?.host.name} with the UUID ${running?.fact.uuid}, but no file in /etc/xen, /etc/xen/auto or on its shared file systems defines it`,
      ),
    ]);
  const { file } = first;
  const disks = disksOf(file, hosts, shares);
  const on = hostsOf(disks.shares, running);
  const problems = [
    ...(objectName(name) === name ? [] : [`its name is not a valid object name: ${JSON.stringify(name)}`]),
    ...(file.memory === undefined ? ["its memory could not be read"] : []),
    ...file.problems,
    ...disks.problems,
    ...file.networks.flatMap(({ problem, bridge }) =>
      problem === undefined ? [] : [`the network card on ${bridge}: ${problem}`],
    ),
    ...(doubt === undefined ? [] : [`it is unknown whether it runs: ${doubt}`]),
    ...(on.length === 0 && disks.problems.length === 0 ? ["no host has all of its file systems mounted"] : []),
  ];
  const lost = [
    ...file.lost.map((line) => `${file.path} ${line}`),
    ...disks.lost,
    ...file.networks.flatMap((network) =>
      network.lost.map((word) => `the network card on ${network.bridge}: ${word} has no field`),
    ),
    ...differencesOf(first, files, running),
  ];
  if (problems.length > 0) return empty(name, found, [...problems, ...lost].map(say));
  const uuid = running?.fact.uuid ?? file.uuid;
  const bootFiles = [file.boot?.kernel, file.boot?.ramdisk].filter((path) => path !== undefined);
  return {
    kind: "XenDomain",
    name,
    found,
    notImported: lost.map(say),
    hosts: on,
    bridges: file.networks.map(bridgeName),
    bootFiles,
    settings: file.settings.map(({ key, value }) => `${key}=${value}`),
    foreign: running === undefined || uuid === undefined || isDeclared(uuid, hosts) ? [] : [uuid],
    images: disks.foreign,
    templates: disks.templates,
    spec: given({
      uuid,
      hostRefs: refs(on),
      powerState: running === undefined ? "Halted" : undefined,
      memory: mebibytes(file.memory ?? 0),
      maxMemory: file.maxMemory === undefined ? undefined : mebibytes(file.maxMemory),
      vcpus: file.vcpus === 1 ? undefined : file.vcpus,
      cpus: file.cpus,
      type: file.type === "PVH" ? undefined : file.type,
      boot: file.boot,
      disks: disks.spec.length === 0 ? undefined : disks.spec,
      cdroms: disks.cdroms.length === 0 ? undefined : disks.cdroms,
      networks:
        file.networks.length === 0
          ? undefined
          : file.networks.map(({ bridge, switch: of, vlan, mac, model }) =>
              given({ bridge, switch: of === "Linux" ? undefined : of, vlan, mac, model }),
            ),
      console: file.console,
      settings: file.settings.length === 0 ? undefined : file.settings,
      ...file.actions,
    }),
  };
}

function disksOf(file: DomainFile, hosts: readonly NamedHost[], shares: readonly Share[]) {
  const spec: Record<string, unknown>[] = [];
  const problems: string[] = [];
  const lost: string[] = [];
  const foreign: string[] = [];
  const used: Share[] = [];
  const cdroms: Record<string, unknown>[] = [];
  const templates: Template[] = [];
  for (const disk of file.disks) {
    const named = disk.device === "" ? disk.target : `${disk.device} (${disk.target})`;
    const what = `the ${disk.cdrom ? "CD-ROM drive" : "disk"} ${named}`;
    const share = shares.find(({ mountPoint }) => disk.target.startsWith(`${mountPoint}/`));
    const image = imageAt(disk.target, hosts);
    if (disk.cdrom) {
      // The guest stays the same without it: omit the drive.
      if (disk.target === "") lost.push(`${what}: a drive without an image has no field`);
      else if (share === undefined) lost.push(`${what}: it is not on an imported file system`);
      else if (image?.kind !== "File") lost.push(`${what}: the file does not exist`);
      else {
        used.push(share);
        const path = disk.target.slice(share.mountPoint.length + 1);
        templates.push({ share, path });
        cdroms.push({ device: disk.device, filesystemRef: referenceTo(share), path });
      }
    } else if (disk.problem !== undefined) problems.push(`${what}: ${disk.problem}`);
    else if (share === undefined)
      problems.push(
        `${what}: it is not on an imported file system${disk.target.startsWith("/dev/") ? ", and a device cannot be a disk" : ""}`,
      );
    else if (image?.kind !== "File")
      problems.push(`${what}: ${image === undefined ? "it was not probed" : "the file does not exist"}`);
    else {
      used.push(share);
      if (image.record === undefined || image.record.origin === "Found") foreign.push(disk.target);
      spec.push(
        given({
          device: disk.device,
          filesystemRef: referenceTo(share),
          path: disk.target.slice(share.mountPoint.length + 1),
          size: formatQuantity(image.sizeBytes),
          access: disk.readOnly ? "ReadOnly" : undefined,
        }),
      );
    }
  }
  return { spec, cdroms, problems, lost, foreign, templates, shares: used };
}

const mebibytes = (count: number) => formatQuantity(count * 2 ** 20);

const referenceTo = ({ cluster, label }: Share) => ({ clusterRef: { name: cluster }, label });

/** The image as seen by any host that has it. */
function imageAt(path: string, hosts: readonly NamedHost[]): ImageFact | undefined {
  const seen = hosts.flatMap((host) => factOf(host.facts.images)?.filter((image) => image.path === path) ?? []);
  return seen.find(({ kind }) => kind === "File") ?? seen[0];
}

/** Every host with all of the domain's file systems; without file systems, the host on which it runs. */
function hostsOf(shares: readonly Share[], running: Running | undefined): string[] {
  const [first, ...others] = shares;
  if (first === undefined) return running === undefined ? [] : [running.host.name];
  return first.hosts.filter((host) => others.every((share) => share.hosts.includes(host)));
}

/** Whether xensan wrote its configuration on a host. */
function isDeclared(uuid: string, hosts: readonly NamedHost[]): boolean {
  return hosts.some((host) =>
    factOf(host.facts.domainConfigurations)?.some((one) => one.uuid === uuid && /^[^-]/.test(one.owner)),
  );
}

function differencesOf({ file, host }: Defined, files: readonly Defined[], running: Running | undefined): string[] {
  const fact = running?.fact;
  const without = ({ path: _path, lost: _lost, ...rest }: DomainFile) => JSON.stringify(rest);
  return [
    ...files
      .filter((other) => without(other.file) !== without(file))
      .map(
        (other) => `${other.file.path} of ${other.host.name} differs from ${file.path} of ${host.name}, which was used`,
      ),
    ...(fact !== undefined &&
    file.memory !== undefined &&
    (fact.memory < file.memory || fact.memory > (file.maxMemory ?? file.memory))
      ? [`it runs with ${fact.memory} MiB, but its file has ${file.memory}`]
      : []),
    ...(fact !== undefined && fact.vcpus !== file.vcpus
      ? [`it runs with ${fact.vcpus} virtual CPUs, but its file has ${file.vcpus}`]
      : []),
    ...(fact !== undefined && file.networks.some(({ mac }) => mac === undefined)
      ? ["a network card has no MAC address in its file: its MAC address changes at the next start"]
      : []),
    ...(fact === undefined && file.uuid === undefined
      ? ["its file has no UUID, so the toolstack generates a new one at each start; xensan assigns a permanent UUID"]
      : []),
    ...(fact === undefined && files.some((one) => one.file.path.startsWith("/etc/xen/auto/"))
      ? ["it does not run now, but is started at each boot: spec.powerState is Halted"]
      : []),
  ];
}

/** Keeps one object per name; names the other copies. */
function withoutDoubles(drafts: readonly DomainDraft[]): DomainDraft[] {
  const taken = new Set<string>();
  return drafts.map((draft) => {
    if (draft.spec === undefined) return draft;
    if (!taken.has(draft.name)) {
      taken.add(draft.name);
      return draft;
    }
    return empty(draft.name, draft.found, [
      ...draft.notImported,
      `XenDomain ${draft.name}: another domain has this name (${draft.found.join(", ")})`,
    ]);
  });
}
