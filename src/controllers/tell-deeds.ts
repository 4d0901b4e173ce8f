import { aoeServers, aoeVolumes, ocfs2Clusters, xenDomains, xenHosts, xenMigrations } from "../api/kinds.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Kind, KubeObject } from "../runtime/kube-api.ts";
import { deedOf, pascal } from "./deeds.ts";
import type { Stores } from "./fleet.ts";
import type { StepResult } from "./hosts/step.ts";
import { parseId } from "./names.ts";

/** Tells of a step that succeeded, as an event of the object for which it was done. */
export function tellDeed(events: EventRecorder, stores: Stores, id: string, { step, outcome }: StepResult): void {
  if (outcome.kind !== "done") return;
  const reason = deedOf(step.action, outcome.detail);
  if (reason === undefined) return;
  const { kind, key } = parseId(id);
  const note = `${step.host}: ${step.summary}`;
  const about = <T extends KubeObject>(of: Kind<T>, object: T | undefined): void => {
    if (object !== undefined) events.record(of, object, { type: "Normal", reason, action: pascal(step.action), note });
  };
  switch (kind) {
    case "AoeServer":
      about(aoeServers, stores.servers.get(key));
      break;
    case "AoeVolume":
      about(aoeVolumes, stores.volumes.get(key));
      break;
    case "XenHost":
      about(xenHosts, stores.hosts.get(key));
      break;
    case "Ocfs2Cluster":
      about(ocfs2Clusters, stores.clusters.get(key));
      break;
    case "XenDomain":
      about(xenDomains, stores.domains.get(key));
      break;
    case "XenMigration":
      about(xenMigrations, stores.migrations.get(key));
      break;
  }
}
