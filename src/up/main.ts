import { endProcess, processIo } from "../cli/process-io.ts";
import { runProgram } from "../cli/program.ts";
import { up } from "./up.ts";

// The operator with everything it needs on this machine, for trials and development.
const entry = { name: up.name, summary: up.description, load: () => Promise.resolve(up) };
endProcess(await runProgram([entry], [up.name, ...process.argv.slice(2)], processIo("npm")));
