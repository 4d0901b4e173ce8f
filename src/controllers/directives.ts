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
  /** The boot of a XenHost's machine that a person said has ended. */
  readonly forgotten: string | undefined;
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

/** True if an annotation suspends every change on hosts. */
export const suspends = ({ paused, dryRun }: Pick<Directives, "paused" | "dryRun">): boolean => paused || dryRun;

/** Reads the annotations of an object. */
export function directivesOf({ name, annotations: given = {} }: Metadata): Directives {
  return {
    paused: isSet(given[annotations.paused]),
    dryRun: isSet(given[annotations.dryRun]),
    abandoned: given[annotations.abandon] === name,
    approved: given[annotations.approve],
    forgotten: given[annotations.forget],
    reconcileAt: given[annotations.reconcileAt],
  };
}
