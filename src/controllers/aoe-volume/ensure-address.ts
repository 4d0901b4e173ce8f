import type { AoeServerSpec } from "../../api/aoe-server.ts";
import type { Reason } from "../../api/reasons.ts";
import { type BackingFact, type Export, gapIn, type HostFacts } from "../../host/facts.ts";
import { approvedOf, countsOnce } from "../directives.ts";
import { type Finding, found, no, stop, unknown, yes } from "../finding.ts";
import { interfaceProblem } from "../hosts/aoe-ready.ts";
import { addressText, lookUp } from "../hosts/view.ts";
import { readyServer } from "./ensure-server.ts";
import { backingPath, interfaceOf, ownerName, segmentOn, servedPath, targetOf } from "./export-parameters.ts";
import { deviceOf } from "./holders.ts";
import type { VolumeObservation } from "./observation.ts";

/**
 * Ensures that nothing else uses the address or the backing: no older volume, no other vblade of the server, no
 * responder on the wire. To a client, two vblades at one address are two paths of one device: silent corruption.
 */
export function ensureAddress(volume: VolumeObservation): Finding {
  const server = readyServer(volume);
  if (server === undefined) return stop([]);
  if (volume.rival !== undefined) {
    const { volume: holder, over, what } = volume.rival;
    const free = over === "Address" ? "choose another shelf and slot" : "choose another backing";
    return conflict(
      over === "Address" ? "DuplicateAddress" : "DuplicateBacking",
      `${what} is used by the older AoeVolume ${holder}: ${free}, or delete that volume`,
    );
  }
  const foreign = foreignExport(volume, server.facts);
  if (foreign !== undefined) return foreign;
  const { exports } = server.facts;
  if (exports.state === "unknown") {
    const message = `AoeServer ${server.sight.name} did not report its exports: ${exports.why}`;
    return stop([
      unknown("Conflicted", "FactsUnknown", message),
      unknown("Exported", "FactsUnknown", message),
      unknown("Attached", "FactsUnknown", message),
    ]);
  }
  return (
    onTheWire(volume, server.facts) ??
    unheard(volume, server.facts) ??
    found([no("Conflicted", "NoConflict", "No other export uses the address or the backing")])
  );
}

function conflict(reason: Reason, message: string): Finding {
  return stop([yes("Conflicted", reason, message), no("Exported", reason, message), no("Attached", reason, message)]);
}

/** Finds exports of this machine that are not this volume's and use its address or backing. */
function foreignExport(volume: VolumeObservation, facts: HostFacts): Finding | undefined {
  const { spec, server } = volume;
  if (facts.exports.state !== "known" || server.state !== "Found") return undefined;
  const backing = backingFact(volume, facts);
  const identity = backing?.identity ?? "";
  const netif = interfaceOf(spec, server.spec);
  const all = facts.exports.value;
  const candidates = new Set([
    ...lookUp(all, "address", addressText, addressText(spec)),
    ...lookUp(all, "backing", (one) => one.backing, backingPath(spec)),
    ...(identity === "" ? [] : lookUp(all, "identity", (one) => one.backingIdentity, identity)),
  ]);
  for (const other of candidates) {
    if (isOurs(volume, other)) continue;
    const sameAddress = other.shelf === spec.shelf && other.slot === spec.slot && meet(server.spec, netif, other);
    const sameBacking = (identity !== "" && other.backingIdentity === identity) || other.backing === backingPath(spec);
    // This volume adopts an export without an owner. An export that another volume made stays its own, even if that
    // volume is gone.
    if (sameAddress && sameBacking && other.interface === netif && other.owner === "") continue;
    const who = describeExport(other);
    if (sameAddress)
      return conflict(
        "AddressTaken",
        `${targetOf(spec)} is already served by ${who}: choose another shelf and slot, or stop that export and remove its configuration`,
      );
    if (sameBacking)
      return conflict(
        "BackingExported",
        `${backingPath(spec)} is already served by ${who}: choose another backing, or stop that export and remove its configuration`,
      );
  }
  return undefined;
}

/** Whether one client may hear exports on both interfaces; true if an interface is not listed. */
function meet(server: AoeServerSpec, netif: string, other: Export): boolean {
  const theirs = segmentOn(server, other.interface);
  return other.interface === netif || theirs === undefined || theirs === segmentOn(server, netif);
}

