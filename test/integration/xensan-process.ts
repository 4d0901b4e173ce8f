import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const trial = fileURLToPath(new URL("../../src/up/main.ts", import.meta.url));

/** The program as a separate process. */
export interface XensanProcess {
  readonly pid: number;
  /** All output so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves to the match once standard output has it; rejects when the process ends or the deadline passes first. */
  until(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts `xensan ARGS`. The caller must kill it: `onTestFinished(() => started.kill("SIGKILL"))`. */
export function startXensan(args: readonly string[], env: NodeJS.ProcessEnv = {}): XensanProcess {
  return startNode([program, ...args], env);
}

/** Starts `npm start -- ARGS`, to be killed in the same way. */
export function startUp(args: readonly string[]): XensanProcess {
  return startNode([trial, ...args], {});
}

function startNode(args: readonly string[], env: NodeJS.ProcessEnv): XensanProcess {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, KUBECONFIG: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
  });
  let over = false;
  void ended.finally(() => {
    over = true;
  });
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => {
      if (!over) child.kill(signal);
    },
    ended,
    async until(pattern, seconds = 90) {
      const signal = AbortSignal.timeout(seconds * 1000);
      for (;;) {
        const match = pattern.exec(stdout);
        if (match !== null) return match;
        if (over) throw new Error(`it ended before printing ${pattern}:\n${stdout}\n${stderr}`);
        if (signal.aborted) throw new Error(`no ${pattern} within ${seconds} s in:\n${stdout}\n${stderr}`);
        await Promise.race([once(child.stdout, "data", { signal }), ended]).catch(() => undefined);
      }
    },
  };
}

/** Holds a port of this machine until it is disposed of. */
export async function holdPort(port: number): Promise<AsyncDisposable & { readonly held: boolean }> {
  const server = createServer();
  const held = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  return { held, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
