import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LocateOptions } from "./binaries.ts";

const script = fileURLToPath(new URL("build-control-plane.sh", import.meta.url));
const stepLine = /^step (\d+)\/(\d+) (.*)$/;

/**
 * Runs build-control-plane.sh, which leaves `etcd` and `kube-apiserver` in `directory`. Takes minutes. A second process
 * that wants the same directory waits for the first and finds its result.
 */
export async function buildControlPlane(directory: string, options: LocateOptions): Promise<void> {
  // A process group of its own, so that cancelling ends the compiler too.
  const child = spawn("sh", [script, directory], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  };
  options.signal?.addEventListener("abort", end, { once: true });
  process.once("exit", end);

  const stderr: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    stderr.push(line);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, step, steps, text] = stepLine.exec(line) ?? [];
    options.onProgress?.(
      text === undefined
        ? { text: line }
        : { text: `building the control plane: ${text}`, step: Number(step), steps: Number(steps) },
    );
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    options.signal?.throwIfAborted();
    if (code !== 0) {
      throw new Error(
        [
          `building the control plane failed (exit code ${code}): ${stderr.join("\n")}`,
          "Either set KUBEBUILDER_ASSETS to a directory with etcd and kube-apiserver, or run on Debian 12 as root.",
        ].join("\n"),
      );
    }
  } finally {
    options.signal?.removeEventListener("abort", end);
    process.removeListener("exit", end);
  }
}
