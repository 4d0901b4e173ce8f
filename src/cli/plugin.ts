import { clientCommands } from "./client-commands.ts";
import { start } from "./start.ts";

// The single binary: only the commands that need a cluster. The operator runs from its image, import from the npm
// package.
void start(clientCommands);
