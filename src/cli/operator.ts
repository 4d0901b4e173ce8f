import { operatorCommand } from "./operator-command.ts";
import { endProcess, processIo } from "./process-io.ts";
import { runProgram } from "./program.ts";

// The image's entry point: the operator alone. The commands for people and the packages that they need are not
// reachable from here, so they are not in the image.
endProcess(await runProgram([operatorCommand], process.argv.slice(2), processIo("xensan")));
