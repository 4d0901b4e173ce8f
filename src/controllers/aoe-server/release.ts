import type { AoeServer } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import { volumesOn } from "../aoe-volume/watches.ts";
import type { Stores } from "../world.ts";

/** Why a deleted server stays: volumes refer to it. */
export function blockerOf(
  stores: Stores,
  server: AoeServer,
): { readonly reason: Reason; readonly message: string } | undefined {
  const volumes = volumesOn(stores, keyOf(server)).map(({ metadata }) => metadata.name);
  if (volumes.length === 0) return undefined;
  const named = volumes.sort().slice(0, 10).join(", ");
  const more = volumes.length > 10 ? ` and ${volumes.length - 10} more` : "";
  return {
    reason: "ReferencedByVolumes",
    message: `AoeVolumes refer to it: ${named}${more}. Delete them first, or set the annotation xensan.dev/abandon=${server.metadata.name} to let go of it and leave its exports running`,
  };
}

/** What abandoning leaves on the machine, for the event. */
export const whatIsLeft = ({ metadata }: AoeServer): string => `The exports of AoeServer ${metadata.name} keep running`;
