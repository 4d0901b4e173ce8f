import { currentFacts } from "../hosts/view.ts";
import { memoryFor } from "../memory.ts";
import { describeProblems, preflight } from "./preflight.ts";
import type { HostSheet, Problem, Transfer } from "./transfer.ts";

/** The target that was chosen, or why there is none. */
export type TargetChoice =
  | { readonly kind: "Chosen"; readonly target: HostSheet; readonly reasons: readonly string[] }
  /** `problems`: those of the only candidate, otherwise NoTarget. */
  | { readonly kind: "None"; readonly problems: readonly Problem[]; readonly reasons: readonly string[] };

/**
 * Chooses a target where the spec names none: of the hosts that pass every check the one with the most free memory;
 * hosts to which another domain moves already come last.
 */
export function chooseTarget(
  move: Omit<Transfer, "target">,
  candidates: readonly HostSheet[],
  isOpen: (host: HostSheet) => boolean,
): TargetChoice {
  const others = candidates
    .filter(({ name }) => name !== move.source.name)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const judged = others.map((target) => ({ target, problems: preflight({ ...move, target }) }));
  const fitting = judged
    .filter(({ problems }) => problems.length === 0)
    .map(({ target }) => ({ target, open: isOpen(target), free: freeMiB(target) }))
    .sort((a, b) => Number(b.open) - Number(a.open) || b.free - a.free || (a.target.name < b.target.name ? -1 : 1));
  const [best] = fitting;
  const reasons = judged.map(({ target, problems }) => {
    if (problems.length > 0)
      return `${target.name}: ${problems.map(({ reason, message }) => `${reason}: ${message}`).join("; ")}`;
    const busy = isOpen(target) ? "" : ", another domain is moving there";
    return `${target.name}: fits, ${freeMiB(target)} MiB free${busy}${target === best?.target ? ", chosen" : ""}`;
  });
  if (best !== undefined) return { kind: "Chosen", target: best.target, reasons };
  const [only] = judged;
  const problems: readonly Problem[] =
    only !== undefined && judged.length === 1
      ? only.problems
      : [
          {
            reason: "NoTarget",
            message:
              judged.length === 0
                ? `No XenHost other than ${move.source.name} exists`
                : `No XenHost fits. ${judged.map((one) => `${one.target.name}: ${describeProblems(one.problems)}`).join(". ")}`,
          },
        ];
  return { kind: "None", problems, reasons };
}

function freeMiB({ view }: HostSheet): number {
  const toolstack = currentFacts(view)?.toolstack;
  return toolstack?.state === "known" ? (memoryFor(toolstack.value) ?? 0) : 0;
}
