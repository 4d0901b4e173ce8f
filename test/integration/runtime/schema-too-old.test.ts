import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, it, onTestFinished } from "vitest";
import { group, version } from "../../../src/api/common.ts";
import { aoeServers } from "../../../src/api/kinds.ts";
import { missingFromServer } from "../../../src/api/served-schema.ts";
import { startControlPlane } from "../../../src/controlplane/control-plane.ts";
import { createKubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { secretKind } from "../../../src/runtime/kinds.ts";
import { namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { eventually } from "../eventually.ts";
import { startXensan } from "../xensan-process.ts";

const crds = fileURLToPath(new URL("../../../crds", import.meta.url));

it("the chart's service account may read what the server publishes, and it is what this release needs", async () => {
  const client = createKubeClient({ source: textSource(inject("operatorKubeconfig")) });
  onTestFinished(() => client.close());
  expect(missingFromServer(await client.published({ group, version }))).toEqual([]);
});

/** The definitions of an older release without `status.exports` of an AoeServer. */
async function olderDefinitions(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "xensan-older-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const name of await readdir(crds)) {
    const text = await readFile(join(crds, name), "utf8");
    const [, indent = ""] = /^( +)exports:$/m.exec(text) ?? [];
    const without = text.replace(new RegExp(`^${indent}exports:\\n(?:${indent} .*\\n)+`, "m"), "");
    await writeFile(join(directory, name), name === "aoeservers.yaml" ? without : text);
  }
  return directory;
}

async function countingHost(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, connections: () => count };
}

it("an operator newer than the definitions says so at start, on /readyz and in the objects, and asks no host until they are upgraded", async () => {
  const controlPlane = await startControlPlane();
  onTestFinished(() => controlPlane.stop());
  await controlPlane.installCrds([await olderDefinitions()]);
  const api = createKubeClient({ source: textSource(controlPlane.kubeconfig) });
  onTestFinished(() => api.close());
  const host = await countingHost();
  await api.create(namespaces, { metadata: { name: "lab" } });
  await api.create(secretKind, {
    metadata: { namespace: "lab", name: "key" },
    ...{ type: "kubernetes.io/ssh-auth", data: { "ssh-privatekey": Buffer.from("no key").toString("base64") } },
  });
  const ssh = { host: "127.0.0.1", port: host.port, hostKeyPolicy: "TrustOnFirstUse" };
  await api.apply(
    aoeServers,
    {
      metadata: { namespace: "lab", name: "san" },
      spec: {
        ssh: { ...ssh, privateKeySecretRef: { name: "key" } },
        interfaces: [{ name: "eth1", segment: "a" }],
        allowedBackings: ["/dev/vdb"],
      },
    },
    { fieldManager: "test" },
  );
  const operator = startXensan(
    ["run", "--leader-election=false", "--listen=127.0.0.1:0", "--allow-address=127.0.0.1/32", "--probe-interval=1"],
    { KUBECONFIG: controlPlane.kubeconfigPath },
  );
  onTestFinished(() => operator.kill("SIGKILL"));
  const [, port] = await operator.until(/"port":(\d+).*serving metrics and health/);
  await operator.until(/SchemaTooOld: the API server does not know AoeServer status\.exports: /);
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: response.status, text: await response.text() };
  };
  const readyOf = async () => {
    const { status } = await api.get(aoeServers, { namespace: "lab", name: "san" });
    const { reason, message } = status?.conditions?.find(({ type }) => type === "Ready") ?? {};
    return { reason, message };
  };
  const message =
    "SchemaTooOld: the API server does not know AoeServer status.exports: its CustomResourceDefinitions are older than this operator, which does nothing until they match its release. Run kubectl apply --server-side --force-conflicts -f crds/";
  await eventually("SchemaTooOld is recorded", async () => (await readyOf()).reason === "SchemaTooOld", 20);
  expect(await readyOf()).toEqual({ reason: "SchemaTooOld", message });
  await eventually("the Secret is read too", async () => (await ready()).text.includes("2 have been read"), 20);
  const { status, text } = await ready();
  expect([status, ...text.split("\n")]).toEqual([
    500,
    `[-] operator: ${message}`,
    expect.stringMatching(/^\[i\] memory: the memory limit serves about \d+ objects, 2 have been read$/),
    "",
  ]);
  expect(host.connections()).toBe(0);
  // What SchemaWatch looks for in a refusal.
  const exports = [{ target: "e0.1", interface: "eth1", backing: "/dev/vdb" }];
  await expect(
    api.apply(
      aoeServers,
      { metadata: { namespace: "lab", name: "san" }, status: { exports } },
      { fieldManager: "test", subresource: "status" },
    ),
  ).rejects.toThrow("status.exports: field not declared in schema");

  await controlPlane.installCrds([crds]);
  await eventually("it is ready", async () => (await ready()).status === 200, 60);
  await eventually("the object is looked after", async () => (await readyOf()).reason !== "SchemaTooOld", 60);
}, 180_000);
