import { fileURLToPath } from "node:url";
import { type BuildOptions, type Impossible, runBuild } from "../build.ts";

/**
 * The emergency: Kubernetes 1.20.2 from Debian 12's packages, for a machine that reaches only a Debian mirror. It is
 * enough for `npm start`. This folder contains everything that only 1.20.2 needs.
 */
export const emergencyVersion = "1.20.2";

/**
 * Flags of its API server. Its priority and fairness, a beta feature, throttles a burst long before the machine is
 * busy.
 */
export const emergencyArguments = { "enable-priority-and-fairness": "false" };

/** Builds `etcd` and `kube-apiserver` into `directory`; returns the reason if it cannot, as `buildFromModules` does. */
export function buildEmergency(directory: string, options: BuildOptions): Promise<Impossible> {
  return runBuild([fileURLToPath(new URL("build.sh", import.meta.url)), directory], options);
}