function describeExport(other: Export): string {
  const owner = ownerName(other);
  const whose = owner === "" ? "an export that xensan did not make" : `the export of AoeVolume ${owner}`;
  const unit =
    other.instance === "" ? "" : `, ${other.persistence === "Systemd" ? "vblade@" : "inittab id "}${other.instance}`;
  return `${whose} (e${other.shelf}.${other.slot} on ${other.interface}, ${other.backing}${unit})`;
}

/** Compares namespace and name: an object restored from a backup has a new uid. */
export function isOurs({ owner }: Pick<VolumeObservation, "owner">, other: Export): boolean {
  return ownerName(other) === nameOf({ owner });
}

/** More than a volume ever has; only a faulty host shows thousands, and each costs work. */
const mostOwnExports = 16;

/** The exports that carry the volume's name, also at other addresses. */
export function ownExports(volume: Pick<VolumeObservation, "owner">, exports: readonly Export[]): readonly Export[] {
  return lookUp(exports, "owner", ownerName, nameOf(volume)).slice(0, mostOwnExports);
}

const nameOf = ({ owner }: Pick<VolumeObservation, "owner">) => `${owner.namespace}/${owner.name}`;

/** The backing as the server sees it, at the recorded path, else at the path of the spec. */
export function backingFact(
  volume: Pick<VolumeObservation, "spec" | "recorded">,
  facts: HostFacts,
): BackingFact | undefined {
  if (facts.backings.state !== "known") return undefined;
  const { value } = facts.backings;
  const at = (path: string) => lookUp(value, "path", (fact) => fact.path, path)[0];
  const named = at(backingPath(volume.spec));
  const { backing } = volume.recorded;
  const recorded = at(servedPath(volume.spec, backing?.path));
  // The recorded path has not been probed yet.
  return recorded ?? (named?.lasting === backing?.identity ? named : undefined);
}

/** Compares with what the clients hear on the wire, and with what the server hears, which is never its own exports. */
function onTheWire(volume: VolumeObservation, facts: HostFacts): Finding | undefined {
  const { spec, server, clients } = volume;
  if (facts.exports.state !== "known" || server.state !== "Found" || server.view.state !== "Reachable")
    return undefined;
  const target = targetOf(spec);
  const own = lookUp(facts.exports.value, "address", addressText, addressText(spec)).some(
    (one) => one.interface === interfaceOf(spec, server.spec),
  );
  // Its configuration was edited: the vblade still serves as it was started, perhaps at another address.
  const runsOtherwise = ownExports(volume, facts.exports.value).some(
    (one) => one.pid !== undefined && one.runningDiffers,
  );
  const mac = interfaceMac(facts, interfaceOf(spec, server.spec));
  if (hearsOther(volume, server.spec, facts, own)) {
    return conflict(
      "UndeclaredResponder",
      `${server.host} sees another server answer for ${target}: find that server and stop its export, or choose another shelf and slot`,
    );
  }
  for (const client of clients) {
    if (client.state !== "Found" || client.view.state !== "Reachable" || !client.fresh || client.isServer) continue;
    const heard = answers(client.view.snapshot.facts, volume);
    const most = Math.max(0, ...heard.values());
    const on = [...heard.keys()].join(", ");
    if (own && most > 1)
      return conflict(
        "UndeclaredResponder",
        `${client.host} sees ${most} servers answer for ${target} on ${on}: unmount ${target} everywhere, then find and stop the other export`,
      );
    // An export of ours that has just died may have answered in an older look: then from this network card.
    const wasHere = mac !== undefined && volume.recorded.server?.mac === mac;
    const device = deviceOf(client.view.snapshot.facts, spec);
    const fromHere = mac !== undefined && device !== undefined && device.macs.length > 0 && isOnly(device.macs, mac);
    // A vblade that is being started answers before its server has been probed again.
    const starting = volume.busy && (device === undefined || isOnly(device.macs, mac));
    const couldBeOurs =
      own ||
      starting ||
      (wasHere && isOlder(client.view.snapshot, server.view.snapshot)) ||
      (fromHere && runsOtherwise);
    if (most > 0 && !couldBeOurs && isOlder(server.view.snapshot, client.view.snapshot)) return older(volume, client);
    if (most > 0 && !couldBeOurs)
      return conflict(
        "UndeclaredResponder",
        `${client.host} sees an undeclared export answer for ${target} on ${on}${device === undefined ? "" : ` from ${device.macs.join(", ")}`}: find that server and stop its export, or choose another shelf and slot`,
      );
    // A client without aoecfg still knows which server it uses: a second server would get half of its writes.
    const held = device?.up === true && device.users.length > 0 && device.macs.length > 0;
    if (!own && held && mac !== undefined && !device.macs.includes(mac))
      return conflict(
        "UndeclaredResponder",
        `${client.host} uses ${target} from ${device.macs.join(", ")} (${device.users.join(", ")}), which is not this server: release ${target} on that host, then stop that export, or choose another shelf and slot`,
      );
    // A client keeps a dead server's address as a path. Where it listened and heard one answer, a second path is only
    // that.
    if (silence(client.view.snapshot.facts, device?.interfaces) === undefined) continue;
    const strangers = device?.macs.filter((one) => one !== mac) ?? [];
    if (own && mac !== undefined && device?.up === true && device.macs.includes(mac) && strangers.length > 0)
      return conflict(
        "UndeclaredResponder",
        `${client.host} sees two servers for ${target}: this one and ${strangers.join(", ")}: unmount ${target} everywhere, then find and stop the other export`,
      );
  }
  return undefined;
}

