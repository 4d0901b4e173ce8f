import type { Host, World } from "./model/state.ts";

/**
 * A script on a host, as the rack runs it: a generator that changes the model and yields how many milliseconds pass
 * before it goes on. Everything else on the rack happens between two steps.
 */
export type Responder = (run: ScriptRun) => Generator<number, number>;

/** What a simulated script may use: the world, its host, its arguments and its output. */
export interface ScriptRun {
  readonly world: World;
  readonly host: Host;
  readonly args: readonly string[];
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** flock -n: whether it got the lock; all locks are released when the script ends. */
  readonly lock: (path: string) => boolean;
}
