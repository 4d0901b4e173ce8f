import type { AoeServer } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";

/** Why a deleted server stays: volumes refer to it. `volumes`: their names. */
export function blockerOf(
  server: AoeServer,
  volumes: readonly string[],
): { readonly reason: Reason; readonly message: string } | undefined {
  if (volumes.length === 0) return undefined;
  const named = volumes.slice(0, 10).join(", ");
  const more = volumes.length > 10 ? ` and ${volumes.length - 10} more` : "";
  return {
    reason: "ReferencedByVolumes",
    message: `AoeVolumes reference this AoeServer: ${named}${more}. Delete them first, or set the annotation xensan.dev/abandon=${server.metadata.name} to remove this object and leave its exports running`,
  };
}

/** What abandoning leaves on the machine, for the event. */
export const whatIsLeft = ({ metadata }: AoeServer): string => `The exports of AoeServer ${metadata.name} keep running`;
