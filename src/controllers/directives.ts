import { annotations, isSet } from "../api/common.ts";
import type { Metadata } from "../api/kinds.ts";

/** What the annotations of an object tell the operator. */
export interface Directives {
  /** Change nothing on hosts. */
  readonly paused: boolean;
  /** Say what would be done, do none of it. */
  readonly dryRun: boolean;
  /** Release a deleted object although its clean-up cannot be done. */
  readonly abandoned: boolean;
  /** What a person has allowed that loses something. */
  readonly approved: string | undefined;
  /** The boot of a XenHost's machine that a person said has ended. */
  readonly forgotten: string | undefined;
  /** A new value asks for a look at the hosts now. */
  readonly reconcileAt: string | undefined;
}

/** What a person can approve, in the annotation before a colon and what it is approved of: `Machine:ID`. */
type Approval = "Claim" | "DestroySource" | "FormatElsewhere" | "Machine" | "ReplaceBacking" | "ReplaceImage";

/** Of what this was approved; undefined when it was not. */
export function approvedOf(approval: Approval, { approved }: Pick<Directives, "approved">): string | undefined {
  const start = `${approval}:`;
  return approved?.startsWith(start) === true ? approved.slice(start.length) : undefined;
}

/** Reads the annotations of an object; those that are not set tell nothing. */
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
