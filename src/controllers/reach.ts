import { no, type ReasonedUpdate, unknown, yes } from "./finding.ts";
import { advice } from "./hosts/step.ts";
import type { HostView } from "./hosts/view.ts";

/** The condition Reachable of a host. */
export function reachable(view: HostView, address: string): ReasonedUpdate {
  switch (view.state) {
    case "Pending":
      return unknown("Reachable", "Pending", `Waiting for the first answer from ${address}`);
    case "Reachable":
      return yes("Reachable", "Reachable", `${address} answers`);
    case "Unreachable":
      return no("Reachable", view.reason, `${view.message}${advice(view.reason)}`);
  }
}
