import { clientCommands } from "./client-commands.ts";
import { start } from "./start.ts";

// The single binary: the commands for people. The operator runs from its image.
void start(clientCommands);
