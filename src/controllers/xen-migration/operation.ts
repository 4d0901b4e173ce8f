import { z } from "zod";
import type { XenMigrationSpec } from "../../api/xen-migration.ts";
import { nameUuid } from "../xen-domain/derived-uuid.ts";

// Xen takes any UUID, also one without the version and variant of RFC 9562.
const namespaceSchema = z.guid();

/**
 * The id of the operation that a XenMigration requests: UUIDv5 of its namespace and name, its mode and its hosts, in
 * the namespace of the domain's UUID. An object restored from a backup or a git repository has another uid and no
 * status, and requests the same operation. `uuid`: of the domain, as Xen reports it.
 */
export function operationOf(
  { namespace = "", name }: { readonly namespace?: string; readonly name: string },
  { mode, sourceHostRef, targetHostRef }: Pick<XenMigrationSpec, "mode" | "sourceHostRef" | "targetHostRef">,
  uuid: string,
): string {
  const words = [namespace, name, mode, sourceHostRef?.name ?? "", targetHostRef?.name ?? ""];
  return nameUuid(namespaceSchema.parse(uuid), words.join("/"));
}
