import type { CommandEntry } from "./command.ts";

/** The operator itself, the only command in its image. */
export const operatorCommand: CommandEntry = {
  name: "run",
  summary: "runs the operator",
  load: async () => (await import("./run.ts")).run,
};
