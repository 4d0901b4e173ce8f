import { finalizer } from "../../api/common.ts";
import { type Ocfs2Cluster, ocfs2Clusters } from "../../api/kinds.ts";
import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import { InvalidValue } from "../../host/values.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "../../runtime/finalizers.ts";
import { againAfter, done, type ReconcileContext, type Reconciler } from "../../runtime/reconciler.ts";
import { type StatusDraft, withStatus } from "../../runtime/status-patch.ts";
import { announce } from "../announce.ts";
import { abandon, conclude, invalidSpec, suspended } from "../conclude.ts";
import { type Directives, directivesOf } from "../directives.ts";
import { no, unknown, yes } from "../finding.ts";
import { refTo } from "../identity.ts";
import { clusterSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import { type Handed, merged, soonest } from "../work.ts";
import type { Means } from "../world.ts";
import { act, conditionsOf, lookAgain, nothing, reasonAndMessage } from "./act.ts";
import { describeCluster, type Restart } from "./describe.ts";
import { concerns } from "./ensure-healthy.ts";
import { type ClusterFinding, nothingFound } from "./finding.ts";
import { keep } from "./keep.ts";
import type { ClusterObservation } from "./observation.ts";
import { observeCluster } from "./observe.ts";
import { planCluster } from "./plan.ts";
import { release } from "./release.ts";
import { watchClusters } from "./watches.ts";

const owned = ["Configured", "Online", "Formatted", "Mounted", "Healthy"] as const;

/** Makes one Ocfs2Cluster true: one cluster on all nodes, every file system made once and mounted everywhere. */
export const controlClusters = (means: Means): Controlled => watchClusters(means.world, clusterReconciler(means));

function clusterReconciler(options: Means): Reconciler {
  const { api, world, events } = options;
  const store = world.stores.clusters;
  return {
    async reconcile(key, context) {
      const cluster = store.get(key);
      if (cluster === undefined || (isDeleting(cluster) && !hasFinalizer(cluster, finalizer))) return done;
      const directives = directivesOf(cluster.metadata);
      if (isDeleting(cluster) && directives.abandoned)
        return await abandon(options, ocfs2Clusters, cluster, leftBy(cluster), context);
      const write = { api, kind: ocfs2Clusters, object: cluster, store, leading: context.leading };
      const before = cluster.status?.conditions;
      return await withStatus({ ...write, initial: structuredClone(cluster.status ?? {}) }, async (draft) => {
        const parsed = clusterSpec(cluster);
        const outcome = parsed.ok
          ? await converge(options, cluster, parsed.spec, directives, draft, context)
          : { handed: nothing, conditions: invalidSpec(cluster, owned, parsed.message), released: false };
        conclude(draft.status, cluster, {
          directives,
          conditions: outcome.conditions,
          owned,
          ready: () => ready(draft.status, cluster, directives),
          now: world.clock.now(),
        });
        announce(events, ocfs2Clusters, cluster, {
          before,
          after: draft.status.conditions,
          log: context.log,
        });
        if (outcome.released) {
          await draft.flush();
          await removeFinalizer({ api, kind: ocfs2Clusters, object: cluster, finalizer, signal: context.signal });
        }
        const { againSeconds } = outcome.handed;
        return againSeconds === undefined ? done : againAfter(againSeconds);
      });
    },
  };
}

interface Outcome {
  readonly handed: Handed;
  readonly conditions: readonly ConditionUpdate[];
  readonly released: boolean;
}

async function converge(
  options: Means,
  cluster: Ocfs2Cluster,
  spec: Ocfs2ClusterSpec,
  directives: Directives,
  draft: StatusDraft<Ocfs2ClusterStatus>,
  context: ReconcileContext,
): Promise<Outcome> {
  const { world } = options;
  const observe = () => observeCluster(world, cluster, spec, draft.status);
  let observation = observe();
  if (isDeleting(cluster)) return await letGo(options, cluster, observation, directives, draft, context);
  let finding = plan(observation);
  const frozen = directives.paused || directives.dryRun;
  // Before the first side effect, and before a file system that is there already is taken for ours.
  if (!frozen && finding.steps.length + finding.writes.length > 0 && !hasFinalizer(cluster, finalizer))
    world.stores.clusters.observe(
      await addFinalizer({ api: options.api, kind: ocfs2Clusters, object: cluster, finalizer, signal: context.signal }),
    );
  // What is found out is written down before anything rests upon it; then everything is looked at once more.
  for (let round = 0; round < 3 && !frozen && finding.writes.length > 0; round++) {
    context.signal.throwIfAborted();
    await keep(world, cluster, finding.writes, observation, draft);
    observation = observe();
    finding = plan(observation);
  }
  tellRestarts(options, cluster, describe(draft.status, observation));
  tellReports(options, cluster, observation);
  const handed = act(options, cluster, finding, observation, directives, draft.status, context);
  const troubled = observation.nodes.some((node) => node.state === "Found" && node.troubles.length > 0);
  const again = [
    handed.againSeconds,
    frozen || !finding.lookAgain ? undefined : lookAgain(world, cluster),
    troubled ? 60 : undefined,
  ];
  return {
    handed: { ...handed, againSeconds: soonest(again) },
    conditions: merged(finding.conditions, handed.held.flatMap(conditionsOf)),
    released: false,
  };
}

async function letGo(
  options: Means,
  cluster: Ocfs2Cluster,
  observation: ClusterObservation,
  directives: Directives,
  draft: StatusDraft<Ocfs2ClusterStatus>,
  context: ReconcileContext,
): Promise<Outcome> {
  const left = release(observation);
  const stopped = suspended(directives);
  if (left.kind === "Released") return { handed: nothing, conditions: stopped, released: stopped.length === 0 };
  describe(draft.status, observation);
  const handed = act(options, cluster, left.finding, observation, directives, draft.status, context);
  const failed = handed.held.map(({ step, outcome }) => yes("DeletionBlocked", ...reasonAndMessage(step, outcome)));
  return { handed, conditions: merged(left.finding.conditions, failed, stopped), released: false };
}

/** A value that passed the schema and that no host can be given all the same. */
function plan(observation: ClusterObservation): ClusterFinding {
  try {
    return planCluster(observation);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { ...nothingFound, conditions: owned.map((type) => unknown(type, "InvalidSpec", error.message)) };
  }
}

function describe(status: Ocfs2ClusterStatus, observation: ClusterObservation): readonly Restart[] {
  try {
    return describeCluster(status, observation);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return [];
  }
}

function tellRestarts({ events }: Means, cluster: Ocfs2Cluster, restarts: readonly Restart[]): void {
  for (const { host, label } of restarts)
    events.record(ocfs2Clusters, cluster, {
      type: "Warning",
      reason: "RestartedWhileMounted",
      action: "Observe",
      note: `${host} has begun a new boot although it had ${label} mounted: it fenced itself, crashed, or was reset`,
    });
}

/** What else a kernel says, such as that a connection ended, comes with every unmount. */
const toldKinds = new Set(["IoError", "Ocfs2Error", "Heartbeat", "Fencing"]);

function tellReports({ events, world }: Means, cluster: Ocfs2Cluster, observation: ClusterObservation): void {
  const { namespace = "", name } = cluster.metadata;
  for (const { host, listed } of observation.nodes) {
    const watched = listed ? world.machines.of(refTo("XenHost", namespace, host)) : undefined;
    if (watched === undefined) continue;
    const fresh = world.kernelReports.tell(watched, world.clock.monotonic(), refTo("Ocfs2Cluster", namespace, name));
    for (const { kind, message } of fresh.filter(
      (report) => toldKinds.has(report.kind) && concerns(observation, report),
    ))
      events.record(ocfs2Clusters, cluster, {
        type: "Warning",
        reason: "KernelReports",
        action: "Observe",
        note: `${host}: its kernel reports ${kind}: ${message}`,
      });
  }
}

function ready(status: Ocfs2ClusterStatus, cluster: Ocfs2Cluster, directives: Directives): ConditionUpdate {
  if (isDeleting(cluster)) return no("Ready", "Deleting", "The cluster is being deleted");
  const summary = summarise(status.conditions ?? [], {
    type: "Ready",
    required: [...owned],
    readyMessage: "Every file system is mounted on every node",
  });
  if (summary.status !== "True") {
    if (directives.paused && summary.reason === "Progressing") return { ...summary, reason: "Paused" };
    if (directives.dryRun && summary.reason === "Progressing") return { ...summary, reason: "DryRun" };
    return summary;
  }
  // What waits until somebody unmounts is no trouble of its condition, but the spec does not hold yet.
  const waiting = status.conditions?.find(({ reason }) => reason === "PendingRestart" || reason === "PendingUnmount");
  return waiting === undefined
    ? summary
    : { type: "Ready", status: "False", reason: waiting.reason, message: waiting.message };
}

function leftBy({ status }: Ocfs2Cluster): string {
  const hosts = (status?.nodes ?? []).map(({ hostRef }) => hostRef.name).join(", ");
  return `The cluster may still be configured, online and mounted on ${hosts}: clean up there by hand`;
}
