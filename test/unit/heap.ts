import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** Bytes of the heap that are in use after a collection of garbage. */
export function bytesInUse(): number {
  if (typeof collectGarbage === "function") collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** The text as it is in an answer of so many bytes: a part of a string, which keeps the whole in memory. */
export const partOfAnswer = (text: string, bytes: number): string => `${"x".repeat(bytes)}${text}`.slice(bytes);
