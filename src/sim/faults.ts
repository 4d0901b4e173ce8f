import type { Host, World } from "./model/state.ts";

/** What can go wrong between the operator and a script, and on the host while it runs. */
export type Fault =
  /** The connection is refused and nothing runs. */
  | { readonly kind: "Refuse" }
  /** The connection is cut. A script that has started keeps running. */
  | { readonly kind: "Drop" }
  | { readonly kind: "Delay"; readonly ms: number }
  /** The host neither answers nor closes, so the client's timeout decides. A script that has started keeps running. */
  | { readonly kind: "Hang" }
  /** Only the first bytes of stdout come back, with the script's exit code. */
  | { readonly kind: "Truncate"; readonly bytes: number }
  | { readonly kind: "ExitCode"; readonly exitCode: number }
  | { readonly kind: "Garbage" }
  | { readonly kind: "Flood"; readonly bytes: number }
  /** Something happens to the host or the rack at this moment. */
  | { readonly kind: "Event"; readonly name: string; readonly act: (world: World, host: Host) => void };

/** A moment at which a fault can occur. */
export interface FaultPoint {
  readonly host: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Connect: before the script starts. Step N: before its step N, counted from 0. End: after it has ended. */
  readonly at: "Connect" | "Step" | "End";
  readonly step: number;
}

/** Decides at each point of a script whether a fault occurs there. */
export type FaultSource = (point: FaultPoint) => Fault | undefined;

/** A fault and the points at which it occurs; an omitted field matches everything. */
export interface PlannedFault {
  readonly fault: Fault;
  readonly host?: string;
  readonly script?: string;
  readonly at?: FaultPoint["at"];
  readonly step?: number;
  /** How many matching points it skips first (default 0), and how often it occurs then (default once). */
  readonly after?: number;
  readonly times?: number;
}

/** Faults planned by hand; each occurs `times` times. */
export function plannedFaults(plans: readonly PlannedFault[]): FaultSource {
  const left = plans.map((plan) => ({ plan, skip: plan.after ?? 0, times: plan.times ?? 1 }));
  return (point) => {
    for (const entry of left) {
      const { plan } = entry;
      if (entry.times <= 0) continue;
      if (plan.host !== undefined && plan.host !== point.host) continue;
      if (plan.script !== undefined && plan.script !== point.script) continue;
      if ((plan.at ?? "Connect") !== point.at) continue;
      if (plan.step !== undefined && plan.step !== point.step) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.times -= 1;
      return plan.fault;
    }
    return undefined;
  };
}

/** A stream of numbers in [0, 1) that depends only on the seed. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** At every point, with this probability, one fault of the list, evenly chosen; none after `limit` faults. */
export function seededFaults(
  seed: number,
  options: { readonly probability: number; readonly faults: readonly Fault[]; readonly limit?: number },
): FaultSource {
  const random = seededRandom(seed);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  return () => {
    const strikes = random() < options.probability;
    const choice = options.faults[Math.floor(random() * options.faults.length)];
    if (!strikes || left <= 0) return undefined;
    left -= 1;
    return choice;
  };
}

/** Bytes that no parser should accept and no terminal should print. */
export const garbage = "\u0000\u0001\ufffd\u001b[31m%s$(reboot)\n\tknown\tknown\t\\011\nend\n";
