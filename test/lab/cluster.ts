import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { aoeServers, aoeVolumes, ocfs2Clusters, xenDomains, xenHosts, xenMigrations } from "../../src/api/kinds.ts";
import { type Manifest, readManifests } from "../../src/cli/manifests.ts";
import { type ControlPlane, startControlPlane } from "../../src/controlplane/control-plane.ts";
import { createKubeClient, textSource } from "../../src/runtime/client-node.ts";
import { type Kind, KubeError, type KubeObject } from "../../src/runtime/kube-api.ts";
import { applyManifests } from "../../src/up/apply.ts";
import { fitToRack } from "../../src/up/fit-to-rack.ts";
import { LabError, projectRoot } from "./places.ts";
import type { Rack } from "./rack.ts";
import type { Words } from "./scenario.ts";

/** xensan's kinds. */
export const kinds: readonly Kind[] = [aoeServers, aoeVolumes, xenHosts, ocfs2Clusters, xenDomains, xenMigrations];
const namespace = "san";

interface Conditioned extends KubeObject {
  status?: {
    observedGeneration?: number;
    conditions?: { type: string; status: string; reason: string; message: string; observedGeneration?: number }[];
  };
}

/** A control plane with our definitions in it, and the words to use it. */
export interface Cluster extends Pick<Words, "apply" | "examples" | "remove" | "get" | "become" | "ready" | "gone"> {
  readonly kubeconfigFile: string;
  /** All our objects, and their events. */
  dump(): Promise<{ readonly objects: KubeObject[]; readonly events: KubeObject[] }>;
  stop(): Promise<void>;
}

export async function startCluster(rack: Rack, signal: AbortSignal): Promise<Cluster> {
  const controlPlane = await startControlPlane({ signal });
  await controlPlane.installCrds([path.join(projectRoot, "crds")]);
  const cluster = clusterAt(rack, controlPlane, signal);
  return {
    ...cluster,
    async stop() {
      await cluster.stop();
      await controlPlane.stop();
    },
  };
}

/** A control plane that the caller starts and stops, with our definitions in it. */
export function clusterAt(
  rack: Rack,
  { kubeconfig, kubeconfigPath }: Pick<ControlPlane, "kubeconfig" | "kubeconfigPath">,
  signal: AbortSignal,
): Cluster {
  const api = createKubeClient({ source: textSource(kubeconfig) });
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(kubeconfig);

  const everything = async () => {
    const lists = await Promise.all(kinds.map((kind) => api.list(kind, { namespace })));
    return lists.flatMap(({ items }, index) =>
      items.map((object: Conditioned) => ({ kind: kinds[index]?.kind ?? "", object })),
    );
  };
  /** Waits until `look` returns an empty text; the error contains its last result. */
  const wait = async (what: string, withinSeconds: number, look: () => Promise<string>) => {
    const deadline = performance.now() + withinSeconds * 1000;
    for (;;) {
      const missing = await look();
      if (missing === "") return;
      if (performance.now() > deadline) throw new LabError(`${what}: not within ${withinSeconds} s: ${missing}`);
      await delay(500, undefined, { signal });
    }
  };
  const plain = new Set(rack.plan.hosts.filter(({ host }) => host.xen.toolstack === "none").map(({ name }) => name));
  /** The condition that says that an object is as it should be on this rack. */
  const readiness = (kind: string, { metadata }: KubeObject) =>
    kind === xenHosts.kind && plain.has(metadata.name) ? "AoeReady" : "Ready";
  const endpoints = () =>
    new Map(rack.plan.hosts.map(({ name }) => [name, { host: "127.0.0.1", port: rack.sshPort(name) }]));
  const moved = () => rack.plan.hosts.map(({ name, host }) => ({ from: host.ssh.port, to: rack.sshPort(name) }));

  return {
    kubeconfigFile: kubeconfigPath,
    async apply(...manifests) {
      const placed = manifests.map((manifest): Manifest => {
        if (manifest.kind === "Namespace") return manifest;
        return { ...manifest, metadata: { namespace, ...manifest.metadata } };
      });
      const reachable = { server: { endpoints: endpoints(), clientKey: rack.privateKey }, moved: moved() };
      await applyManifests(kubeConfig, fitToRack(placed, reachable));
    },
    examples: (where) => readManifests(path.join(projectRoot, "examples", where)),
    remove: (kind, name) => api.delete(kind, { namespace, name }),
    get: (kind, name) => api.get(kind, { namespace, name }),
    async become(kind, name, condition, withinSeconds = 300) {
      const [type, status, reason] = condition.split("/");
      let message = "";
      await wait(`${kind.kind} ${name} ${condition}`, withinSeconds, async () => {
        const object: Conditioned = await api.get(kind, { namespace, name });
        const conditions = object.status?.conditions ?? [];
        const found = conditions.find((one) => one.type === type);
        message = found?.message ?? "";
        const fits = found?.status === status && (reason === undefined || found?.reason === reason);
        return fits ? "" : show(conditions);
      });
      return message;
    },
    async ready(withinSeconds = 300) {
      await wait("everything Ready", withinSeconds, async () =>
        (await everything())
          // A migration is one attempt, and is checked by its name.
          .filter(({ kind, object }) => kind !== xenMigrations.kind && !isTrue(object, readiness(kind, object)))
          .map(({ kind, object }) => `\n${kind} ${object.metadata.name}: ${show(object.status?.conditions ?? [])}`)
          .join(""),
      );
    },
    async gone(kind, name, withinSeconds = 180) {
      await wait(`${kind.kind} ${name} gone`, withinSeconds, async () => {
        try {
          const object: Conditioned = await api.get(kind, { namespace, name });
          return show(object.status?.conditions ?? []);
        } catch (error) {
          if (error instanceof KubeError && error.status === 404) return "";
          throw error;
        }
      });
    },
    async dump() {
      const events: Kind = { group: "events.k8s.io", version: "v1", kind: "Event", plural: "events", namespaced: true };
      return {
        objects: (await everything()).map(({ kind, object }) => ({ ...object, kind })),
        events: (await api.list(events, { namespace })).items,
      };
    },
    stop: () => api.close(),
  };
}

function isTrue({ metadata, status }: Conditioned, type: string): boolean {
  const condition = status?.conditions?.find((one) => one.type === type);
  return condition?.status === "True" && (condition.observedGeneration ?? metadata.generation) === metadata.generation;
}

const show = (conditions: readonly { type: string; status: string; reason: string; message: string }[]) =>
  conditions.length === 0
    ? "no conditions"
    : conditions.map(({ type, status, reason, message }) => `\n  ${type}/${status}/${reason}: ${message}`).join("");
