import { createHash } from "node:crypto";
import type { XenDomain } from "../../api/kinds.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { World } from "../world.ts";

/**
 * The UUID of a domain whose spec has none: UUIDv5 of its first image's path in the namespace of the file system's
 * UUID, so that the same manifest, applied again anywhere, finds the same domain. Undefined until that file system is
 * formatted.
 */
export function derivedUuid(
  { stores }: Pick<World, "stores">,
  { metadata: { namespace = "" } }: XenDomain,
  { disks }: XenDomainSpec,
): string | undefined {
  const [first] = disks;
  if (first === undefined) return undefined;
  const { clusterRef, label } = first.filesystemRef;
  const cluster = stores.clusters.get({ namespace, name: clusterRef.name });
  const uuid = cluster?.status?.filesystems?.find((one) => one.label === label)?.uuid;
  return uuid === undefined ? undefined : nameUuid(uuid, first.path);
}

/** UUIDv5 (RFC 9562, section 5.5). `namespace` is a UUID. */
export function nameUuid(namespace: string, name: string): string {
  const hash = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
