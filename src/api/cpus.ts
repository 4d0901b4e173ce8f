/** One part of a list of processors, `3`, `0-7` or `^1`. */
interface CpuRange {
  readonly first: number;
  readonly last: number;
  readonly leftOut: boolean;
}

/** The parts of a list of processors, in the form of `cpus` in xl.cfg(5). */
export function cpuRanges(text: string): readonly CpuRange[] {
  return text.split(",").map((part) => {
    const [first = "", last = first] = part.replace("^", "").split("-");
    return { first: Number(first), last: Number(last), leftOut: part.startsWith("^") };
  });
}

/** The highest processor of a list, excluding the processors that the list removes again. */
export function highestCpu(text: string): number {
  const ranges = cpuRanges(text);
  const without = ranges.filter(({ leftOut }) => leftOut);
  const highest = ranges
    .filter(({ leftOut }) => !leftOut)
    .map(({ first, last }) => {
      let cpu = last;
      while (cpu >= first && without.some((one) => one.first <= cpu && cpu <= one.last)) cpu -= 1;
      return cpu < first ? -1 : cpu;
    });
  return Math.max(...highest);
}
