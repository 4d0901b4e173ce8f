import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { ownedProcessSchema } from "./owned-process.ts";
import { LabError } from "./places.ts";

/** The present state of a rack, for other processes: its processes, and how to reach them. */
const stateSchema = z.strictObject({
  rackFile: z.string(),
  imageKey: z.string(),
  /** The directory of the saved states it starts from; absent: it boots. */
  clean: z.string().optional(),
  namespace: z.string(),
  machines: z.record(
    z.string(),
    z.strictObject({
      sshPort: z.int(),
      taps: z.array(z.string()),
      /** Absent while it is switched off. */
      process: ownedProcessSchema.optional(),
    }),
  ),
});
export type RackState = z.infer<typeof stateSchema>;

const fileIn = (directory: string) => path.join(directory, "state.json");

export function readState(directory: string): RackState | undefined {
  let text: string;
  try {
    text = readFileSync(fileIn(directory), "utf8");
  } catch {
    return undefined;
  }
  const parsed = stateSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new LabError(`${fileIn(directory)} is not of this version: ${parsed.error.message}`);
  return parsed.data;
}

/** Atomically: machines that start at the same time must not lose each other's lines. */
export function writeState(directory: string, state: RackState): void {
  mkdirSync(directory, { recursive: true });
  const draft = `${fileIn(directory)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(draft, fileIn(directory));
}

export function removeState(directory: string): void {
  rmSync(fileIn(directory), { force: true });
}
