import { expect, it } from "vitest";
import { configSource } from "../../../src/runtime/client-node.ts";

const account = "/var/run/secrets/kubernetes.io/serviceaccount";

it.each([
  ["10.96.0.1", "https://10.96.0.1:443"],
  ["fd00::1", "https://[fd00::1]:443"],
])("a pod talks as its own service account to the API server around it, at %s", async (host, server) => {
  const environment = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: "443" };
  const { name, access } = configSource({ environment });
  expect({ name, ...(await access()) }).toEqual({
    ...{ name: "in-cluster", server, tokenFile: `${account}/token`, impersonation: {} },
    authenticate: expect.any(Function),
  });
});
