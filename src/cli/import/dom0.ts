import { xenHostSpecSchema } from "../../api/xen-host.ts";
import { globMatches } from "../../host/glob.ts";
import type { Toolstack } from "../../host/xen-facts.ts";
import { sshOf } from "./address.ts";
import { type Draft, distinct, given, refs } from "./draft.ts";
import { factOf, gapsOf, type NamedHost } from "./look.ts";
import { hostLine } from "./san.ts";

/** What the owner of a dom0 must allow so that everything on it may stay. */
export interface Needs {
  readonly mountPoints: readonly string[];
  readonly mountOptions: readonly string[];
  readonly bridges: readonly string[];
  readonly bootFiles: readonly string[];
  readonly settings: readonly string[];
  readonly domains: readonly string[];
  readonly images: readonly string[];
}

/** A dom0 as a XenHost. */
export function draftHost(host: NamedHost, all: readonly NamedHost[], needs: Needs, secret: string): Draft {
  const { name, facts } = host;
  const aoe = interfacesOf(host);
  const toolstack = factOf(facts.toolstack);
  const relocation = relocationOf(host, all);
  const lost = [
    ...host.gaps,
    ...gapsOf("identity", facts.identity),
    ...gapsOf("AoE driver", facts.aoe),
    ...gapsOf("AoE devices", facts.aoeDevices),
    ...gapsOf("toolstack", facts.toolstack),
    ...gapsOf("relocation", facts.relocation),
    ...(aoe.length === 0
      ? ["the interfaces on which it looks for AoE devices are unknown: write spec.aoe.interfaces yourself"]
      : []),
    ...(host.hostname !== "" && host.hostname.toLowerCase() !== name.replace(/\..*$/, "")
      ? [`its host name is ${JSON.stringify(host.hostname)}, but O2CB compares it with the name of the XenHost`]
      : []),
    ...(toolstack === undefined || toolstack.kind !== "None" ? [] : ["it has neither xl nor xm"]),
    ...(toolstack?.dom0 === false ? ["it does not run under Xen"] : []),
    ...automaticOf(toolstack),
    ...relocation.lost,
  ];
  return {
    kind: "XenHost",
    name,
    found: [hostLine(host), ...toolstackLine(toolstack)],
    notImported: lost.map((line) => `XenHost ${name}: ${line}`),
    spec:
      aoe.length === 0
        ? undefined
        : given({
            ssh: sshOf(host.address, host.hostKeys, secret),
            aoe: { interfaces: aoe },
            toolstack: toolstack?.kind === "xm" ? "xm" : undefined,
            management: "Observe",
            packages: "Observe",
            allowed: allowedOf(needs),
            relocation: relocation.spec,
          }),
  };
}

/** The interfaces that the driver is bound to, else those of the next boot, else those on which it found devices. */
function interfacesOf({ facts }: NamedHost): string[] {
  const driver = factOf(facts.aoe);
  const devices = factOf(facts.aoeDevices) ?? [];
  const lists = [
    driver?.interfaces ?? [],
    driver?.persistedInterfaces ?? [],
    devices.flatMap((device) => device.interfaces),
  ];
  return distinct(lists.find((list) => list.length > 0) ?? []);
}

function toolstackLine(toolstack: Toolstack | undefined): string[] {
  if (toolstack === undefined) return [];
  const { kind, info } = toolstack;
  return [
    `toolstack ${kind.toLowerCase()}${info === undefined ? "" : `, Xen ${info.major}.${info.minor}${info.extra}`}`,
  ];
}

