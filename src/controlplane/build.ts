import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { modulesDirectory } from "./versions.ts";

/** What a long preparation says about itself. */
export interface Progress {
  readonly text: string;
  /** Set while programs are built, which takes minutes. */
  readonly step?: number;
  readonly steps?: number;
}

/** A program of the control plane, by the name of its executable. */
export type Program = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kubectl" | "helm";

/** How binaries are built, and where to. */
export interface BuildOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** What is built, as progress and errors name it; "the control plane" when absent. */
  readonly what?: string;
}

/** Why a way to the programs does not exist on this machine; undefined when they were built. */
export type Impossible = string | undefined;

/** The script that builds programs from Go modules; its header says how it is called. */
export const fromModules = fileURLToPath(new URL("build-from-modules.sh", import.meta.url));
const stepLine = /^step (\d+)\/(\d+) (.*)$/;

/**
 * Builds those of `programs` that `directory` does not hold yet, from the Go modules that are pinned for `minor`. Takes
 * minutes. A second process that wants the same directory waits for the first and finds its result. Answers why it is
 * impossible where Go or the modules cannot be had; throws when a build that began fails.
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
 * cannot build (answered with the script's stderr), every other code but 0 throws.
 */
export async function runBuild(command: readonly string[], options: BuildOptions): Promise<Impossible> {
  const building = `building ${options.what ?? "the control plane"}`;
  // A process group of its own, so that cancelling ends the compiler too.
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
