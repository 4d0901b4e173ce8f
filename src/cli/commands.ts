import { clientCommands } from "./client-commands.ts";
import type { CommandEntry } from "./command.ts";
import { operatorCommand } from "./operator-command.ts";

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [operatorCommand, ...clientCommands];
