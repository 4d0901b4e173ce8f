import type { Script } from "../ssh/host-session.ts";
import type { RefusalReason } from "./refusals.ts";

/** A script with its arguments: one side effect on one host, as a value that can be printed, compared and run. */
export interface HostCommand {
  readonly script: Script;
  readonly args: readonly string[];
  readonly timeoutSeconds: number;
  /** Limit for stdout and for stderr, each; undefined for the default limit of every command. */
  readonly maxOutputBytes?: number;
  /** For people: what is true afterwards. */
  readonly ensures: string;
}

/**
 * How an acting script ended. Scripts print `refused<TAB>Reason<TAB>message` and exit 3 when a precondition does not
 * hold, `busy<TAB>message` and exit 4 when they did not get their lock; they print `done<TAB>detail` and exit 0
 * otherwise.
 */
export type Outcome =
  | { readonly kind: "done"; readonly detail: string }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly message: string }
  | { readonly kind: "busy"; readonly message: string }
  | { readonly kind: "failed"; readonly exitCode: number; readonly message: string };
