import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { K8s, kind } from "kubernetes-fluent-client";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { AoeServer, AoeVolume, XenDomain, XenHost, XenMigration } from "../../../src/api/index.ts";
import { commands } from "../../../src/cli/commands.ts";
import { typeCommand } from "../../command-line.ts";
import { tool } from "../tools.ts";
import { startXensan } from "../xensan-process.ts";

const namespace = "cli-commands";
const ssh = (host: string) => ({ host, privateKeySecretRef: { name: "rack-ssh" } });

const xensan = (...args: string[]) =>
  typeCommand(commands, [...args, "-n", namespace], { env: { KUBECONFIG: inject("kubeconfigPath") } });

/** Writes a condition as the operator does; none runs here. */
async function say(model: typeof XenHost | typeof XenMigration, name: string, type: string, said: object, more = {}) {
  const object = await K8s(model).InNamespace(namespace).Get(name);
  const time = { lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: object.metadata?.generation };
  const conditions = [{ type, message: "said by a test", ...time, ...said }];
  const status = JSON.stringify({ status: { ...more, conditions } });
  const { plural } = model === XenHost ? { plural: "xenhosts" } : { plural: "xenmigrations" };
  // kubectl has --subresource only from 1.24 on, but the suite's API server supports it.
  await tool("kubectl", inject("kubeconfigPath"), [
    ...["patch", plural, name, "-n", namespace, "--subresource=status", "--type=merge", "-p", status],
  ]);
}

beforeAll(async () => {
  process.env.KUBECONFIG = inject("kubeconfigPath");
  await K8s(kind.Namespace).Apply({ metadata: { name: namespace } });
  await K8s(AoeServer).Apply({
    metadata: { name: "san", namespace },
    spec: { ssh: ssh("192.0.2.1"), interfaces: [{ name: "eth1" }], allowedBackings: ["/dev/vdb"] },
  });
  for (const name of ["bella", "brutus"])
    await K8s(XenHost).Apply({
      metadata: { name, namespace },
      spec: { ssh: ssh("192.0.2.2"), aoe: { interfaces: ["eth1"] } },
    });
  await K8s(AoeVolume).Apply({
    metadata: { name: "data", namespace },
    spec: {
      serverRef: { name: "san" },
      shelf: 0,
      slot: 1,
      backing: { device: "/dev/vdb" },
      clientRefs: [{ name: "bella" }],
    },
  });
  await K8s(XenDomain).Apply({
    metadata: { name: "vm-test", namespace },
    spec: {
      hostRefs: [{ name: "bella" }, { name: "brutus" }],
      memory: "128Mi",
      boot: { kernel: "/boot/vmlinuz-guest" },
    },
  });
});

