import { operatorCommand } from "./operator-command.ts";
import { endProcess, processIo } from "./process-io.ts";
import { runProgram } from "./program.ts";

// The image's entry point: the operator alone. What only people need (the other commands, and the packages that they
// stand on) is not reachable from here, so it is not in the image.
endProcess(await runProgram([operatorCommand], process.argv.slice(2), processIo("xensan")));
