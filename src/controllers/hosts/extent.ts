import type { ScriptName } from "../../host/scripts.ts";
import type { Step } from "./step.ts";

/** What a look is for: everything, or everything but who answers on the AoE segments, which alone takes a second. */
export type Extent = "All" | "WithoutSegments";

/** Scripts that change who answers on an AoE segment, or whether the host hears it. */
const ofSegments: ReadonlySet<string> = new Set<ScriptName>([
  "install-packages",
  "interface-up",
  "ensure-export",
  "remove-export",
  "prepare-initiator",
  "discover",
  "revalidate",
]);

/** What a look has to be for that shows what these steps did. */
export const extentAfter = (steps: readonly Step[]): Extent =>
  steps.some(({ action }) => ofSegments.has(action)) ? "All" : "WithoutSegments";
