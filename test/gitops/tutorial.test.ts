import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFailed, vi } from "vitest";
import { z } from "zod";
import { type Manifest, readManifests } from "../../src/cli/manifests.ts";
import { serve } from "../../src/cli/serve.ts";
import { textSource } from "../../src/runtime/client-node.ts";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { startRack } from "../../src/up/cloud.ts";
import { fitToRack } from "../../src/up/fit-to-rack.ts";
import { tool } from "../integration/tools.ts";
import { type Flux, startFlux } from "./flux.ts";

const tutorial = fileURLToPath(new URL("../../examples/tutorial", import.meta.url));
const kubectl = (...args: string[]) => tool("kubectl", inject("kubeconfigPath"), args);
/** A round of Flux asks for the state of everything each 5 s; the tutorial takes less than a minute by itself. */
const limit = { timeout: 240_000, interval: 250 };

const listSchema = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({ name: z.string(), generation: z.number() }),
      status: z
        .object({
          conditions: z.array(
            z.object({ type: z.string(), status: z.string(), reason: z.string(), lastTransitionTime: z.string() }),
          ),
        })
        .optional(),
    }),
  ),
});
const ourKinds = "aoeservers,aoevolumes,xenhosts,ocfs2clusters,xendomains,xenmigrations";
const objects = async () =>
  listSchema.parse(JSON.parse(await kubectl("get", ourKinds, "--namespace=san", "--output=json"))).items;
const generations = async () =>
  Object.fromEntries(
    (await objects()).map(({ kind, metadata: { name, generation } }) => [`${kind}/${name}`, generation]),
  );
const conditionOf = async (kind: string, name: string, type: string) => {
  const found = (await objects()).find((object) => object.kind === kind && object.metadata.name === name);
  return found?.status?.conditions.find((condition) => condition.type === type);
};
const word = async (kind: string, name: string, type: string) => {
  const condition = await conditionOf(kind, name, type);
  return `${condition?.status}/${condition?.reason}`;
};

let manifests: readonly Manifest[];
let flux: Flux;
let rack: Awaited<ReturnType<typeof startRack>>;
const stopping = new AbortController();
let operator: Promise<void>;

beforeAll(async () => {
  rack = await startRack(loadRack(tutorialRack));
  const [secrets, others] = partition(fitToRack(await readManifests(tutorial), rack), ({ kind }) => kind === "Secret");
  manifests = others;
  // What nobody keeps in a repository is there before.
  await kubectl("create", "namespace", "san");
  await kubectl("create", "namespace", "flux-system");
  for (const { metadata } of secrets)
    await kubectl(
      "create",
      "secret",
      "generic",
      metadata.name,
      "--namespace=san",
      "--type=kubernetes.io/ssh-auth",
      `--from-literal=ssh-privatekey=${rack.server.clientKey}`,
    );
  operator = serve(
    {
      source: textSource(inject("operatorKubeconfig")),
      allow: ["127.0.0.0/8", "::1"],
      listen: { host: "127.0.0.1", port: 0 },
      metricsAuth: "None",
      log: pino({ level: "silent" }),
      config: { probeIntervalSeconds: 2 },
    },
    stopping.signal,
  );
  operator.catch(() => undefined);
  flux = await startFlux(inject("clients").kustomizeController, inject("kubeconfig"), "3m");
});
afterAll(async () => {
  await flux?.stop();
  stopping.abort(new Error("the tests are over"));
  await operator?.catch(() => undefined);
  await rack?.server.close();
});

function partition<T>(all: readonly T[], is: (one: T) => boolean): [T[], T[]] {
  return [all.filter(is), all.filter((one) => !is(one))];
}

/** The manifests with another spec for one of them, as an edit in the repository. */
const edited = (kind: string, name: string, change: (spec: Record<string, unknown>) => Record<string, unknown>) =>
  manifests.map((manifest) => {
    if (manifest.kind !== kind || manifest.metadata.name !== name || !("spec" in manifest)) return manifest;
    const spec = z.record(z.string(), z.unknown()).parse(manifest.spec);
    return { ...manifest, ...{ spec: change(spec) } };
  });
const ours = (kind: string, name: string, spec: Record<string, unknown>): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind,
  metadata: { name, namespace: "san" },
  ...{ spec },
});

const revisionOf = (name: string) => `main@sha1:${name}`;
async function settled(revision: string, ready: string) {
  onTestFailed(async () => console.error(await flux.log()));
  await vi.waitFor(async () => {
    const report = await flux.report();
    expect(report, report.message).toMatchObject({
      ready,
      reconciling: ready !== "True/ReconciliationSucceeded" && report.reconciling,
    });
    expect(report.attempted).toBe(revisionOf(revision));
    if (ready.startsWith("True")) expect(report.applied).toBe(revisionOf(revision));
  }, limit);
  return flux.report();
}

