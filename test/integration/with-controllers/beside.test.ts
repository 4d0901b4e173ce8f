import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import type { Manifest } from "../../../src/cli/manifests.ts";
import { installChart } from "../chart-install.ts";
import { eventually } from "../eventually.ts";
import { serviceAccountKubeconfig } from "../service-account.ts";
import { toolPath } from "../tools.ts";
import type { XensanProcess } from "../xensan-process.ts";
import { breakGround, type Ground } from "./ground.ts";

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const ourKinds = "aoeservers,aoevolumes,xenhosts,ocfs2clusters,xendomains";
const releases = ["one", "two"].map((name) => ({ name, namespace: `${name}-ops`, values: { fullnameOverride: name } }));

let ground: Ground;
let manifests: readonly Manifest[];
let first: XensanProcess;

async function operatorOf(release: { readonly name: string; readonly namespace: string }): Promise<XensanProcess> {
  const account = await serviceAccountKubeconfig(ground.controlPlane.kubeconfig, release);
  return await ground.operator(account, [`--lease-namespace=${release.namespace}`, `--lease-name=${release.name}`]);
}

beforeAll(async () => {
  ground = await breakGround();
  for (const release of releases) await installChart(ground.controlPlane.kubeconfigPath, release);
  await kubectl("create", "namespace", "san");
});
afterAll(() => ground?.stop());

