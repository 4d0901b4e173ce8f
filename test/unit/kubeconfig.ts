/** The text of a kubeconfig for a plain HTTP server on a port of this machine, and a user without credentials. */
export const plainKubeconfig = (port: number): string =>
  JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "it" },
    clusters: [{ name: "it", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "it", user: {} }],
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
  });
