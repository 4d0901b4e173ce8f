import { type Ocfs2Cluster, ocfs2Clusters } from "../../api/kinds.ts";
import { refOf, refTo } from "../identity.ts";
import type { Means } from "../world.ts";
import type { Restart } from "./describe.ts";
import { concerns } from "./ensure-healthy.ts";
import type { ClusterObservation } from "./observation.ts";

/** Warns of each node that rebooted with a file system mounted. */
export function tellRestarts({ events }: Means, cluster: Ocfs2Cluster, restarts: readonly Restart[]): void {
  for (const { host, label } of restarts)
    events.record(ocfs2Clusters, cluster, {
      type: "Warning",
      reason: "RestartedWhileMounted",
      action: "Observe",
      note: `${host} rebooted while it had ${label} mounted: it fenced itself, crashed, or was reset`,
    });
}

/** Other reports, such as an ended connection, come with every unmount. */
const toldKinds = new Set(["IoError", "Ocfs2Error", "Heartbeat", "Fencing"]);

/** Warns once of each report of a node's kernel that concerns the cluster. */
export function tellReports({ events, world }: Means, cluster: Ocfs2Cluster, observation: ClusterObservation): void {
  for (const { host, listed } of observation.nodes) {
    const watched = listed ? world.machines.of(refTo("XenHost", cluster.metadata.namespace ?? "", host)) : undefined;
    if (watched === undefined) continue;
    const fresh = world.kernelReports.tell(watched, world.clock.monotonic(), refOf("Ocfs2Cluster", cluster));
    for (const { kind, message } of fresh.filter(
      (report) => toldKinds.has(report.kind) && concerns(observation, report),
    ))
      events.record(ocfs2Clusters, cluster, {
        type: "Warning",
        reason: "KernelReports",
        action: "Observe",
        note: `${host}: the kernel reports ${kind}: ${message}`,
      });
  }
}
