import type { CommandEntry } from "./command.ts";

/** The operator itself: all that its image can do. */
export const operatorCommand: CommandEntry = {
  name: "run",
  summary: "runs the operator",
  load: async () => (await import("./run.ts")).run,
};
