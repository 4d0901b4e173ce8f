import { open } from "node:fs/promises";
import path from "node:path";
import { endOwned, type OwnedProcess, startOwned } from "./owned-process.ts";
import { projectRoot } from "./places.ts";

/** The operator of this tree in a separate process. */
export interface Operator {
  readonly logFile: string;
  start(): Promise<void>;
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

export function createOperator(kubeconfigFile: string, logFile: string): Operator {
  let running: OwnedProcess | undefined;
  const args = ["run", "--kubeconfig", kubeconfigFile, "--leader-election", "false", "--listen", "127.0.0.1:0"];
  // A probe starts hundreds of small programs, which takes several seconds on a translated processor.
  const flags = ["--allow-address", "127.0.0.1", "--probe-interval", "30", "--log-level", "debug"];
  const operator: Operator = {
    logFile,
    async start() {
      await operator.end("SIGKILL");
      await using log = await open(logFile, "a");
      const entry = path.join(projectRoot, "src", "cli", "main.ts");
      const stdio = ["ignore" as const, log.fd, log.fd];
      running = await startOwned(process.execPath, [entry, ...args, ...flags], { leashed: true, stdio });
    },
    async end(signal) {
      if (running !== undefined) await endOwned(running, signal);
      running = undefined;
    },
  };
  return operator;
}
