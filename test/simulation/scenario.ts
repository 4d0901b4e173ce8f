import type { KubeObject } from "../../src/runtime/kube-api.ts";
import type { RackFile } from "../../src/sim/rack-file.ts";
import type { Stage } from "./stage.ts";
import type { Random } from "./world/random.ts";

/** A rack, what people ask of it, and what must have become of it in the end. */
export interface Scenario {
  readonly name: string;
  readonly says: string;
  /** Its part of all seeds, 0 to 1. */
  readonly share: number;
  readonly rack: () => RackFile;
  /** What stands in the API at the beginning, or comes in the first seconds, in any order. */
  readonly manifests: () => readonly KubeObject[];
  /** What people do while the storm goes on: each is done at most once, at a random time, in this order. */
  readonly edits?: readonly Edit[];
  /** What other people do to the machines before xensan comes. */
  readonly prepare?: (stage: Stage) => void;
  /** Why the world is not yet as it must be in the end; empty when it is. `done` names the edits that were made. */
  readonly missing: (stage: Stage, done: ReadonlySet<string>) => string[];
}

export interface Edit {
  readonly name: string;
  readonly act: (stage: Stage, random: Random) => void;
}
