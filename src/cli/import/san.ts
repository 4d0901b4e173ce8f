import { formatQuantity } from "../../api/quantity.ts";
import type { BackingFact, Export, LogicalVolume } from "../../host/facts.ts";
import { addressText, sshOf } from "./address.ts";
import { type Draft, distinct, given, refs } from "./draft.ts";
import { factOf, gapsOf, markedName, type NamedHost, objectName } from "./look.ts";

/** An AoeVolume with its target. */
export interface VolumeDraft extends Draft {
  readonly kind: "AoeVolume";
  /** `e0.1` */
  readonly target: string;
}

/** An AoeServer with its AoeVolumes for a SAN server and everything that it exports. */
export function draftServer(
  server: NamedHost,
  clients: readonly NamedHost[],
  secret: string,
  /** A name for an unnamed volume: the label of its file system. */
  labelOf: (target: string) => string | undefined,
): { readonly server: Draft; readonly volumes: readonly VolumeDraft[] } {
  const exports = (factOf(server.facts.exports) ?? []).toSorted((a, b) => a.shelf - b.shelf || a.slot - b.slot);
  const interfaces = distinct(exports.map((one) => one.interface));
  const first = interfaces[0];
  const addresses = Map.groupBy(exports, targetOf);
  const names = new Set<string>();
  const drafted = [...addresses].map(([target, all]): VolumeDraft & { readonly allowed?: string } => {
    const wanted =
      all.map(({ owner }) => markedName(owner)).find((name) => name !== undefined) ??
      objectName(labelOf(target) ?? target.replace(".", "-"));
    const name = names.has(wanted) ? `${wanted}-${target.replace(".", "-")}` : wanted;
    names.add(name);
    const base = { kind: "AoeVolume", name, target, found: all.map((one) => foundOf(server, one)) } as const;
    const [only, ...others] = all;
    if (only === undefined || others.length > 0) {
      const whose = all.map(({ interface: netif, backing }) => `${backing} on ${netif}`).join(", ");
      return {
        ...base,
        spec: undefined,
        notImported: [
          `AoeVolume ${name}: ${all.length} exports have the address ${target} (${whose}); only one can be declared`,
        ],
      };
    }
    const backing = backingOf(only, server);
    const options = optionsOf(only.options);
    const lost = [...backing.lost, ...options.lost].map((line) => `AoeVolume ${name}: ${line}`);
    const seeing = clients.filter((client) => sees(client, only));
    const stranger = seeing.filter((client) => !answersFrom(client, only, server));
    return {
      ...base,
      ...(backing.allowed === undefined ? {} : { allowed: backing.allowed }),
      notImported: [
        ...lost,
        ...(only.persistence === "None"
          ? [
              `AoeVolume ${name}: it is a bare process, which is not started at boot; xensan would write a configuration that starts it`,
            ]
          : []),
        ...(only.runningDiffers
          ? [`AoeVolume ${name}: the running vblade has other arguments than its configuration`]
          : []),
        ...(only.pid === undefined ? [`AoeVolume ${name}: no vblade is running for it; xensan would start one`] : []),
        ...stranger.map(
          (client) =>
            `AoeVolume ${name}: on ${client.name}, a network card other than ${only.interface} of ${server.name} answers for ${target}`,
        ),
      ],
      spec:
        backing.spec === undefined || !options.whole
          ? undefined
          : given({
              serverRef: { name: server.name },
              shelf: only.shelf,
              slot: only.slot,
              interface: only.interface === first ? undefined : only.interface,
              backing: backing.spec,
              ...options.spec,
              clientRefs: seeing.length === 0 ? undefined : refs(seeing.map(({ name: client }) => client)),
            }),
    };
  });
  const allowed = distinct(drafted.flatMap((one) => one.allowed ?? []));
  const { facts } = server;
  const gaps = [
    ...server.gaps,
    ...gapsOf("exports", facts.exports),
    ...gapsOf("identity", facts.identity),
    ...gapsOf("logical volumes", facts.logicalVolumes),
  ].map((line) => `AoeServer ${server.name}: ${line}`);
  const nothing =
    interfaces.length === 0 || allowed.length === 0
      ? [
          `AoeServer ${server.name}: it exports nothing that can be declared, so write spec.interfaces and spec.allowedBackings yourself`,
        ]
      : [];
  return {
    server: {
      kind: "AoeServer",
      name: server.name,
      found: [hostLine(server)],
      notImported: [...gaps, ...nothing],
      spec:
        nothing.length > 0
          ? undefined
          : {
              ssh: sshOf(server.address, server.hostKeys, secret),
              interfaces: interfaces.map((name) => ({ name })),
              management: "Observe",
              packages: "Observe",
              allowedBackings: allowed,
            },
    },
    volumes: drafted.map(({ allowed: _allowed, ...draft }) => draft),
  };
}

