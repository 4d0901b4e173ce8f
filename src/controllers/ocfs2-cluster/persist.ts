import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import type { StatusDraft } from "../../runtime/status-patch.ts";
import { refTo } from "../identity.ts";
import type { World } from "../world.ts";
import { describeCluster } from "./describe.ts";
import type { Write } from "./finding.ts";
import type { ClusterObservation, FilesystemStatus } from "./observation.ts";
import { randomUuid } from "./uuid.ts";
import { machinesOf } from "./watches.ts";

/**
 * Writes what must survive a crash into the status and waits until it is stored. Before the chosen host formats, all
 * nodes are probed again, and again after it has formatted.
 */
export async function persist(
  world: World,
  cluster: Ocfs2Cluster,
  writes: readonly Write[],
  observation: ClusterObservation,
  draft: StatusDraft<Ocfs2ClusterStatus>,
): Promise<void> {
  const { status } = draft;
  describeCluster(status, observation);
  for (const write of writes) {
    if (write.kind === "Timeouts") status.timeouts = { ...observation.spec.timeouts };
    if (write.kind === "Uuid") change(status, write.label, (entry) => ({ ...entry, uuid: write.uuid }));
    if (write.kind === "Intent") {
      const format = {
        uuid: randomUuid(world.clock),
        hostRef: { name: write.host },
        startTime: rfc3339(world.clock.now()),
      };
      change(status, write.label, (entry) => ({ ...entry, format }));
    }
  }
  await draft.flush();
  // Facts from before the UUID was recorded must not count against the file system.
  if (!writes.some(({ kind }) => kind === "Intent" || kind === "Uuid")) return;
  const { namespace = "", name } = cluster.metadata;
  const id = refTo("Ocfs2Cluster", namespace, name);
  world.freshness.demand(id, machinesOf(world, cluster));
}

function change(status: Ocfs2ClusterStatus, label: string, to: (entry: FilesystemStatus) => FilesystemStatus): void {
  status.filesystems = (status.filesystems ?? []).map((entry) => (entry.label === label ? to(entry) : entry));
}
