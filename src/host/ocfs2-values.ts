/** Values for cluster.conf, fstab and the command lines of ocfs2-tools. Each function returns its text or throws. */

import type { O2cbNode, O2cbTimeouts } from "./ocfs2-facts.ts";
import { InvalidValue, matching, whole } from "./values.ts";

/** A file system to which every node of a global heartbeat writes, mounted or not. */
export interface RegionRequest {
  /** Lower case with hyphens. */
  readonly uuid: string;
  /** /dev/etherd/e0.1; undefined if unknown: then only a region to which the host writes already is accepted. */
  readonly device: string | undefined;
}

/** Name of an O2CB cluster, or {@link InvalidValue}. o2cb accepts letters and digits only. */
export function clusterName(value: string): string {
  return matching("cluster", value, /^[A-Za-z0-9]{1,16}$/, "1 to 16 letters and digits");
}

/** `node=NUMBER:NAME:ADDRESS:PORT` */
export function nodeArgument(node: O2cbNode): string {
  const number = whole("number", node.number, 0, 254);
  const name = matching("name", node.name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, "a short host name");
  const octet = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
  const address = matching("address", node.address, new RegExp(`^${octet}(\\.${octet}){3}$`), "an IPv4 address");
  // The kernel refuses 65535.
  return `node=${number}:${name}:${address}:${whole("port", node.port, 1, 65534)}`;
}

/** ocfs2-tools accept nodes that share a name, number or address, and such nodes split the cluster. */
export function nodeArguments(nodes: readonly O2cbNode[]): readonly string[] {
  if (nodes.length === 0) throw new InvalidValue("nodes", [], "at least one node");
  for (const key of ["number", "name", "address"] as const) {
    const values = nodes.map((node) => String(node[key]).toLowerCase());
    if (new Set(values).size !== values.length) throw new InvalidValue("nodes", values, `nodes with one ${key} each`);
  }
  return nodes.toSorted((a, b) => a.number - b.number).map(nodeArgument);
}

/** `region=UUID:DEVICE`, the UUID as in cluster.conf: 32 upper-case hexadecimal digits. */
export function regionArguments(regions: readonly RegionRequest[]): readonly string[] {
  if (regions.length > 32) throw new InvalidValue("regions", regions.length, "at most 32 regions");
  return regions.map(({ uuid, device }) => {
    const region = `region=${filesystemUuid(uuid).replaceAll("-", "").toUpperCase()}`;
    return device === undefined ? region : `${region}:${aoeDevice(device)}`;
  });
}

function aoeDevice(value: string): string {
  return matching("device", value, /^\/dev\/etherd\/e\d{1,5}\.\d{1,3}$/, "an AoE device, /dev/etherd/eSHELF.SLOT");
}

/** THRESHOLD IDLE KEEPALIVE RECONNECT */
export function timeoutArguments(timeouts: O2cbTimeouts): readonly string[] {
  const { heartbeatThreshold, idleMilliseconds, keepaliveMilliseconds, reconnectMilliseconds } = timeouts;
  if (idleMilliseconds <= keepaliveMilliseconds) {
    throw new InvalidValue(
      "idleMilliseconds",
      idleMilliseconds,
      `more than keepaliveMilliseconds, ${keepaliveMilliseconds}`,
    );
  }
  return [
    whole("heartbeatThreshold", heartbeatThreshold, 7, 1_000_000),
    whole("idleMilliseconds", idleMilliseconds, 5000, 2 ** 31 - 1),
    whole("keepaliveMilliseconds", keepaliveMilliseconds, 1000, 2 ** 31 - 1),
    whole("reconnectMilliseconds", reconnectMilliseconds, 2000, 2 ** 31 - 1),
  ];
}

/** Lower case with hyphens. */
export function filesystemUuid(value: string): string {
  const accepted = "a UUID, 8-4-4-4-12 lower-case hexadecimal digits";
  return matching("uuid", value, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, accepted);
}

/** Volume label for mkfs.ocfs2, which keeps 64 bytes, the last one zero. */
export function filesystemLabel(value: string): string {
  return matching("label", value, /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "1 to 63 letters, digits and . _ -");
}

/** Node slots of a file system, 1 to 255 as OCFS2 has them. */
export function nodeSlots(value: number): string {
  return whole("nodeSlots", value, 1, 255);
}

/** A power of two, or `-` for the choice of mkfs.ocfs2. */
export function powerOfTwo(field: string, value: number | undefined, min: number, max: number): string {
  if (value === undefined) return "-";
  const text = whole(field, value, min, max);
  if (Number.isInteger(Math.log2(value))) return text;
  throw new InvalidValue(field, value, "a power of two");
}

/** Journal size of one node slot; `-` for the choice of mkfs.ocfs2. */
export function journalSize(value: number | undefined): string {
  return value === undefined ? "-" : whole("journalSize", value, 4 * 2 ** 20, 2 ** 40);
}

const mountOption =
  /^((no)?(atime|suid|dev|exec|acl|user_xattr|intr)|nodiratime|relatime|ro|rw|sync|dirsync|inode64|usrquota|grpquota|data=(ordered|writeback)|coherency=(full|buffered)|errors=remount-ro|barrier=[01]|(commit|atime_quantum|localalloc|resv_level|dir_resv_level)=[0-9]{1,6})$/;

/** Options that let files of a shared file system harm the host; each is off unless it is requested and allowed. */
const harmful = ["suid", "dev", "exec"];

/**
 * Options with which a file system is mounted besides _netdev: nosuid, nodev and noexec, each unless its opposite is
 * requested, then the rest. The list of accepted options is closed: systemd, mount(8) and the kernel know too many
 * options that do more.
 */
export function effectiveMountOptions(options: readonly string[]): readonly string[] {
  const safe = harmful.filter((word) => !options.includes(word)).map((word) => `no${word}`);
  return [...safe, ...options.filter((option) => option !== "_netdev" && !safe.includes(option))];
}

/** The options that the owner of a host has to allow and does not. */
export function mountOptionsOutside(options: readonly string[], allowed: readonly string[]): readonly string[] {
  return options.filter((option) => harmful.includes(option) && !allowed.includes(option));
}

/** Whether a mount with these flags permits or forbids suid, dev or exec differently from the options. */
export function isMountedOtherwise(options: readonly string[], flags: readonly string[]): boolean {
  return harmful.some((word) => options.includes(word) === flags.includes(`no${word}`));
}

/**
 * A comma separated list of {@link effectiveMountOptions}, `-` for none. Throws InvalidValue for an option that is not
 * on the list.
 */
export function mountOptions(options: readonly string[]): string {
  const accepted = "a mount option that shared file systems may have, like noatime or commit=30";
  const own = effectiveMountOptions(options).map((option) => matching("mountOptions", option, mountOption, accepted));
  return own.length === 0 ? "-" : own.join(",");
}

/** The harmful options that the owner of the host allows, as arguments `option=exec`. */
export function allowedMountOptions(options: readonly string[]): readonly string[] {
  return options.map(
    (option) => `option=${matching("allowedMountOptions", option, /^(suid|dev|exec)$/, "suid, dev or exec")}`,
  );
}

/** Short host name of a server, as in an AoE serial number. */
export function serverName(value: string): string {
  return matching("server", value, /^[A-Za-z0-9]([A-Za-z0-9-]{0,62})$/, "a short host name");
}
