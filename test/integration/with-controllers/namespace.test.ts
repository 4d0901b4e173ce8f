import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installChart } from "../chart-install.ts";
import { eventually } from "../eventually.ts";
import { serviceAccountKubeconfig } from "../service-account.ts";
import { tool } from "../tools.ts";
import { breakGround, type Ground, onHosts } from "./ground.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await breakGround();
});
afterAll(() => ground?.stop());

const kubectl = (...args: string[]) => ground.kubectl(...args);
const domainReady = async (namespace: string) =>
  (await kubectl("get", "xendomain", "vm-test", "-n", namespace, "-o", conditionPath("Ready"))) === "True";
const conditionPath = (type: string) => `jsonpath={.status.conditions[?(@.type=="${type}")].status}`;

describe("kubectl delete namespace, with the controller of namespaces", () => {
  it("ends by itself, with nothing left on the hosts, under the chart's rights", async () => {
    const release = { name: "xensan", namespace: "xensan-system" };
    await installChart(ground.controlPlane.kubeconfigPath, release);
    const account = await serviceAccountKubeconfig(ground.controlPlane.kubeconfig, release);
    const { rack } = await ground.tutorial("san");
    const operator = await ground.operator(account, ["--lease-namespace=xensan-system"]);
    await eventually("the domain is ready", () => domainReady("san"), 60);
    expect(onHosts(rack)).toMatchObject({ domains: ["vm-test"] });

    const before = performance.now();
    const lines: string[] = [];
    const note = async () => {
      const left = await kubectl("get", "xensan,secrets", "-n", "san", "-o", "name");
      const second = `${Math.round((performance.now() - before) / 1000)} s`.padStart(5);
      const line = left.trim().split("\n").join(" ");
      if (!lines.at(-1)?.endsWith(line)) lines.push(`${second} ${line}`);
    };
    const deleted = kubectl("delete", "namespace", "san", "--timeout=100s").catch((error: unknown) => String(error));
    const over = deleted.then(() => true);
    await note();
    while (!(await Promise.race([over, new Promise<false>((resolve) => setTimeout(resolve, 500, false))])))
      await note();
    const course = `kubectl delete namespace san\n${lines.join("\n")}\n${await deleted}`;
    process.stderr.write(course);
    expect(await deleted, course).toBe('namespace "san" deleted\n');

    expect(onHosts(rack)).toEqual({ domains: [], mounts: [], exports: [] });
    await operator.until(/"namespace":"san".*the namespace is gone, and with it its claim/);
    expect(operator.stdout()).not.toMatch(/san\/xensan-claim.*stopped leading/);
    operator.kill("SIGTERM");
    expect(await operator.ended).toBe(0);
    expect(
      operator
        .stdout()
        .split("\n")
        .filter((line) => /"level":"(warn|error)"/.test(line) && /forbidden/i.test(line)),
    ).toEqual([]);
  });
});

describe("the operator's right to patch Secrets", () => {
  it("ends at the finalizer", async () => {
    const namespace = "secrets";
    const name = `${namespace}-operator`;
    const release = { name, namespace, values: { fullnameOverride: name } };
    await installChart(ground.controlPlane.kubeconfigPath, release);
    await kubectl("create", "secret", "generic", "key", "-n", namespace, "--from-literal=a=b");
    const as = `--as=system:serviceaccount:${namespace}:${name}`;
    const patch = (merge: object) =>
      tool("kubectl", ground.controlPlane.kubeconfigPath, [
        ...["patch", "secret", "key", "-n", namespace, as, "--type=merge", "-p", JSON.stringify(merge)],
      ]).then(
        () => "done",
        (error: unknown) => /denied request: (.*)/.exec(String(error))?.[1] ?? String(error),
      );
    const content =
      "the operator may not change the data of a Secret; it may change only the finalizer xensan.dev/in-use";
    const metadata = "in the metadata of a Secret the operator may change only the finalizer xensan.dev/in-use";
    // The policy is enforced a moment after its creation; until then attempts succeed, so each writes another value.
    let attempt = 0;
    const changed = () => Buffer.from(`attempt ${++attempt}`).toString("base64");
    await eventually("the policy is enforced", async () => (await patch({ data: { a: changed() } })) === content, 20);
    expect({
      data: await patch({ data: { a: "Yg==", c: "ZA==" } }),
      noData: await patch({ data: null }),
      stringData: await patch({ stringData: { a: "c" } }),
      labels: await patch({ metadata: { labels: { a: "b" } } }),
      annotations: await patch({ metadata: { annotations: { a: "b" } } }),
      foreign: await patch({ metadata: { finalizers: ["example.com/other"] } }),
      held: await patch({ metadata: { finalizers: ["xensan.dev/in-use"] } }),
      released: await patch({ metadata: { finalizers: null } }),
    }).toEqual({
      data: content,
      noData: content,
      stringData: content,
      labels: metadata,
      annotations: metadata,
      foreign: metadata,
      held: "done",
      released: "done",
    });
  });
});

describe("with the controllers of garbage and workloads", () => {
  it("a migration that a drain made goes with its host", async () => {
    await kubectl("create", "namespace", "garbage");
    const ssh = { host: "127.0.0.1", port: 1, privateKeySecretRef: { name: "none" }, hostKeyPolicy: "TrustOnFirstUse" };
    const apply = async (object: object) => {
      const file = `${ground.directory}/object.json`;
      await writeFile(file, JSON.stringify(object));
      await kubectl("apply", "-n", "garbage", "-f", file);
    };
    const apiVersion = "xensan.dev/v1alpha1";
    const host = { apiVersion, kind: "XenHost", metadata: { name: "bella" } };
    await apply({ ...host, spec: { ssh, aoe: { interfaces: ["eth1"] } } });
    const uid = await kubectl("get", "xenhost", "bella", "-n", "garbage", "-o", "jsonpath={.metadata.uid}");
    const owner = { apiVersion, kind: "XenHost", name: "bella", uid, controller: true };
    await apply({
      apiVersion,
      kind: "XenMigration",
      metadata: { name: "drain-1", ownerReferences: [owner] },
      spec: { domain: "vm-test" },
    });
    await kubectl("delete", "xenhost", "bella", "-n", "garbage", "--cascade=foreground", "--timeout=60s");
    await kubectl("wait", "--for=delete", "xenmigration/drain-1", "-n", "garbage", "--timeout=60s");
  });

  it("the pods are admitted where Pod Security enforces `restricted`, and a quota's refusal shows in the Deployment", async () => {
    for (const namespace of ["restricted", "full"]) {
      await kubectl("create", "namespace", namespace);
      await kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
    }
    await kubectl("create", "quota", "none", "-n", "full", "--hard=pods=0");
    const values = { "rbac.roles.create": false };
    for (const namespace of ["restricted", "full"])
      await installChart(ground.controlPlane.kubeconfigPath, { name: namespace, namespace, values });
    await eventually(
      "both pods are made",
      async () => (await kubectl("get", "pods", "-n", "restricted", "-o", "name")).trim().split("\n").length === 2,
      60,
    );
    const failure = () =>
      kubectl(
        ...["get", "deployments", "-n", "full", "-o"],
        'jsonpath={.items[0].status.conditions[?(@.type=="ReplicaFailure")].message}',
      );
    await eventually(
      "the Deployment says why it has no pods",
      async () => (await failure()).includes("exceeded quota"),
      60,
    );
    expect(await kubectl("get", "pods", "-n", "full", "-o", "name")).toBe("");
  });
});