describe("Flux's kustomize-controller, with prune and wait", () => {
  it("applies the tutorial, and is ready once everything is, the migration too", async () => {
    await flux.push("tutorial", manifests);
    const { inventory } = await settled("tutorial", "True/ReconciliationSucceeded");
    expect(inventory).toEqual(
      manifests
        .map(({ apiVersion, kind, metadata: { namespace = "", name } }) =>
          [namespace, name, apiVersion.includes("/") ? apiVersion.split("/")[0] : "", kind].join("_"),
        )
        .sort(),
    );
    const words = (await objects()).map(({ kind, metadata, status }) => {
      const ready = status?.conditions.find(({ type }) => type === "Ready");
      return `${kind}/${metadata.name} ${ready?.status}`;
    });
    expect(words.sort()).toEqual([
      "AoeServer/san True",
      "AoeVolume/data True",
      "AoeVolume/scratch True",
      "Ocfs2Cluster/xen True",
      "XenDomain/vm-test True",
      "XenHost/bella True",
      "XenHost/brutus True",
      "XenMigration/vm-test-to-brutus True",
    ]);
    expect((await word("XenMigration", "vm-test-to-brutus", "Succeeded")).split("/")[0]).toBe("True");
  });

  it("finds no drift in ten rounds beside the operator", async () => {
    const before = await generations();
    for (let round = 1; round <= 10; round++) {
      await flux.reconcile(`round-${round}`);
      await vi.waitFor(async () => {
        expect(await flux.report()).toMatchObject({
          handled: `round-${round}`,
          ready: "True/ReconciliationSucceeded",
          reconciling: false,
        });
      }, limit);
    }
    expect(await generations()).toEqual(before);
  });

  it("undoes what somebody changed with kubectl", async () => {
    const clients = () =>
      kubectl("get", "aoevolume", "scratch", "--namespace=san", "--output=jsonpath={.spec.clientRefs[*].name}");
    const patch = JSON.stringify({ spec: { clientRefs: [{ name: "bella" }] } });
    await kubectl("patch", "aoevolume", "scratch", "--namespace=san", "--type=merge", `--patch=${patch}`);
    expect(await clients()).toBe("bella");
    await flux.reconcile("drift");
    await vi.waitFor(async () => {
      expect(await flux.report()).toMatchObject({
        handled: "drift",
        ready: "True/ReconciliationSucceeded",
        reconciling: false,
      });
    }, limit);
    expect(await clients()).toBe("bella brutus");
    expect(await word("AoeVolume", "scratch", "Ready")).toBe("True/Ready");
  });

  it("is not ready while a migration waits, nor after it failed, and names it", async () => {
    const migration = ours("XenMigration", "nowhere", {
      domainRef: { name: "vm-test" },
      targetHostRef: { name: "nowhere" },
      timeoutSeconds: 30,
    });
    await flux.push("failing", [...manifests, migration]);
    await vi.waitFor(async () => {
      expect(await word("XenMigration", "nowhere", "Succeeded")).toBe("Unknown/HostNotFound");
      const { ready, reconciling, attempted } = await flux.report();
      expect({ ready, reconciling, attempted }).toEqual({
        ready: "Unknown/Progressing",
        reconciling: true,
        attempted: revisionOf("failing"),
      });
    }, limit);
    const { message, applied } = await settled("failing", "False/HealthCheckFailed");
    expect(message).toContain("XenMigration/san/nowhere status: 'Failed'");
    expect(applied).toBe(revisionOf("tutorial"));
    expect(await word("XenMigration", "nowhere", "Succeeded")).toBe("False/NotAdmitted");
  });

  it("reports a volume whose disk is missing", async () => {
    const bounds = edited("AoeServer", "san", (spec) => ({
      ...spec,
      allowedBackings: ["/dev/vdb", "/dev/vdz", "/srv/aoe/*.img"],
    }));
    const gone = ours("AoeVolume", "gone", {
      serverRef: { name: "san" },
      shelf: 0,
      slot: 9,
      backing: { device: "/dev/vdz" },
      clientRefs: [{ name: "bella" }],
    });
    await flux.push("diskless", [...bounds, gone]);
    const { message } = await settled("diskless", "False/HealthCheckFailed");
    expect(message).toContain("AoeVolume/san/gone status: 'Failed'");
    expect(message).not.toContain("AoeVolume/san/data");
  });

  it("prunes what left the repository", async () => {
    await flux.push(
      "pruned",
      manifests.filter(({ metadata: { name } }) => name !== "scratch"),
    );
    const { inventory } = await settled("pruned", "True/ReconciliationSucceeded");
    expect(inventory.filter((entry) => /scratch|gone|nowhere/.test(entry))).toEqual([]);
    await vi.waitFor(async () => {
      expect(Object.keys(await generations()).filter((name) => /scratch|gone|nowhere/.test(name))).toEqual([]);
    }, limit);
    expect(await word("AoeVolume", "data", "Ready")).toBe("True/Ready");
  });

  it("prunes everything when it is deleted itself, and nothing is left on the hosts", async () => {
    await flux.delete();
    await vi.waitFor(async () => {
      expect({ kustomization: await flux.exists(), objects: Object.keys(await generations()) }).toEqual({
        kustomization: false,
        objects: [],
      });
    }, limit);
    rack.rack.settle();
    const guests = (host: string) => rack.rack.xen.domains(host).filter(({ name }) => name !== "Domain-0");
    const shared = [...rack.rack.hosts.values()].flatMap(({ running }) =>
      running.mounts.filter(({ type }) => type === "ocfs2"),
    );
    expect({
      guests: [...rack.rack.hosts.keys()].flatMap(guests),
      mounts: shared,
      exports: rack.rack.exports(),
    }).toEqual({ guests: [], mounts: [], exports: [] });
  });
});