/** Omits the lists that the defaults already cover. */
function allowedOf(needs: Needs): Record<string, unknown> | undefined {
  const defaults = xenHostSpecSchema.shape.allowed.parse(undefined);
  const paths = (wanted: readonly string[], globs: readonly string[]) =>
    wanted.every((path) => globs.some((glob) => globMatches(glob, path))) ? undefined : distinct(wanted);
  const list = (wanted: readonly string[]) => (wanted.length === 0 ? undefined : distinct(wanted));
  const allowed = given({
    mountPoints: paths(needs.mountPoints, defaults.mountPoints),
    mountOptions: list(needs.mountOptions),
    bridges: list(needs.bridges),
    bootFiles: paths(needs.bootFiles, defaults.bootFiles),
    settings: list(needs.settings),
    domains: list(needs.domains),
    images: list(needs.images),
  });
  return Object.keys(allowed).length === 0 ? undefined : allowed;
}

/** spec.relocation, from the peers that xensan configured on the host, and from xend-config.sxp. */
function relocationOf(
  { name, address, facts }: NamedHost,
  all: readonly NamedHost[],
): { readonly spec: Record<string, unknown> | undefined; readonly lost: readonly string[] } {
  const peers = factOf(facts.relocation)?.peers ?? [];
  const known = peers.filter((peer) => all.some((other) => other.name === peer.name && other.name !== name));
  const strangers = peers.filter((peer) => !known.includes(peer));
  const ownAddress = all
    .flatMap((other) => factOf(other.facts.relocation)?.peers ?? [])
    .find((peer) => peer.name === name)?.address;
  const xend = xendOf(factOf(facts.toolstack)?.xendConfiguration);
  const fields = given({
    mode: known.length === 0 ? undefined : "Enabled",
    address: ownAddress === undefined || ownAddress === address.host ? undefined : ownAddress,
    allowedSourceHostRefs: known.length === 0 ? undefined : refs(distinct(known.map((peer) => peer.name))),
    ...xend.fields,
  });
  const lost = [
    ...strangers.map(
      (peer) => `${peer.name} (${peer.address}) may migrate domains to it, but is not one of the probed hosts`,
    ),
    ...(known.length === 0 && !xend.serves
      ? [
          "settings for migrations to it that xensan did not write: import reads only the keys and settings that xensan wrote, so relocation.mode is Disabled",
        ]
      : []),
    ...xend.lost,
  ];
  return { spec: Object.keys(fields).length === 0 ? undefined : fields, lost };
}

function xendOf(settings: ReadonlyMap<string, string> | undefined): {
  readonly fields: Record<string, unknown>;
  readonly serves: boolean;
  readonly lost: readonly string[];
} {
  const word = (key: string) => settings?.get(key)?.replace(/^'(.*)'$/, "$1");
  const number = (key: string, fallback: number) => {
    const text = word(key);
    return text === undefined || !/^[0-9]+$/.test(text) || Number(text) === fallback ? undefined : Number(text);
  };
  const serves = word("xend-relocation-server") === "yes";
  const hosts = word("xend-relocation-hosts-allow");
  const dom0MinMem = number("dom0-min-mem", Number.NaN);
  return {
    serves,
    fields: {
      port: number("xend-relocation-port", 8002),
      networkScript: word("network-script"),
      vifScript: word("vif-script"),
      dom0MinMemory: dom0MinMem === undefined ? undefined : `${dom0MinMem}Mi`,
      dom0CPUs: number("dom0-cpus", Number.NaN),
    },
    lost: serves
      ? [
          hosts === undefined || hosts === ""
            ? "xend-relocation-server is on and xend-relocation-hosts-allow is empty: any host may migrate domains to it; list the allowed hosts in relocation.allowedSourceHostRefs"
            : `xend-relocation-hosts-allow ${JSON.stringify(hosts)}: list these hosts in relocation.allowedSourceHostRefs`,
        ]
      : [],
  };
}

/** Settings that bring domains back without xensan, and that xensan would blank. */
function automaticOf(toolstack: Toolstack | undefined): string[] {
  return Object.entries(toolstack?.automaticDomains ?? {})
    .filter(([, value]) => !["", "-", '""', "false"].includes(value))
    .map(
      ([key, value]) =>
        `XENDOMAINS_${key.toUpperCase()} is ${value}: xensan would clear it, because a domain that was moved away must not start here again`,
    );
}
