import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { modulesDirectory } from "./versions.ts";

/** Progress of a long preparation. */
export interface Progress {
  readonly text: string;
  /** Set while programs are built, which takes minutes. */
  readonly step?: number;
  readonly steps?: number;
}

/** A program of the control plane, by the name of its executable. */
export type Program = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kubectl" | "helm";

/** Options of a build. */
export interface BuildOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** The product, as progress and errors name it; "the control plane" by default. */
  readonly what?: string;
}

/** Why programs cannot be obtained in some way on this machine; undefined if they were built. */
export type Impossible = string | undefined;

/** The script that builds programs from Go modules; its header documents its arguments. */
export const fromModules = fileURLToPath(new URL("build-from-modules.sh", import.meta.url));
const stepLine = /^step (\d+)\/(\d+) (.*)$/;

/**
 * Builds those of `programs` that are not in `directory` yet, from the Go modules that are pinned for `minor`. Takes
 * minutes. A second process that wants the same directory waits for the first and uses its result. Returns the reason
 * if Go or the modules are not available; throws if a build fails after it began.
 */
export function buildFromModules(
  minor: string,
  directory: string,
  programs: readonly Program[],
  options: BuildOptions,
): Promise<Impossible> {
  return runBuild([fromModules, modulesDirectory, minor, directory, ...programs], options);
}

/**
 * Runs a build script: `step N/M text` lines on its stdout are progress, exit codes 3 and 4 mean that this machine
 * cannot build (returns the script's stderr), every other code but 0 throws.
 */
export async function runBuild(command: readonly string[], options: BuildOptions): Promise<Impossible> {
  const building = `building ${options.what ?? "the control plane"}`;
  // A separate process group, so that cancelling ends the compiler too.
  const child = spawn("sh", [...command], { stdio: ["ignore", "pipe", "pipe"], detached: true });
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
      text === undefined ? { text: line } : { text: `${building}: ${text}`, step: Number(step), steps: Number(steps) },
    );
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    options.signal?.throwIfAborted();
    if (code === 0) return undefined;
    if (code === 3 || code === 4) return stderr.join(" ");
    throw new Error(`${building} failed: ${stderr.join("\n")}`);
  } finally {
    options.signal?.removeEventListener("abort", end);
    process.removeListener("exit", end);
  }
}
