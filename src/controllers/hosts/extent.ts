import type { ScriptName } from "../../host/scripts.ts";
import type { Step } from "./step.ts";

/** What a probe covers: everything, or everything but the responders on the AoE segments, which alone take a second. */
export type Extent = "All" | "WithoutSegments";

/** Scripts that change who answers on an AoE segment, or whether the host hears the answers. */
const ofSegments: ReadonlySet<string> = new Set<ScriptName>([
  "install-packages",
  "interface-up",
  "ensure-export",
  "remove-export",
  "prepare-initiator",
  "discover",
  "revalidate",
]);

/** The extent of a probe that shows the effect of these steps. */
export const extentAfter = (steps: readonly Step[]): Extent =>
  steps.some(({ action }) => ofSegments.has(action)) ? "All" : "WithoutSegments";
