import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { textSource } from "../../../src/runtime/client-node.ts";
import { eventually } from "../eventually.ts";
import { breakGround, type Ground } from "../with-controllers/ground.ts";
import { startXensan, type XensanProcess } from "../xensan-process.ts";
import { etcdAt } from "./etcd.ts";
import { expiring } from "./token.ts";

let ground: Ground;
let tokenFile: string;
let kubeconfig: string;
const namespace = "trouble";

beforeAll(async () => {
  ground = await breakGround({ controllers: false });
  await kubectl("create", "namespace", namespace);
  await kubectl("create", "serviceaccount", "operator", "-n", namespace);
  await kubectl(
    ...["create", "clusterrolebinding", "operator"],
    ...["--clusterrole=cluster-admin", `--serviceaccount=${namespace}:operator`],
  );
  tokenFile = path.join(ground.directory, "token");
  kubeconfig = path.join(ground.directory, "operator");
  const cluster = (await textSource(ground.controlPlane.kubeconfig).load()).getCurrentCluster();
  await writeFile(
    kubeconfig,
    stringify({
      clusters: [{ name: "it", cluster: { server: cluster?.server, "certificate-authority-data": cluster?.caData } }],
      users: [{ name: "operator", user: { tokenFile } }],
      contexts: [{ name: "it", context: { cluster: "it", user: "operator", namespace } }],
      "current-context": "it",
    }),
  );
});
afterAll(() => ground?.stop());

const kubectl = (...args: string[]) => ground.kubectl(...args);
const token = () => kubectl("create", "token", "operator", "-n", namespace);
const apply = async (object: object) => {
  const file = path.join(ground.directory, "object.json");
  await writeFile(file, JSON.stringify(object));
  await kubectl("apply", "-f", file);
};
const ssh = { host: "127.0.0.1", port: 1, privateKeySecretRef: { name: "absent" }, hostKeyPolicy: "TrustOnFirstUse" };
const apiVersion = "xensan.dev/v1alpha1";
const server = (name: string) =>
  apply({
    ...{ apiVersion, kind: "AoeServer", metadata: { name, namespace } },
    spec: { ssh, interfaces: [{ name: "eth1" }], allowedBackings: ["/dev/vdb"] },
  });
const reasonOf = (name: string) =>
  kubectl(
    ...["get", "aoeserver", name, "-n", namespace, "-o"],
    'jsonpath={.status.conditions[?(@.type=="Ready")].reason}',
  );
/** The operator has looked at the object and could write its status. */
const served = (name: string) =>
  eventually(`${name} is served`, async () => (await reasonOf(name)) === "SecretNotFound", 60);

const lineSchema = z.object({
  level: z.string(),
  msg: z.string(),
  name: z.string().optional(),
  failures: z.number().optional(),
  delaySeconds: z.number().optional(),
  err: z.object({ message: z.string(), status: z.number().optional() }).optional(),
});
/** Warnings and errors of the operator. */
const complaints = (operator: XensanProcess) =>
  operator
    .stdout()
    .split("\n")
    .filter((line) => /"level":"(warn|error)"/.test(line))
    .map((line) => lineSchema.parse(JSON.parse(line)));

async function run(): Promise<XensanProcess> {
  const flags = [
    "--lease-namespace=trouble",
    "--listen=127.0.0.1:0",
    "--probe-interval=2",
    "--allow-address=127.0.0.0/8",
  ];
  await writeFile(tokenFile, await token());
  const started = startXensan(["run", `--kubeconfig=${kubeconfig}`, ...flags]);
  onTestFinished(async () => {
    started.kill("SIGTERM");
    expect(await started.ended).toBe(0);
  });
  await started.until(/"port":(\d+)/);
  return started;
}