const kubectl = (...args: string[]) => ground.kubectl(...args);
const inSan = (...args: string[]) => kubectl(...args, "-n", "san");
async function write(name: string, objects: readonly object[]): Promise<string> {
  const file = path.join(ground.directory, `${name}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  return file;
}

const listSchema = z.object({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      metadata: z.looseObject({
        name: z.string(),
        generation: z.number(),
        finalizers: z.array(z.string()).optional(),
        managedFields: z.array(
          z.object({ manager: z.string(), operation: z.string(), subresource: z.string().optional() }),
        ),
      }),
      spec: z.unknown(),
    }),
  ),
});
/** Everything except the status and the fields that count its changes. */
async function wanted() {
  const text = await inSan("get", ourKinds, "-o", "json", "--show-managed-fields");
  return listSchema.parse(JSON.parse(text)).items.map(({ kind, metadata, spec }) => ({
    object: `${kind}/${metadata.name}`,
    generation: metadata.generation,
    finalizers: metadata.finalizers,
    owners: metadata.managedFields.map((one) => `${one.manager} ${one.operation} ${one.subresource ?? ""}`).sort(),
    spec,
  }));
}

describe("before there is anything", () => {
  it("a dry run on the server accepts every example, applied by the client or the server", async () => {
    for (const folder of ["tutorial", "kinds"])
      for (const way of ["--server-side=false", "--server-side=true"])
        expect(await kubectl("apply", "--dry-run=server", way, "-f", path.join(examples, folder))).not.toBe("");
    expect(await inSan("get", ourKinds, "-o", "name")).toBe("");
  });
});

describe("kubectl beside the operator", () => {
  it("waits for Ready", async () => {
    ({ manifests } = await ground.tutorial("san"));
    first = await operatorOf({ name: "one", namespace: "one-ops" });
    expect(await inSan("wait", "--for=condition=Ready", "xensan", "--all", "--timeout=120s")).toContain(
      "xendomain.xensan.dev/vm-test condition met",
    );
  });

  it("applies ten times, by the client and by the server in turn: no conflict, nothing drifts, nothing differs", async () => {
    const file = await write(
      "tutorial",
      manifests.filter(({ kind }) => kind !== "Secret"),
    );
    const ways = [["apply"], ["apply", "--server-side"]];
    const round = (way: readonly string[]) => inSan(...way, "-f", file);
    // kubectl moves its fields from one kind of ownership to the other, once.
    for (const way of ways) await round(way);
    const before = await wanted();
    for (let count = 0; count < 10; count += 1) await round(ways[count % 2] ?? []);
    expect(await wanted()).toEqual(before);
    expect(await inSan("diff", "-f", file)).toBe("");
    expect(await inSan("wait", "--for=condition=Ready", ourKinds, "--all", "--timeout=60s")).toContain("condition met");
    expect(
      first
        .stdout()
        .split("\n")
        .filter((line) => /"level":"error"/.test(line)),
    ).toEqual([]);
  });

  it("shows with diff what an apply would change", async () => {
    const [volume] = manifests.filter(({ kind, metadata }) => kind === "AoeVolume" && metadata.name === "scratch");
    const spec = { ...z.object({ spec: z.looseObject({}) }).parse(volume).spec, bufferCount: 32 };
    const file = await write("changed", [{ ...volume, spec }]);
    await expect(inSan("diff", "-f", file)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^\+ {2}bufferCount: 32$/m),
    });
  });

  it("that writes to a status is corrected", async () => {
    const target = () => inSan("get", "aoevolume", "data", "-o", "jsonpath={.status.target}");
    const before = await target();
    const patch = JSON.stringify({ status: { target: "e9.9" } });
    await inSan("patch", "aoevolume", "data", "--subresource=status", "--type=merge", "-p", patch);
    await eventually("the operator's word is back", async () => (await target()) === before, 20);
  });

  it("watches with get -w", async () => {
    const args = ["get", "aoevolume", "scratch", "-n", "san", "-w", "--output-watch-events"];
    const watching = spawn(await toolPath("kubectl"), args, {
      env: { ...process.env, KUBECONFIG: ground.controlPlane.kubeconfigPath },
    });
    onTestFinished(() => {
      watching.kill("SIGKILL");
    });
    let seen = "";
    watching.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
    });
    await eventually("the first line is there", () => /^ADDED +scratch /m.test(seen), 20);
    await inSan("annotate", "aoevolume", "scratch", "somebody.example/round=one");
    await eventually("the change is there", () => /^MODIFIED +scratch /m.test(seen), 20);
  });

  it("deletes in the foreground, and the next apply brings it back", async () => {
    await inSan("delete", "aoevolume", "scratch", "--cascade=foreground", "--timeout=90s");
    await inSan("apply", "-f", path.join(ground.directory, "tutorial.json"));
    await inSan("wait", "--for=condition=Ready", "aoevolume/scratch", "--timeout=90s");
  });

  it("prunes with apply --prune what left its files", async () => {
    const volume = (name: string, slot: number) => ({
      apiVersion: "xensan.dev/v1alpha1",
      kind: "AoeVolume",
      metadata: { name, namespace: "san", labels: { set: "extra" } },
      spec: { serverRef: { name: "san" }, shelf: 9, slot, backing: { device: "/dev/vdz" } },
    });
    const extra = () => inSan("get", "aoevolumes", "-l", "set=extra", "-o", "name");
    await inSan("apply", "-f", await write("extra", [volume("kept", 1), volume("dropped", 2)]));
    const prune = ["--prune", "-l", "set=extra", "--prune-allowlist=xensan.dev/v1alpha1/AoeVolume"];
    await inSan("apply", ...prune, "-f", await write("extra", [volume("kept", 1)]));
    await eventually("one is left", async () => (await extra()).trim() === "aoevolume.xensan.dev/kept", 20);
    await inSan("delete", "aoevolume", "kept", "--timeout=30s");
  });
});

describe("a second release of the chart, for the same namespaces", () => {
  let second: XensanProcess;
  const holder = () => inSan("get", "lease", "xensan-claim", "-o", "jsonpath={.spec.holderIdentity}");
  const target = () => inSan("get", "aoevolume", "data", "-o", "jsonpath={.status.target}");
  const ready = async () => {
    const [, port] = await second.until(/"port":(\d+)/);
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: response.status, text: await response.text() };
  };

  it("refuses, and says so in its log and in /readyz", async () => {
    second = await operatorOf({ name: "two", namespace: "two-ops" });
    await second.until(/Namespace san is served by one-ops\/one; two-ops\/two changes nothing in it/);
    expect(await ready()).toMatchObject({
      status: 500,
      text: expect.stringContaining("namespace san is served by one-ops/one (Lease san/xensan-claim)"),
    });
    expect(await holder()).toBe("one-ops/one");
  });

  it("takes over once the first has ended and its claim has run out", async () => {
    const before = await target();
    const patch = JSON.stringify({ status: { target: "e9.9" } });
    first.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await inSan("patch", "aoevolume", "data", "--subresource=status", "--type=merge", "-p", patch);
    expect([await holder(), await target()]).toEqual(["one-ops/one", "e9.9"]);

    await eventually("the second one holds the claim", async () => (await holder()) === "two-ops/two", 120);
    await eventually("it acts", async () => (await target()) === before, 20);
    await eventually("it is ready", async () => (await ready()).status === 200, 20);
    second.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });
});
