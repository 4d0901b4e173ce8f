import { clientCommands } from "./client-commands.ts";
import { start } from "./start.ts";

// The single binary: what talks to a cluster only. The operator runs from its image, import from the npm package.
void start(clientCommands);