describe("a token that expires while the operator runs", () => {
  it("is named in its log, and the next one is taken from the file, without a restart", async () => {
    const operator = await run();
    await server("with-the-first");
    await served("with-the-first");
    await writeFile(tokenFile, await expiring(await token(), ground.controlPlane.serviceAccountKeyPath, 3));
    // It renews its Lease every two seconds; the server caches an accepted token for ten seconds.
    const refused = () => complaints(operator).filter(({ err }) => err?.status === 401).length;
    await eventually("it is said", () => refused() > 0, 60);
    await server("meanwhile");
    expect(await reasonOf("meanwhile")).toBe("Pending");

    await writeFile(tokenFile, await token());
    await served("meanwhile");
    const before = refused();
    await writeFile(tokenFile, await token());
    await server("with-the-third");
    await served("with-the-third");
    expect(refused()).toBe(before);
  });
});

describe("a webhook of somebody else that cannot be reached", () => {
  it("is named with each attempt, the attempts become rare, and all is well once it is gone", async () => {
    const operator = await run();
    await apply({
      ...{ apiVersion, kind: "XenHost", metadata: { name: "bella", namespace } },
      spec: { ssh, aoe: { interfaces: ["eth1"] } },
    });
    await apply({
      ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" },
      metadata: { name: "somebody" },
      webhooks: [
        {
          name: "policy.somebody.example",
          rules: [{ apiGroups: ["xensan.dev"], apiVersions: ["*"], resources: ["*/*"], operations: ["UPDATE"] }],
          failurePolicy: "Fail",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          timeoutSeconds: 1,
          clientConfig: { url: "https://127.0.0.1:1/", caBundle: await caBundle() },
        },
      ],
    });
    const annotate = () =>
      kubectl("annotate", "aoeserver", "with-the-first", "-n", namespace, "round=one", "--overwrite").then(
        () => "accepted",
        String,
      );
    await eventually("the webhook is asked", async () => (await annotate()).includes("failed calling webhook"), 20);
    await server("hooked");
    const attempts = () => complaints(operator).filter(({ name }) => name === "hooked");
    await eventually("four attempts", () => attempts().length >= 4, 60);
    const four = attempts().slice(0, 4);
    expect(four.map(({ failures, msg }) => ({ failures, msg }))).toEqual(
      [1, 2, 3, 4].map((failures) => ({ failures, msg: "reconcile failed, retrying" })),
    );
    for (const { err } of four)
      expect(err?.message).toMatch(/failed calling webhook "policy\.somebody\.example".*connection refused/);
    const pauses = four.map(({ delaySeconds = 0 }) => delaySeconds);
    expect(pauses.at(-1)).toBeGreaterThan(pauses[0] ?? 0);

    const drain = startXensan(["drain", "bella", "-n", namespace], { KUBECONFIG: ground.controlPlane.kubeconfigPath });
    expect([await drain.ended, drain.stderr()]).toEqual([
      1,
      expect.stringContaining('failed calling webhook "policy.somebody.example"'),
    ]);

    await kubectl("delete", "validatingwebhookconfiguration", "somebody");
    await served("hooked");
  });
});

describe("an etcd without space", () => {
  it("is named, costs the Lease and no loop, and all goes on once there is room", async () => {
    const etcd = etcdAt(ground.controlPlane.etcdUrl);
    const operator = await run();
    await operator.until(/"msg":"leading"/);
    await server("before");
    await served("before");
    const since = complaints(operator).length;
    const full = performance.now();
    await etcd.fillUp();
    onTestFinished(() => etcd.makeRoom().then(() => undefined));
    await expect(server("refused")).rejects.toThrow("database space exceeded");
    await operator.until(/could not renew for \d+ s; stopped leading/, 60);
    const seconds = (performance.now() - full) / 1000;
    const said = complaints(operator).slice(since);
    expect(said.filter(({ err }) => err?.message.includes("database space exceeded")).length).toBeGreaterThan(0);
    // Two Leases, each tried at most every two seconds, and other requests.
    expect(said.length).toBeLessThan(2 * seconds);

    await etcd.makeRoom();
    await server("after");
    await served("after");
  });
});

async function caBundle(): Promise<string | undefined> {
  return (await textSource(ground.controlPlane.kubeconfig).load()).getCurrentCluster()?.caData;
}
