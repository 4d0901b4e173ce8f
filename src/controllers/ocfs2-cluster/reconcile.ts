import { type Ocfs2Cluster, ocfs2Clusters } from "../../api/kinds.ts";
import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import { unlessInvalid } from "../../host/values.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { convergence } from "../converge.ts";
import { suspends } from "../directives.ts";
import { printed } from "../gate.ts";
import { type Pass, reconcilerOf } from "../reconciler.ts";
import { clusterSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means } from "../world.ts";
import { conditionOf, jobs, lookAgain } from "./act.ts";
import { describeCluster, describeTaken, type Restart } from "./describe.ts";
import { type ClusterFinding, nothingFound, type Write } from "./finding.ts";
import type { ClusterObservation } from "./observation.ts";
import { observeCluster } from "./observe.ts";
import { persist } from "./persist.ts";
import { planCluster } from "./plan.ts";
import { owned, ready } from "./ready.ts";
import { release } from "./release.ts";
import { tellReports, tellRestarts } from "./tell.ts";
import { concernedBy, watchClusters } from "./watches.ts";

type ClusterPass = Pass<Ocfs2Cluster, Ocfs2ClusterSpec, Ocfs2ClusterStatus>;

/** Reconciles Ocfs2Clusters: one cluster on all nodes, every file system created once and mounted everywhere. */
export function controlClusters(means: Means): Controlled {
  const { world } = means;
  const shared = { kind: ocfs2Clusters, store: world.stores.clusters, owned };
  const observe = ({ object, spec, draft }: ClusterPass) => observeCluster(world, object, spec, draft.status);
  const converge = convergence<Ocfs2Cluster, Ocfs2ClusterSpec, Ocfs2ClusterStatus, ClusterObservation, ClusterFinding>(
    means,
    {
      ...shared,
      observe,
      plan: planCluster,
      release,
      planWith: (conditions) => ({ ...nothingFound, conditions }),
      // Also before an existing file system is adopted, and after one was adopted while the machines were only
      // observed.
      needsFinalizer: ({ filesystems }, { writes }) =>
        writes.length > 0 || filesystems.some(({ recorded }) => recorded?.uuid !== undefined),
      async prepare(pass, first, planned) {
        const { directives, object, draft, context } = pass;
        let [seen, plan] = [first, planned];
        const frozen = suspends(directives);
        // Store each finding before anything rests on it; then observe and plan again.
        const observed = concernedBy(world, object).some(({ observer }) => observer !== undefined);
        // On observed machines, record what was found but not the intent to format.
        const kept = (writes: readonly Write[]) => writes.filter(({ kind }) => !observed || kind !== "Intent");
        for (let round = 0; round < 3 && !frozen && kept(plan.writes).length > 0; round++) {
          context.signal.throwIfAborted();
          await persist(world, object, kept(plan.writes), seen, draft);
          seen = observe(pass);
          plan = planCluster(seen);
        }
        return { seen, plan };
      },
      describe({ object, draft }, seen) {
        const restarts = describe(draft.status, seen);
        if (isDeleting(object)) return;
        describeTaken(draft.status, seen);
        tellRestarts(means, object, restarts);
        tellReports(means, object, seen);
      },
      preview: ({ steps, previews }) => [...printed(steps), ...previews].slice(0, 64),
      jobs: (pass, seen, steps) => jobs(world, pass.object, seen, steps),
      conditionsOfHeld: (held) => held.map(conditionOf),
      again({ object, directives }, seen, { plan }) {
        if (isDeleting(object)) return [];
        const troubled = seen.nodes.some((node) => node.state === "Found" && node.troubles.length > 0);
        const looks = plan.lookAgain && !suspends(directives);
        return [looks ? lookAgain(world, object) : undefined, troubled ? 60 : undefined];
      },
    },
  );
  const reconciler = reconcilerOf<Ocfs2Cluster, Ocfs2ClusterSpec, Ocfs2ClusterStatus>(
    means,
    { ...shared, parse: clusterSpec, converge, ready, abandoned: (cluster) => ({ left: leftBy(cluster) }) },
    () => ({}),
  );
  return watchClusters(world, reconciler);
}

const describe = (status: Ocfs2ClusterStatus, observation: ClusterObservation): readonly Restart[] =>
  unlessInvalid(
    () => describeCluster(status, observation),
    () => [],
  );

function leftBy({ status }: Ocfs2Cluster): string {
  const hosts = (status?.nodes ?? []).map(({ hostRef }) => hostRef.name).join(", ");
  return `The cluster may still be configured, online and mounted on ${hosts}: clean up there by hand`;
}
