import type { Clock } from "../../clock.ts";

/** A random UUID (RFC 9562, version 4), lower case; from the run's seed in a simulation. */
export function randomUuid({ random }: Pick<Clock, "random">): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16));
  digits[12] = 4;
  digits[16] = 8 + ((digits[16] ?? 0) % 4);
  const text = digits.map((digit) => digit.toString(16)).join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
