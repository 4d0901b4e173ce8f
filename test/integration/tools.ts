import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { locateBinaries, programPath } from "../../src/controlplane/binaries.ts";
import type { Program } from "../../src/controlplane/build.ts";

const run = promisify(execFile);

/** The programs that the tier needs besides a control plane; `setup` has them built before the first test. */
export const toolPrograms = ["kubectl", "helm", "kube-controller-manager"] as const satisfies readonly Program[];

/** The path of kubectl or helm: from the same place as the API server, never from PATH. */
export async function toolPath(name: "kubectl" | "helm"): Promise<string> {
  return programPath(await locateBinaries({ programs: toolPrograms }), name);
}

/** Runs kubectl or helm with a kubeconfig; rejects with its stderr when it fails. */
export async function tool(name: "kubectl" | "helm", kubeconfigPath: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: kubeconfigPath };
  const { stdout } = await run(await toolPath(name), [...args], { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
