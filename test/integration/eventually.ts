import { setTimeout as sleep } from "node:timers/promises";

/** Polls until `holds`; rejects after so many seconds. For changes without an event. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinSeconds = 60,
): Promise<void> {
  const deadline = performance.now() + withinSeconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinSeconds} s: ${what}`);
    await sleep(50);
  }
}
