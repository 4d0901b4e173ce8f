/** The first wait and the longest one, in milliseconds. */
export interface BackoffPolicy {
  readonly baseMilliseconds: number;
  readonly maxMilliseconds: number;
}

/** The wait after the `failures`-th consecutive failure (from 1): doubled each time, the upper half at random. */
export function backoffMilliseconds(policy: BackoffPolicy, failures: number, random: number): number {
  const ceiling = Math.min(policy.maxMilliseconds, policy.baseMilliseconds * 2 ** Math.min(failures - 1, 30));
  return ceiling / 2 + (random * ceiling) / 2;
}