describe("the commands on a real API server", () => {
  it("why walks to the Secret that is not there", async () => {
    const { code, stdout, stderr } = await xensan("why", "aoev/data");
    // Right after the kinds are installed the server may ask the client to retry.
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^(reading .+; retrying in .+ s\n)*$/),
    });
    expect(stdout).toContain("? AoeVolume data: Pending");
    expect(stdout).toContain("✘ Secret rack-ssh (spec.ssh.privateKeySecretRef): NotFound");
    const { causes } = JSON.parse((await xensan("why", "aoev/data", "-o", "json")).stdout);
    expect(causes).toEqual([expect.objectContaining({ kind: "Secret", name: "rack-ssh", state: "Missing" })]);
    expect(await xensan("why", "aoev/dta")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`there is no AoeVolume "dta" in namespace ${namespace}, did you mean data?`),
    });
  });

  it("topology shows every object", async () => {
    const { stdout } = await xensan("topology");
    for (const text of ["AoeServer san", "AoeVolume data", "XenHost bella", "XenHost brutus", "XenDomain vm-test"])
      expect(stdout).toContain(text);
    expect(stdout).toContain("0 of 5 ready");
  });

  it("plan changes nothing, and says what would", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-plan-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = path.join(directory, "volumes.json");
    const volume = (name: string, slot: number, more: object = {}) => ({
      ...{ apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume", metadata: { name } },
      spec: { serverRef: { name: "san" }, shelf: 0, slot, backing: { device: "/dev/vdb" }, ...more },
    });
    const manifests = [
      volume("data", 1, { access: "ReadOnly" }),
      volume("new", 2, { serverRef: { name: "nas" } }),
      volume("bad", 999),
    ];
    await writeFile(file, manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n"));
    const { code, stdout, stderr } = await xensan("plan", "-f", file, "-o", "json");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(JSON.parse(stdout).objects).toEqual([
      expect.objectContaining({
        ...{ name: "data", namespace, verdict: "Change" },
        changes: [{ path: "spec.access", before: "ReadWrite", after: "ReadOnly" }],
      }),
      expect.objectContaining({
        ...{ name: "new", verdict: "Create" },
        missing: ["AoeServer nas (spec.serverRef), which does not exist"],
      }),
      expect.objectContaining({ name: "bad", verdict: "Refused", message: expect.stringContaining("spec.slot") }),
    ]);
    const { items } = await K8s(AoeVolume).InNamespace(namespace).Get();
    expect(items.map(({ metadata, spec }) => [metadata?.name, spec.access])).toEqual([["data", "ReadWrite"]]);
  });

  it("migrate creates a XenMigration and waits for its end", async () => {
    const waiting = xensan("migrate", "vm-test", "--to", "brutus", "--wait", "-o", "json");
    const created = async () => (await K8s(XenMigration).InNamespace(namespace).Get()).items[0]?.metadata?.name ?? "";
    await expect.poll(created, { timeout: 30_000 }).toMatch(/^vm-test-to-brutus-/);
    const name = await created();
    await say(
      XenMigration,
      name,
      "Succeeded",
      { status: "True", reason: "Succeeded" },
      { sourceHostRef: { name: "bella" }, targetHostRef: { name: "brutus" } },
    );
    const { code, stdout, stderr } = await waiting;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name, succeeded: "True", source: "bella", target: "brutus" });
    expect(stderr).toContain(`xenmigration/${name} created`);
    const { spec } = await K8s(XenMigration).InNamespace(namespace).Get(name);
    expect(spec).toEqual({
      ...{ domainRef: { name: "vm-test" }, targetHostRef: { name: "brutus" }, mode: "Live", timeoutSeconds: 3600 },
    });
  });

  it("drain sets and takes back the maintenance of a host, and waits until it is empty", async () => {
    const waiting = xensan("drain", "bella", "--wait");
    const maintenance = async () => (await K8s(XenHost).InNamespace(namespace).Get("bella")).spec.maintenance;
    await expect.poll(maintenance, { timeout: 30_000 }).toBe("Drain");
    await say(XenHost, "bella", "Drained", { status: "True", reason: "Drained", message: "The host has no domains" });
    expect(await waiting).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Drained: The host has no domains"),
    });
    expect(await xensan("drain", "bella", "--undo")).toMatchObject({ code: 0 });
    expect(await maintenance()).toBe("None");
  });

  it("completes the names of objects", async () => {
    const started = startXensan(["__complete", "why", "-n", namespace, "xenhost/b"], {
      KUBECONFIG: inject("kubeconfigPath"),
    });
    expect([await started.ended, started.stdout()]).toEqual([0, "xenhost/bella\nxenhost/brutus\n:4\n"]);
  });

  it("is judged by the rights of whom it impersonates", async () => {
    const asVera = () => xensan("topology", "--as", "vera", "--as-group", "watchers");
    expect(await asVera()).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: expect.stringMatching(
        /^xensan topology: reading \w+ objects of namespace cli-commands: \w+\.xensan\.dev is forbidden: User "vera" cannot list resource /,
      ),
    });
    const binding = ["rolebinding", "watchers", "-n", namespace];
    await tool("kubectl", inject("kubeconfigPath"), [
      ...["create", ...binding, "--clusterrole=xensan-viewer", "--group=watchers"],
    ]);
    onTestFinished(async () => {
      await tool("kubectl", inject("kubeconfigPath"), ["delete", ...binding]);
    });
    await expect.poll(asVera, { timeout: 10_000 }).toMatchObject({ code: 0, stderr: "" });
    expect((await asVera()).stdout).toContain("0 of 5 ready");
    const drain = await xensan("drain", "bella", "--as", "vera", "--as-group", "watchers");
    expect(drain).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('User "vera" cannot patch resource "xenhosts" in API group "xensan.dev"'),
    });
  });

  it("takes the context that is asked for, and names those that there are", async () => {
    const started = startXensan(["topology", "--context", "nowhere"], { KUBECONFIG: inject("kubeconfigPath") });
    expect(await started.ended).toBe(1);
    expect(started.stderr()).toMatch(/^xensan topology: kubeconfig \S+ has no context "nowhere"; there are: \S+\n$/);
  });
});