/** The answer may come from this server, started by an earlier process after the last look. The old conditions stay. */
function older({ server, spec }: VolumeObservation, { host }: { readonly host: string }): Finding {
  const message = `Waiting for another probe of AoeServer ${server.name}, because ${host} sees a server answer for ${targetOf(spec)}`;
  const conditions = ["Conflicted", "Exported", "Attached"].map((type) => unknown(type, "Pending", message));
  return { ...stop(conditions), askServer: true };
}

/**
 * Before the first start one machine must have listened: a client, or for a volume without clients its server, which
 * hears all but its own exports, and has no aoe driver that finds what aoecfg does not hear.
 */
function unheard(volume: VolumeObservation, facts: HostFacts): Finding | undefined {
  const { spec, server } = volume;
  if (server.state !== "Found" || facts.exports.state !== "known") return undefined;
  const netif = interfaceOf(spec, server.spec);
  const exported = lookUp(facts.exports.value, "address", addressText, addressText(spec));
  if (exported.some((one) => isOurs(volume, one) || one.interface === netif)) return undefined;
  const listeners = volume.clients.flatMap((client) =>
    client.state === "Found" && client.listed && !client.isServer ? [client] : [],
  );
  const link = interfaceProblem(facts, netif);
  const segment = segmentOn(server.spec, netif);
  const own = server.spec.interfaces.flatMap((one) => (one.segment === segment ? [one.name] : []));
  const mute = silence(facts, own);
  if (listeners.length === 0 && mute === undefined && link === undefined) return undefined;
  const deaf: string[] = [];
  for (const { host, view, fresh, spec: client } of listeners) {
    if (view.state === "Unreachable") deaf.push(`${host} cannot be reached (${view.reason})`);
    else if (view.state === "Pending" || !fresh) deaf.push(`${host} has not been probed yet`);
    else if (silence(view.snapshot.facts) === undefined) {
      const links = client.aoe.interfaces.map((name) => interfaceProblem(view.snapshot.facts, name));
      if (links.includes(undefined)) return undefined;
      deaf.push(`${host} receives no AoE frames (${links.map((problem) => problem?.message).join(", ")})`);
    } else {
      deaf.push(`${host} cannot check the segment yet (${silence(view.snapshot.facts)})`);
    }
  }
  if (deaf.length === 0) {
    const [why, install] =
      facts.responders.state === "absent"
        ? ["has no aoecfg", "install aoetools on that host, or "]
        : [`cannot check the segment (${link?.message ?? mute})`, ""];
    deaf.push(
      `AoeServer ${server.name} ${why} and the volume lists no client: ${install}add a XenHost on segment ${segment} to spec.clientRefs`,
    );
  }
  const message = `Waiting for a client to check whether another server answers for ${targetOf(spec)}: ${deaf.join(", ")}`;
  return stop([
    unknown("Conflicted", "AddressUnverified", message),
    no("Exported", "AddressUnverified", message),
    no("Attached", "NotExported", "The volume is not exported yet"),
  ]);
}

/**
 * Why a host did not tell all who answer on some of its interfaces, on any by default. Undefined: it did. Where answers
 * were cut off, or aoecfg failed, the unread row shows only the interface; a single odd answer hides no other.
 */
