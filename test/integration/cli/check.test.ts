import { readFile } from "node:fs/promises";
import { K8s, kind } from "kubernetes-fluent-client";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { AoeServer } from "../../../src/api/index.ts";
import { clientCommands } from "../../../src/cli/client-commands.ts";
import { createKubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { leaseKind } from "../../../src/runtime/kinds.ts";
import { typeCommand } from "../../command-line.ts";

const namespace = "cli-check";

const everywhere = (...args: string[]) =>
  typeCommand(clientCommands, ["check", ...args], { env: { KUBECONFIG: inject("kubeconfigPath") } });
const check = (...args: string[]) => everywhere(...args, "-n", namespace);

beforeAll(async () => {
  process.env.KUBECONFIG = inject("kubeconfigPath");
  await K8s(kind.Namespace).Apply({ metadata: { name: namespace } });
  await K8s(AoeServer).Apply({
    metadata: { name: "san", namespace },
    spec: {
      ssh: { host: "192.0.2.1", privateKeySecretRef: { name: "rack-ssh" } },
      interfaces: [{ name: "eth1" }],
      allowedBackings: ["/dev/vdb"],
    },
  });
});
afterAll(async () => {
  await K8s(AoeServer).InNamespace(namespace).Delete("san");
});

const closing = <T extends { close(): Promise<void> }>(client: T) =>
  Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
const states = (stdout: string) =>
  JSON.parse(stdout).checks.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`);

it("looks at cluster and definitions before an installation", async () => {
  const { code, stdout } = await check("--pre", "-o", "json");
  expect({ code, states: states(stdout) }).toEqual({ code: 0, states: ["cluster Passed", "definitions Passed"] });
});

it("names what is missing: no operator serves the namespace, and its server was never looked at", async () => {
  const { code, stdout } = await check();
  expect(code).toBe(1);
  expect(stdout).toMatch(/^✔ cluster {2}127\.0\.0\.1:\d+ is Kubernetes v1\.\d+\.\d+\n/);
  expect(stdout).toContain("✘ namespace/cli-check  no operator serves it\n    its objects are not reconciled: ");
  expect(stdout).toContain(
    "✔ permissions  you have the permissions for why, topology, migrate, abort, drain and forget in cli-check\n",
  );
  expect(stdout).toContain("? aoeserver/san  Pending: Waiting for the operator\n");
});

it("looks at all namespaces, and says of each machine where it is", async () => {
  const { code, stdout } = await everywhere("--all-namespaces");
  expect(code).toBe(1);
  expect(stdout).toContain(
    "✔ permissions  you have the permissions for why, topology, migrate, abort, drain and forget in all namespaces\n",
  );
  expect(stdout).toContain("✘ namespace/cli-check  no operator serves it\n");
  expect(stdout).toContain("? aoeserver/san -n cli-check  Pending: Waiting for the operator\n");
});

it("sees the operator's claim, and one that has run out", async () => {
  await using client = closing(
    createKubeClient({ source: textSource(await readFile(inject("kubeconfigPath"), "utf8")) }),
  );
  const metadata = { name: "xensan-claim", namespace };
  const claim = (renewTime: string) =>
    client.apply(
      leaseKind,
      { metadata, spec: { holderIdentity: "xensan/xensan", leaseDurationSeconds: 60, renewTime } },
      { fieldManager: "test", force: true },
    );
  await claim(new Date().toISOString().replace("Z", "000Z"));
  expect(states((await check("-o", "json")).stdout)).toContain("namespace/cli-check Passed");
  await claim("2026-01-01T00:00:00.000000Z");
  const { stdout } = await check();
  expect(stdout).toMatch(
    /✘ namespace\/cli-check {2}served by xensan\/xensan, which has not renewed the Lease for \d+ s\n/,
  );
});
