import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { cacheDirectory } from "../../src/controlplane/binaries.ts";
import { chosenMinor, modulesDirectory, pinnedRelease } from "../../src/controlplane/versions.ts";

/**
 * Why this machine cannot run the integration tier, which needs a current Kubernetes with kubectl, helm and a
 * controller manager of its version; undefined where it can. Debian's 1.20.2 is too old, and no download contains helm.
 */
export function whyNoIntegration(): string | undefined {
  const { KUBEBUILDER_ASSETS: assets } = process.env;
  if (assets !== undefined && assets !== "") return undefined;
  const minor = chosenMinor();
  const built = path.join(cacheDirectory(), "control-plane", `kubernetes-${pinnedRelease(minor)}`);
  if (["kube-controller-manager", "helm"].every((program) => existsSync(path.join(built, program)))) return undefined;
  const folder = path.join(modulesDirectory, `kubernetes-${minor}`);
  if (spawnSync("go", ["list", "-m"], { cwd: folder, env: { ...process.env, GOWORK: "off" } }).status === 0) return;
  return `it builds Kubernetes ${minor} from Go modules, for which no Go that is new enough is on PATH (see CONTRIBUTING.md)`;
}
