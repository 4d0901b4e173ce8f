export interface TimedCommand {
  readonly host: string;
  readonly script: string;
  /** Milliseconds on one clock. */
  readonly start: number;
  readonly end: number;
}

/**
 * The chain of commands that leads to `finish`: the last one to end by then, before it the last one that had ended when
 * it began, and so on. Time outside the chain is spent by the operator: it computes, waits or writes.
 */
export function criticalPath(commands: readonly TimedCommand[], finish: number): TimedCommand[] {
  const chain: TimedCommand[] = [];
  let before = finish;
  for (;;) {
    const [last] = commands
      .filter(({ end, start }) => end <= before && start < before && !chain.some((one) => one.start === start))
      .sort((one, other) => other.end - one.end);
    if (last === undefined) return chain;
    chain.unshift(last);
    before = last.start;
  }
}

export const durationOf = (chain: readonly TimedCommand[]) =>
  chain.reduce((sum, { start, end }) => sum + end - start, 0);
