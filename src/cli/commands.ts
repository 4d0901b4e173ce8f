import { clientCommands } from "./client-commands.ts";
import type { CommandEntry } from "./command.ts";
import { operatorCommand } from "./operator-command.ts";

/** Asks hosts itself, so it needs the scripts for them, which a single binary does not carry. */
const importCommand: CommandEntry = {
  name: "import",
  summary: "writes manifests for an existing rack",
  load: async () => (await import("./import/import.ts")).importRack,
};

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [operatorCommand, importCommand, ...clientCommands];
