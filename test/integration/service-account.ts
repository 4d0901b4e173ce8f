import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { stringify } from "yaml";

/**
 * A kubeconfig for a service account: the token comes from TokenRequest, so every request is subject to the account's
 * real RBAC rules.
 */
export async function serviceAccountKubeconfig(
  adminKubeconfig: string,
  account: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const admin = new KubeConfig();
  admin.loadFromString(adminKubeconfig);
  const { status } = await admin.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    ...account,
    body: { spec: { audiences: [], expirationSeconds: 24 * 3600 } },
  });
  const cluster = admin.getCurrentCluster();
  if (status === undefined || cluster === null) throw new Error("the API server gave no token");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "xensan", cluster: { server: cluster.server, "certificate-authority-data": cluster.caData } }],
    users: [{ name: account.name, user: { token: status.token } }],
    contexts: [{ name: "xensan", context: { cluster: "xensan", user: account.name, namespace: account.namespace } }],
    "current-context": "xensan",
  });
}
