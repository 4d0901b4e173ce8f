import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import type { ClusterAccess } from "./cluster-access.ts";

const directory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Access to the API server of the pod's own cluster, with the pod's service account. */
export function inClusterAccess(environment: Readonly<Record<string, string | undefined>>): ClusterAccess {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    tokenFile: `${directory}/token`,
    impersonation: {},
    authenticate: async () => ({ ca: await readFile(`${directory}/ca.crt`) }),
  };
}
