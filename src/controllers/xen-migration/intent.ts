import { mebibytes } from "../../api/quantity.ts";
import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import { currentFacts, type HostView } from "../hosts/view.ts";
import { unitName } from "./record.ts";
import type { Transfer } from "./transfer.ts";

/** The boots of both hosts in which a migration begins. */
export interface Boots {
  readonly source: string;
  readonly target: string;
}

/** The boot of a host that answers; undefined if it did not report it. */
export function bootOf(view: HostView | undefined): string | undefined {
  const identity = currentFacts(view)?.identity;
  return identity?.state === "known" ? identity.value.bootId : undefined;
}

/** What is recorded before a migration begins, so that a later process knows what may have begun. */
export function intent(
  { source, target, domain, mode }: Transfer,
  operation: string,
  boots: Boots,
  now: number,
): Partial<XenMigrationStatus> {
  return {
    sourceHostRef: { name: source.name },
    targetHostRef: { name: target.name },
    domainUUID: domain.uuid,
    domainName: domain.name,
    memory: mebibytes(domain.memoryMiB),
    operationID: operation,
    ...(mode === "Live"
      ? { unit: unitName(operation) }
      : { offline: { stage: "Stopping", time: rfc3339(now), domainID: domain.id } }),
    sourceBootID: boots.source,
    targetBootID: boots.target,
    startTime: rfc3339(now),
  };
}
