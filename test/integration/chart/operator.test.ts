import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CoordinationV1Api, KubeConfig } from "@kubernetes/client-node";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { type Manifest, readManifests } from "../../../src/cli/manifests.ts";
import { loadRack, tutorialRack } from "../../../src/sim/rack-file.ts";
import { applyManifests } from "../../../src/up/apply.ts";
import { startRack } from "../../../src/up/cloud.ts";
import { fitToRack } from "../../../src/up/fit-to-rack.ts";
import { followUntilReady } from "../../../src/up/follow.ts";
import { installChart, uninstallChart } from "../chart-install.ts";
import { eventually } from "../eventually.ts";
import { serviceAccountKubeconfig } from "../service-account.ts";
import { tool } from "../tools.ts";
import { startXensan, type XensanProcess } from "../xensan-process.ts";
import { askedBy, covers, rightsOf, rightText } from "./rights.ts";

const tutorial = fileURLToPath(new URL("../../../examples/tutorial", import.meta.url));
const namespace = "as-service-account";

const whatBlocks =
  '{range .items[*]}{.metadata.name}: {.status.conditions[?(@.type=="DeletionBlocked")].message}{"\\n"}{end}';
const kubectl = (...args: string[]) => tool("kubectl", inject("kubeconfigPath"), args);
const admin = new KubeConfig();
admin.loadFromString(inject("kubeconfig"));
const operator = { namespace: "xensan-system", name: "xensan" };
/**
 * Rights that a smooth run may not need: an object is read again after a conflict about its finalizer or status, and a
 * repeated event is patched.
 */
const inTrouble = /^(get (xensan\.dev\/[a-z0-9]+|\/secrets)|patch events\.k8s\.io\/events)$/;
const patch = (object: string, spec: object) =>
  kubectl("patch", object, "-n", namespace, "--type=merge", `--patch=${JSON.stringify({ spec })}`);
const leases = admin.makeApiClient(CoordinationV1Api);
const holder = async () =>
  (await leases.readNamespacedLease({ namespace: "xensan-system", name: "xensan" })).spec?.holderIdentity ?? "";

interface Replica extends XensanProcess {
  readonly get: (path: string, token?: string) => Promise<{ status: number; text: string }>;
}

/** One replica, as the chart's container runs it, but outside of a container. */
async function startReplica(
  identity: string,
  { account = inject("operatorKubeconfig"), flags = ["--lease-namespace=xensan-system"] } = {},
): Promise<Replica> {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-replica-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const kubeconfig = path.join(directory, "kubeconfig");
  await writeFile(kubeconfig, account, { mode: 0o600 });
  const started = startXensan([
    "run",
    `--kubeconfig=${kubeconfig}`,
    `--identity=${identity}`,
    ...flags,
    "--listen=127.0.0.1:0",
    "--probe-interval=2",
    "--allow-address=127.0.0.0/8",
  ]);
  onTestFinished(() => started.kill("SIGKILL"));
  const [, port] = await started.until(/"port":(\d+)/);
  return {
    ...started,
    get: async (where, token) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(`http://127.0.0.1:${port}${where}`, { headers });
      return { status: response.status, text: await response.text() };
    },
  };
}

