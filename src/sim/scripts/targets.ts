import type { ScriptRun } from "../script.ts";
import { row } from "./answer.ts";

/** target_of: the AoE device that is at this path, or of which a partition is. */
export const targetOf = (path: string): string => path.replace(/^.*etherd\//, "").replace(/p[0-9]+$/, "");

/** targets_asked: the AoE devices that a probe was asked for, by names and paths. */
export const targetsAsked = (asked: readonly string[]): ReadonlySet<string> => new Set(asked.map(targetOf));

const mostIdle = 1000;

/** Without those that are neither asked for nor in use beyond a bound; `left`: some are left out. */
export function withoutIdle<T>(things: readonly T[], isWanted: (thing: T) => boolean): { told: T[]; left: boolean } {
  let idle = 0;
  const told = things.filter((thing) => isWanted(thing) || ++idle <= mostIdle);
  return { told, left: idle > mostIdle };
}

/** told_idle */
export function toldIdle(run: ScriptRun, section: string, what: string): void {
  row(run, section, "?", `more than ${mostIdle} ${what} that are neither asked for nor in use`, "others");
}
