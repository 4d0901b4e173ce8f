import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import type { Manifest } from "../../src/cli/manifests.ts";
import { leash } from "../../src/controlplane/leash.ts";
import { createKubeClient, textSource } from "../../src/runtime/client-node.ts";
import { isNotFound, type Kind, type KubeObject } from "../../src/runtime/kube-api.ts";
import { serveArtifacts } from "./source.ts";

interface FluxObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}
const kind = (group: string, name: string, plural: string): Kind<FluxObject> => ({
  group: `${group}.toolkit.fluxcd.io`,
  version: "v1",
  kind: name,
  plural,
  namespaced: true,
});
const gitRepositories = kind("source", "GitRepository", "gitrepositories");
const kustomizations = kind("kustomize", "Kustomization", "kustomizations");

const statusSchema = z.object({
  observedGeneration: z.number().optional(),
  lastAttemptedRevision: z.string().optional(),
  lastAppliedRevision: z.string().optional(),
  lastHandledReconcileAt: z.string().optional(),
  conditions: z
    .array(z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }))
    .default([]),
  inventory: z.object({ entries: z.array(z.object({ id: z.string() })) }).optional(),
});
const key = { namespace: "flux-system", name: "tutorial" };

/** What Flux says of a Kustomization. */
export interface Report {
  /** `Status/Reason` of Ready. */
  readonly ready: string;
  readonly message: string;
  readonly reconciling: boolean;
  readonly attempted: string | undefined;
  readonly applied: string | undefined;
  /** As Flux writes them: `NAMESPACE_NAME_GROUP_KIND`. */
  readonly inventory: readonly string[];
  /** The last request that it has dealt with. */
  readonly handled: string | undefined;
}

/** Flux's kustomize-controller, with a GitRepository whose archive is ours, and a Kustomization that prunes and waits. */
export interface Flux {
  /** Makes these manifests the repository's newest revision, as a push does. */
  push(revision: string, manifests: readonly Manifest[]): Promise<void>;
  report(): Promise<Report>;
  /** Deletes the Kustomization; Flux then prunes what it applied. */
  delete(): Promise<void>;
  exists(): Promise<boolean>;
  /** What `flux reconcile kustomization` does; Flux has dealt with it when the report's `handled` is `token`. */
  reconcile(token: string): Promise<void>;
  /** The end of the controller's own log. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** `timeout` as Flux takes it: how long one health check may take ("2m"). */
export async function startFlux(program: string, kubeconfig: string, timeout: string): Promise<Flux> {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-flux-"));
  const source = textSource(kubeconfig);
  const api = createKubeClient({ source });
  const artifacts = await serveArtifacts();
  const apply = (of: Kind<FluxObject>, spec: Record<string, unknown>, annotations: Record<string, string> = {}) =>
    api.apply<FluxObject>(
      of,
      { apiVersion: `${of.group}/${of.version}`, kind: of.kind, metadata: { ...key, annotations }, spec },
      { fieldManager: "test", force: true },
    );
  const controller = await startController(program, kubeconfig, directory);
  const logFile = path.join(directory, "kustomize-controller.log");
  const declare = (annotations: Record<string, string> = {}) =>
    apply(
      kustomizations,
      {
        // Far away: every round of these tests is one that was asked for, by a push or a request.
        interval: "1h",
        retryInterval: "1h",
        timeout,
        path: "./",
        prune: true,
        wait: true,
        sourceRef: { kind: "GitRepository", name: key.name },
      },
      annotations,
    );
  let declared = false;
  return {
    async push(revision, manifests) {
      const artifact = await artifacts.publish(revision, manifests);
      const { metadata } = await apply(gitRepositories, { interval: "1h", url: "https://git.example/tutorial" });
      const condition = {
        type: "Ready",
        status: "True",
        reason: "Succeeded",
        message: `stored artifact for revision '${artifact.revision}'`,
        lastTransitionTime: artifact.lastUpdateTime,
        observedGeneration: metadata.generation,
      };
      await api.apply<FluxObject>(
        gitRepositories,
        {
          apiVersion: `${gitRepositories.group}/v1`,
          kind: "GitRepository",
          metadata: key,
          status: { artifact, conditions: [condition], observedGeneration: metadata.generation },
        },
        { fieldManager: "test", force: true, subresource: "status" },
      );
      if (!declared) await declare();
      declared = true;
    },
    async report() {
      const status = statusSchema.parse((await api.get(kustomizations, key)).status ?? {});
      const condition = (type: string) => status.conditions.find((one) => one.type === type);
      const ready = condition("Ready");
      return {
        ready: `${ready?.status}/${ready?.reason}`,
        message: ready?.message ?? "",
        reconciling: condition("Reconciling")?.status === "True",
        attempted: status.lastAttemptedRevision,
        applied: status.lastAppliedRevision,
        inventory: (status.inventory?.entries ?? []).map(({ id }) => id).sort(),
        handled: status.lastHandledReconcileAt,
      };
    },
    delete: () => api.delete(kustomizations, key),
    exists: () =>
      api.get(kustomizations, key).then(
        () => true,
        (error: unknown) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      ),
    reconcile: async (token) => {
      await declare({ "reconcile.fluxcd.io/requestedAt": token });
    },
    log: async () => (await readFile(logFile, "utf8")).slice(-20_000),
    async stop() {
      await kill(controller);
      await artifacts.close();
      await api.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function startController(program: string, kubeconfig: string, directory: string): Promise<ChildProcess> {
  const file = path.join(directory, "kubeconfig");
  await writeFile(file, kubeconfig, { mode: 0o600 });
  // At its start it removes what it takes for its own leftovers from the directory for temporary files.
  const temporary = path.join(directory, "tmp");
  await mkdir(temporary);
  const log = await open(path.join(directory, "kustomize-controller.log"), "a");
  try {
    return spawn(
      await leash(program, path.join(directory, "kustomize-controller.sh")),
      ["--watch-all-namespaces", "--metrics-addr=0", "--health-addr=0", "--log-level=debug", "--no-remote-bases"],
      {
        env: { ...process.env, KUBECONFIG: file, TMPDIR: temporary, RUNTIME_NAMESPACE: key.namespace },
        stdio: ["ignore", log.fd, log.fd],
      },
    );
  } finally {
    await log.close();
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
