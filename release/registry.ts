import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

/** An empty OCI registry on loopback that ends with the process: the target of a dry run. */
export interface LocalRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** go-containerregistry's `crane`, which works with any registry. */
  readonly crane: string;
}

/** Builds `crane` from the Go module that `modules/crane` pins; returns its path. */
export async function buildCrane(directory: string): Promise<string> {
  const crane = path.join(directory, "crane");
  const module = fileURLToPath(new URL("modules/crane", import.meta.url));
  const env = { GOWORK: "off", CGO_ENABLED: "0" };
  const args = ["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", crane];
  await run("go", [...args, "github.com/google/go-containerregistry/cmd/crane"], { cwd: module, env });
  return crane;
}

/** Starts `crane registry serve` on a free port. */
export async function startRegistry(directory: string): Promise<LocalRegistry> {
  const crane = await buildCrane(directory);
  const child = spawn(crane, ["registry", "serve", "--address", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const end = () => child.kill();
  process.once("exit", end);
  const address = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`crane registry serve ended with ${code}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const port = /port (\d+)|:(\d+)$/.exec(line);
      if (port !== null) resolve(`127.0.0.1:${port[1] ?? port[2]}`);
    });
  });
  return {
    address,
    crane,
    async [Symbol.asyncDispose]() {
      process.off("exit", end);
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
