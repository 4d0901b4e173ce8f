import { clientCommands } from "./client-commands.ts";
import type { CommandEntry } from "./command.ts";
import { operatorCommand } from "./operator-command.ts";

/** Asks hosts itself, so it needs the scripts for them, which a single binary does not carry. */
const importCommand: CommandEntry = {
  name: "import",
  summary: "writes manifests for an existing rack",
  load: async () => (await import("./import/import.ts")).importRack,
};

/** Goes to a host itself, with a key that a process of its own opens, which a single binary does not carry. */
const consoleCommand: CommandEntry = {
  name: "console",
  summary: "opens the console of a running domain",
  load: async () => (await import("./console/console.ts")).consoleOfDomain,
};

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [operatorCommand, importCommand, consoleCommand, ...clientCommands];
