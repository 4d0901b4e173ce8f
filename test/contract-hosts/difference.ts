import type { Recording } from "./recording.ts";

/**
 * Where two normalised recordings of one life differ: one paragraph per answer, with the lines that only one of them
 * has. Empty when they are equal.
 */
export function differences(real: Recording, simulated: Recording): string[] {
  return real.flatMap((answer, index) => {
    const other = simulated[index];
    if (other === undefined) return [`step ${index}: ${answer.host} ${answer.script}: the rack has no answer`];
    const [mine, theirs] = [linesOf(answer), linesOf(other)];
    const only = (a: readonly string[], b: readonly string[]) => a.filter((line) => !b.includes(line));
    const lines = [
      ...only(mine, theirs).map((line) => `  real  ${JSON.stringify(line)}`),
      ...only(theirs, mine).map((line) => `  rack  ${JSON.stringify(line)}`),
    ];
    if (lines.length === 0 && mine.join() !== theirs.join()) lines.push("  the same lines in another order");
    const what = `step ${index}: ${answer.host} ${answer.script} ${answer.args.join(" ")}`;
    return lines.length === 0 ? [] : [[what, ...lines].join("\n")];
  });
}

const linesOf = ({ exitCode, stdout }: Recording[number]) => [`exit ${exitCode}`, ...stdout.split("\n")];
