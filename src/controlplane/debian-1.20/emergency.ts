import { fileURLToPath } from "node:url";
import { type BuildOptions, type Impossible, runBuild } from "../build.ts";

/**
 * The emergency: Kubernetes 1.20.2 from Debian 12's packages, for a machine that reaches a Debian mirror and nothing
 * else. It is enough for `npm start`. Whoever deletes this folder deletes all that 1.20.2 needs.
 */
export const emergencyVersion = "1.20.2";

/** Flags of its API server. Its priority and fairness, a beta, throttles a burst long before the machine is busy. */
export const emergencyArguments = { "enable-priority-and-fairness": "false" };

/** Leaves `etcd` and `kube-apiserver` in `directory`; answers why it cannot, as `buildFromModules` does. */
export function buildEmergency(directory: string, options: BuildOptions): Promise<Impossible> {
  return runBuild([fileURLToPath(new URL("build.sh", import.meta.url)), directory], options);
}