/** `root@10.0.0.1: san, Debian GNU/Linux 12 (bookworm), Linux 6.1.0` */
export function hostLine({ address, hostname, facts }: NamedHost): string {
  const system = factOf(facts.system);
  const words = [hostname, system?.os, system && `Linux ${system.kernel}`].filter(
    (word) => word !== undefined && word !== "",
  );
  return `${addressText(address)}: ${words.join(", ")}`;
}

const targetOf = ({ shelf, slot }: { readonly shelf: number; readonly slot: number }) => `e${shelf}.${slot}`;

function foundOf(server: NamedHost, { persistence, instance, unitState, pid, ...one }: Export): string {
  const where =
    persistence === "Systemd"
      ? `/etc/vblade.conf.d/${instance}.conf`
      : persistence === "Inittab"
        ? `/etc/inittab, id ${instance}`
        : "a bare process";
  const runs = pid === undefined ? unitState : `${unitState}, pid ${pid}`;
  return `${targetOf(one)} on ${one.interface} of ${server.name}: ${where} (${runs})`;
}

interface Backed {
  readonly spec: Readonly<Record<string, unknown>> | undefined;
  readonly allowed?: string;
  readonly lost: readonly string[];
}

function backingOf({ backing }: Export, server: NamedHost): Backed {
  const volume = factOf(server.facts.logicalVolumes)?.find((one) => namesOf(one).includes(backing));
  if (volume !== undefined) {
    const { volumeGroup, name, sizeBytes } = volume;
    return {
      spec: { logicalVolume: { volumeGroup, name, size: formatQuantity(sizeBytes) } },
      allowed: `${volumeGroup}/${name}`,
      lost: [],
    };
  }
  const found = factOf(server.facts.backings)?.find(({ path }) => path === backing);
  if (found === undefined) return nothing(`its backing ${backing} could not be read`);
  return backedBy(found);
}

function backedBy({ path, kind, sizeBytes }: BackingFact): Backed {
  if (kind === "Missing") return nothing(`its backing ${path} does not exist`);
  if (kind === "Other") return nothing(`its backing ${path} is neither a file nor a block device`);
  if (kind === "BlockDevice") return { spec: { device: path }, allowed: path, lost: [] };
  // vblade serves only whole sectors.
  const bytes = sizeBytes - (sizeBytes % 512);
  const cut = sizeBytes === bytes ? [] : [`the last ${sizeBytes - bytes} bytes of ${path} are not a whole sector`];
  return { spec: { file: { path, size: formatQuantity(bytes) } }, allowed: path, lost: cut };
}

const nothing = (why: string): Backed => ({ spec: undefined, lost: [why] });

/** The names that LVM and device-mapper give a logical volume. */
function namesOf({ path, volumeGroup, name }: LogicalVolume): readonly string[] {
  const mapped = [volumeGroup, name].map((part) => part.replaceAll("-", "--")).join("-");
  return [path, `/dev/${volumeGroup}/${name}`, `/dev/mapper/${mapped}`];
}

/** vblade's options as fields. Not `whole`: the volume would be a different one without the omitted options. */
function optionsOf(options: readonly string[]): {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly whole: boolean;
  readonly lost: readonly string[];
} {
  const spec: Record<string, unknown> = {};
  const lost: string[] = [];
  let whole = true;
  let sync = false;
  for (let at = 0; at < options.length; at += 1) {
    const flag = options[at] ?? "";
    if (flag === "-r") spec.access = "ReadOnly";
    else if (flag === "-d") spec.directIO = "Enabled";
    else if (flag === "-s") sync = true;
    else if (flag === "-b") spec.bufferCount = Number(options[++at]);
    else if (flag === "-m") spec.allowedMACs = macsOf(options[++at] ?? "");
    else {
      const value = "ol".includes(flag.slice(1)) ? ` ${options[++at] ?? ""}` : "";
      lost.push(
        `vblade ${flag}${value} has no field: ${value === "" ? "unknown" : "a part of a backing cannot be exported"}`,
      );
      whole = false;
    }
  }
  // vblade without -s answers before the data is on the disk; the API's default is the safe setting.
  return { spec: { ...spec, ...(sync ? {} : { sync: "Disabled" }) }, whole, lost };
}

/** vblade accepts MAC addresses with and without colons. */
function macsOf(list: string): string[] {
  return list.split(",").map((mac) =>
    mac
      .toLowerCase()
      .replaceAll(":", "")
      .replace(/(..)(?=.)/g, "$1:"),
  );
}

function sees(client: NamedHost, { shelf, slot }: Export): boolean {
  return factOf(client.facts.aoeDevices)?.some((device) => device.shelf === shelf && device.slot === slot) ?? false;
}

/** True also if the MAC address of either is unknown: that is not evidence. */
function answersFrom(client: NamedHost, { shelf, slot, interface: netif }: Export, server: NamedHost): boolean {
  const mac = factOf(server.facts.interfaces)?.find(({ name }) => name === netif)?.mac;
  const device = factOf(client.facts.aoeDevices)?.find((one) => one.shelf === shelf && one.slot === slot);
  return mac === undefined || device === undefined || device.macs.length === 0 || device.macs.includes(mac);
}