describe("two replicas that run as the chart's service account", () => {
  it("converge the tutorial under its rights alone, and the second takes over when the first is told to stop", async () => {
    const rack = await startRack(loadRack(tutorialRack));
    onTestFinished(() => rack.server.close());
    const manifests = (await readManifests(tutorial))
      // A migration is a single attempt, made when there is something to migrate.
      .filter(({ kind }) => kind !== "Namespace" && kind !== "XenMigration")
      .map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace } }));
    const applied = await applyManifests(admin, fitToRack(manifests, rack));

    const flags = ["--lease-namespace=xensan-system", "--metrics-auth=kubernetes"];
    const first = await startReplica("first", { flags });
    await eventually("the first leads", async () => (await holder().catch(() => "")).startsWith("first_"), 20);
    const second = await startReplica("second", { flags });

    const rows = await followUntilReady({
      kubeConfig: admin,
      manifests: applied.filter(({ apiVersion }) => apiVersion.startsWith("xensan.dev/")),
      elapsed: () => 0,
      onRows: () => undefined,
      signal: AbortSignal.timeout(150_000),
    });
    expect(rows.map(({ kind, name, ready, message }) => ({ object: `${kind} ${name}`, ready, message }))).toEqual(
      rows.map(({ kind, name, message }) => ({ object: `${kind} ${name}`, ready: "True", message })),
    );
    expect(rows).toHaveLength(7);

    await eventually("the second is ready", async () => (await second.get("/readyz")).status === 200, 20);
    expect(await first.get("/healthz")).toMatchObject({ status: 200 });
    await kubectl("create", "serviceaccount", "scraper", "-n", namespace);
    const binding = ["scraper", "--clusterrole=xensan-metrics-reader", `--serviceaccount=${namespace}:scraper`];
    await kubectl("create", "clusterrolebinding", ...binding);
    onTestFinished(async () => void (await kubectl("delete", "clusterrolebinding", "scraper")));
    const token = (await kubectl("create", "token", "scraper", "-n", namespace)).trim();
    expect((await first.get("/metrics", token)).text).toContain(
      'xensan_leader_election_master_status{name="xensan"} 1',
    );
    expect((await second.get("/metrics", token)).text).toContain(
      'xensan_leader_election_master_status{name="xensan"} 0',
    );

    const home = await kubectl("get", "xendomain", "vm-test", "-n", namespace, "-o=jsonpath={.status.hostRef.name}");
    await patch(`xenhost/${home}`, { maintenance: "Drain" });
    await kubectl("wait", "-n", namespace, "--for=condition=Drained", `xenhost/${home}`, "--timeout=60s");
    const [moved = ""] = (await kubectl("get", "xenmigrations", "-n", namespace, "-o=name")).split("\n");
    await patch(moved, { ttlSecondsAfterFinished: 0 });
    await kubectl("wait", "-n", namespace, "--for=delete", moved, "--timeout=30s");
    await patch(`xenhost/${home}`, { maintenance: "None" });

    first.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await eventually("the second leads", async () => (await holder()).startsWith("second_"), 20);

    for (const kind of ["xendomains", "ocfs2clusters", "aoevolumes", "xenhosts", "aoeservers"]) {
      await kubectl("delete", kind, "--all", "-n", namespace, "--timeout=60s").catch(async (error: unknown) => {
        const left = await kubectl("get", kind, "-n", namespace, `-o=jsonpath=${whatBlocks}`);
        throw new Error(`${kind} are not deleted:\n${left}`, { cause: error });
      });
    }

    second.kill("SIGTERM");
    expect(await second.ended).toBe(0);
    expect(await holder()).toBe("");
    expect(first.stdout() + second.stdout()).not.toContain("PRIVATE KEY");

    const asked = await askedBy(inject("auditLog"), operator);
    expect(asked.filter(({ allowed }) => !allowed).map(rightText)).toEqual([]);
    const bindings = await kubectl("get", "roles,rolebindings,clusterroles,clusterrolebindings", "-A", "-o=json");
    const rights = rightsOf(bindings, operator);
    const unused = rights.filter((right) => !asked.some((one) => covers(right, one))).map(rightText);
    expect(unused.filter((right) => !inTrouble.test(right))).toEqual([]);
  });
});

describe("a release that serves one namespace", () => {
  it("works with a Role there, and sees nothing of the others", async () => {
    const release = {
      name: "tenant",
      namespace: "tenant-ops",
      values: { namespaces: ["tenant"], fullnameOverride: "tenant" },
    };
    await kubectl("create", "namespace", "tenant");
    await installChart(inject("kubeconfigPath"), release);
    onTestFinished(() => uninstallChart(inject("kubeconfigPath"), release));
    const account = await serviceAccountKubeconfig(inject("kubeconfig"), { namespace: "tenant-ops", name: "tenant" });
    const server = (namespace: string): Manifest => ({
      apiVersion: "xensan.dev/v1alpha1",
      kind: "AoeServer",
      metadata: { name: "san", namespace },
      ...{
        spec: {
          ssh: {
            host: "127.0.0.1",
            port: 1,
            privateKeySecretRef: { name: "absent" },
            hostKeyPolicy: "TrustOnFirstUse",
          },
          interfaces: [{ name: "eth1" }],
          allowedBackings: ["/dev/vdb"],
        },
      },
    });
    await applyManifests(admin, [server("tenant"), server("neighbour")]);

    const replica = await startReplica("tenant", {
      account,
      flags: ["--lease-namespace=tenant-ops", "--lease-name=tenant", "--namespace=tenant"],
    });
    const reason = (namespace: string) =>
      kubectl(
        "get",
        "aoeserver",
        "san",
        "-n",
        namespace,
        "-o",
        'jsonpath={.status.conditions[?(@.type=="Ready")].reason}',
      );
    await eventually(
      "the tenant's server says what it needs",
      async () => (await reason("tenant")) === "SecretNotFound",
      20,
    );
    expect(await reason("neighbour")).toBe("Pending");

    await kubectl("delete", "aoeserver", "san", "-n", "tenant", "--timeout=30s");
    await kubectl("delete", "aoeserver", "san", "-n", "neighbour", "--timeout=30s");
    replica.kill("SIGTERM");
    expect(await replica.ended).toBe(0);
    expect(
      replica
        .stdout()
        .split("\n")
        .filter((line) => /forbidden/i.test(line)),
    ).toEqual([]);
  });
});
