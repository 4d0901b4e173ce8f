import { annotations, isSet } from "../api/common.ts";
import type { Metadata } from "../api/kinds.ts";

/** What the annotations of an object tell the operator to do. */
export interface Directives {
  /** Change nothing on hosts. */
  readonly paused: boolean;
  /** Report what would be done, and do none of it. */
  readonly dryRun: boolean;
  /** Release a deleted object although its clean-up cannot be done. */
  readonly abandoned: boolean;
  /** The action with a loss that a person has approved. */
  readonly approved: string | undefined;
  /**
   * Boots of a XenHost's machine that a person said have ended: first the one that the status names, without which the
   * others do not count.
   */
  readonly forgotten: readonly string[];
  /** A new value requests a look at the hosts now. */
  readonly reconcileAt: string | undefined;
}

/** What a person can approve. In the annotation a colon and the approved thing follow: `Machine:ID`. */
type Approval = "Claim" | "DestroySource" | "FormatElsewhere" | "Machine" | "ReplaceBacking" | "ReplaceImage";

/** The thing for which this approval was given; undefined when it was not given. */
export function approvedOf(approval: Approval, { approved }: Pick<Directives, "approved">): string | undefined {
  const start = `${approval}:`;
  return approved?.startsWith(start) === true ? approved.slice(start.length) : undefined;
}

/** The part of a status that says which approval no longer counts. */
interface Approvable {
  endedApproval?: string | undefined;
}

/** The approval that counts: one that has ended counts again only after its annotation was removed. */
export function approvalThatCounts({
  metadata,
  status,
}: {
  readonly metadata: Metadata;
  readonly status?: Approvable | undefined;
}): string | undefined {
  const given = metadata.annotations?.[annotations.approve];
  return given === status?.endedApproval ? undefined : given;
}

/**
 * Records that an approval has ended: an annotation stays, in the cluster or in git, and must not count later, when the
 * same thing is lost for another reason.
 */
export function endApproval(status: Approvable, { approved }: Pick<Directives, "approved">, ended: boolean): void {
  if (approved !== status.endedApproval) delete status.endedApproval;
  if (approved !== undefined && ended && approved.length <= 1024) status.endedApproval = approved;
}

/** For messages that ask for an approval. */
export const countsOnce = "an approval counts once: first remove one of the same value";

/** True if an annotation suspends every change on hosts. */
export const suspends = ({ paused, dryRun }: Pick<Directives, "paused" | "dryRun">): boolean => paused || dryRun;

/** The boot ids in a value of `xensan.dev/forget`. */
const bootsIn = (value = ""): string[] => value.split(/\s+/).filter((boot) => boot !== "");

/** Reads the annotations of an object. */
export function directivesOf({ name, annotations: given = {} }: Metadata): Directives {
  return {
    paused: isSet(given[annotations.paused]),
    dryRun: isSet(given[annotations.dryRun]),
    abandoned: given[annotations.abandon] === name,
    approved: given[annotations.approve],
    forgotten: bootsIn(given[annotations.forget]),
    reconcileAt: given[annotations.reconcileAt],
  };
}