function silence({ responders }: HostFacts, on?: readonly string[]): string | undefined {
  if (responders.state === "known")
    return gapIn(responders, (row) => (on === undefined ? !row.includes(" ") : on.includes(row)));
  return responders.state === "unknown" ? responders.why : "aoecfg is not installed";
}

/**
 * Whether the server hears another one answer on the volume's segment. It never hears itself on the interface that
 * exports, but does on another one of the same segment.
 */
function hearsOther(volume: VolumeObservation, server: AoeServerSpec, facts: HostFacts, own: boolean): boolean {
  const netif = interfaceOf(volume.spec, server);
  const segment = segmentOn(server, netif);
  return [...answers(facts, volume)].some(
    ([name, count]) => name === netif || (segmentOn(server, name) === segment && count > (own ? 1 : 0)),
  );
}

/** Answers for the address, counted by interface. */
function answers(facts: HostFacts, { spec }: VolumeObservation): Map<string, number> {
  const counts = new Map<string, number>();
  if (facts.responders.state !== "known") return counts;
  for (const one of lookUp(facts.responders.value, "address", addressText, addressText(spec)))
    counts.set(one.interface, (counts.get(one.interface) ?? 0) + 1);
  return counts;
}

const isOnly = (macs: readonly string[], mac: string | undefined) => macs.every((one) => one === mac);
const isOlder = (one: { readonly time: number }, other: { readonly time: number }) => one.time < other.time;

/** The MAC address of a network interface; undefined where the host does not report it. */
export function interfaceMac(facts: HostFacts, name: string): string | undefined {
  if (facts.interfaces.state !== "known") return undefined;
  return facts.interfaces.value.find((one) => one.name === name)?.mac;
}

/** The identity of the recorded backing that a person gave up, so that another one may replace it. */
export const givenUp = (volume: Pick<VolumeObservation, "approved">): string | undefined =>
  approvedOf("ReplaceBacking", volume);

/** Whether the backing that a person gave up is there again, or another one has taken its place. */
export function isGivingUpOver(volume: VolumeObservation): boolean {
  const given = givenUp(volume);
  const { server, recorded } = volume;
  if (given === undefined || server.state !== "Found" || !server.fresh) return false;
  const { view } = server;
  if (view.state !== "Reachable") return false;
  const fact = backingFact(volume, view.snapshot.facts);
  if (fact === undefined) return false;
  const known = recorded.backing?.identity;
  return isThere(given, fact) || (known !== undefined && known !== given && isThere(known, fact));
}

/** Whether the backing of this identity is there, of whatever size. */
export const isThere = (identity: string, { kind, lasting }: BackingFact): boolean =>
  kind !== "Missing" && lasting !== "" && isSameBacking(identity, lasting);

/** Compares two lasting identities; a time of birth of 0 is unknown. */
export function isSameBacking(one: string, other: string): boolean {
  if (one === other) return true;
  const [, file, birth] = /^(file:.*):(\d+)$/.exec(one) ?? [];
  const [, otherFile, otherBirth] = /^(file:.*):(\d+)$/.exec(other) ?? [];
  return file !== undefined && file === otherFile && (birth === "0" || otherBirth === "0");
}

/**
 * Reports a backing that is not the one recorded in the status or on the server. It is then neither created, started
 * nor grown.
 */
export function otherThanRecorded(
  volume: VolumeObservation,
  facts: HostFacts,
  fact: BackingFact,
): { readonly reason: Reason; readonly message: string } | undefined {
  const own = facts.exports.state === "known" ? ownExports(volume, facts.exports.value) : [];
  const known = [volume.recorded.backing?.identity ?? "", ...own.map(({ recorded }) => recorded)];
  const broken = known.find(
    (one) =>
      one !== "" &&
      one !== givenUp(volume) &&
      (fact.kind === "Missing" || (fact.lasting !== "" && !isSameBacking(one, fact.lasting))),
  );
  if (broken === undefined) return undefined;
  const wayOut = `restore the recorded backing, or set the annotation xensan.dev/approve=ReplaceBacking:${broken} to accept that it is lost (${countsOnce})`;
  if (fact.kind === "Missing")
    return {
      reason: "BackingMissing",
      message: `${fact.path} does not exist. The recorded backing is ${broken}, and xensan neither creates nor serves another one; ${wayOut}`,
    };
  return {
    reason: "BackingChanged",
    message: `${fact.path} is ${fact.lasting}, but the recorded backing is ${broken}, and xensan does not serve another one; ${wayOut}`,
  };
}
