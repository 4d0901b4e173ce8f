/** What may be written into cluster.conf, fstab and the command lines of ocfs2-tools. Each function returns its text or throws. */

import type { RegionRequest } from "./ocfs2-actions.ts";
import type { O2cbNode, O2cbTimeouts } from "./ocfs2-facts.ts";
import { InvalidValue, matching, whole } from "./values.ts";

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

/** A name, number or address that two nodes share is accepted by ocfs2-tools and splits the cluster. */
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

export function filesystemLabel(value: string): string {
  return matching("label", value, /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "1 to 63 letters, digits and . _ -");
}

export function nodeSlots(value: number): string {
  return whole("nodeSlots", value, 1, 255);
}

/** A power of two, or `-` for what mkfs.ocfs2 chooses. */
export function powerOfTwo(field: string, value: number | undefined, min: number, max: number): string {
  if (value === undefined) return "-";
  const text = whole(field, value, min, max);
  if (Number.isInteger(Math.log2(value))) return text;
  throw new InvalidValue(field, value, "a power of two");
}

/** Of one node slot; `-` for what mkfs.ocfs2 chooses. */
export function journalSize(value: number | undefined): string {
  return value === undefined ? "-" : whole("journalSize", value, 4 * 2 ** 20, 2 ** 40);
}

/** A comma separated list, `-` for none. _netdev is always there, and says nothing twice. */
export function mountOptions(options: readonly string[]): string {
  const accepted = "a mount option like noatime or commit=30, but not localflocks, heartbeat= or bind";
  const checked = options.map((option) => {
    // Locks and heartbeats belong to the whole cluster; what binds or moves is no mount of a device.
    if (/^(localflocks|heartbeat(=.*)?|r?bind|move|loop(=.*)?|noauto|user|users|owner|group)$/.test(option)) {
      throw new InvalidValue("mountOptions", option, accepted);
    }
    return matching("mountOptions", option, /^[a-z0-9_.-]+(=[A-Za-z0-9_.:-]+)?$/, accepted);
  });
  const own = checked.filter((option) => option !== "_netdev");
  return own.length === 0 ? "-" : own.join(",");
}

/** Short host name of a server, as an AoE serial number holds it. */
export function serverName(value: string): string {
  return matching("server", value, /^[A-Za-z0-9]([A-Za-z0-9-]{0,62})$/, "a short host name");
}
