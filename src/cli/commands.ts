import { clientCommands } from "./client-commands.ts";
import type { CommandEntry } from "./command.ts";
import { operatorCommand } from "./operator-command.ts";

/** Connects to hosts itself, so it needs the scripts for them, which a single binary does not contain. */
const importCommand: CommandEntry = {
  name: "import",
  summary: "writes manifests for an existing rack",
  load: async () => (await import("./import/import.ts")).importRack,
};

/** Connects to a host itself, with a key that a separate process opens, whose code a single binary does not contain. */
const consoleCommand: CommandEntry = {
  name: "console",
  summary: "opens the console of a running domain",
  load: async () => (await import("./console/console.ts")).consoleOfDomain,
};

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [operatorCommand, importCommand, consoleCommand, ...clientCommands];
