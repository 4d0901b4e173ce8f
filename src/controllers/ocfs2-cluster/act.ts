import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import type { Reason } from "../../api/reasons.ts";
import { type ConditionUpdate, hasCondition } from "../../runtime/conditions.ts";
import type { ReconcileContext } from "../../runtime/reconciler.ts";
import type { Directives } from "../directives.ts";
import { printed, withheld } from "../draft.ts";
import { no } from "../finding.ts";
import { apartMs } from "../heartbeats.ts";
import { refTo } from "../identity.ts";
import { explainOutcome } from "../outcomes.ts";
import { type Handed, handOver, type Part, soonest } from "../work.ts";
import type { Means, World } from "../world.ts";
import type { ClusterFinding } from "./finding.ts";
import { deviceOf } from "./members.ts";
import { type ClusterObservation, type NodeSight, readyNode } from "./observation.ts";
import { labels, workOf } from "./observe.ts";
import { machinesOf } from "./watches.ts";

export const nothing: Handed = { started: [], held: [], againSeconds: undefined };

/** Hands the steps to their hosts, or only says what they would be. */
export function act(
  { metrics, world }: Means,
  cluster: Ocfs2Cluster,
  { steps, previews }: ClusterFinding,
  observation: ClusterObservation,
  directives: Directives,
  status: Ocfs2ClusterStatus,
  context: ReconcileContext,
): Handed {
  if (withheld(status, directives, () => [...printed(steps), ...previews].slice(0, 64))) return nothing;
  context.signal.throwIfAborted();
  const { namespace = "", name } = cluster.metadata;
  const id = refTo("Ocfs2Cluster", namespace, name);
  const known = new Set(["", ...labels(cluster), ...steps.map(({ work }) => work)]);
  const all = [...known].map((work) => {
    const parts = observation.nodes.flatMap((node): Part[] => {
      const host = world.machines.of(refTo("XenHost", namespace, node.host));
      if (host === undefined) return [];
      const mine = steps.filter((step) => step.work === work && step.host === `XenHost/${node.host}`);
      const basis = mine.length === 0 ? "" : basisOf(observation, node, work);
      return [{ host, steps: mine, basis, witnesses: [] }];
    });
    return handOver(world, workOf(id, work), parts, context.log);
  });
  const handed = {
    started: all.flatMap(({ started }) => started),
    held: all.flatMap(({ held }) => held),
    againSeconds: soonest(all.map(({ againSeconds }) => againSeconds)),
  };
  if (hasCondition(cluster.status?.conditions, "Ready", "True", cluster.metadata.generation))
    for (const { action } of handed.started) metrics.repairs.inc({ kind: "Ocfs2Cluster", action });
  return handed;
}

/** The facts a plan rests on: when they change, what failed is worth another try. */
function basisOf(observation: ClusterObservation, node: NodeSight, work: string): string {
  const facts = readyNode(node)?.facts;
  if (facts === undefined) return "";
  const filesystem = observation.filesystems.find(({ label }) => label === work);
  const device = filesystem === undefined ? undefined : deviceOf(filesystem);
  const { o2cb, sharedDevices, mountPoints, formats, tools } = facts;
  const seen = sharedDevices.state === "known" ? sharedDevices.value.find(({ path }) => path === device) : undefined;
  const active = o2cb.state === "known" ? { ...o2cb.value.active, liveNodes: [], connectedNodes: [] } : o2cb.state;
  const rest = o2cb.state === "known" ? { ...o2cb.value, active } : active;
  const still = seen === undefined ? undefined : { ...seen, heartbeats: [] };
  return JSON.stringify([rest, still, mountPoints, formats, tools.state === "known" ? [...tools.value.keys()] : []]);
}

/** Asks all nodes once more when their last looks are old enough; else says in how many seconds they will be. */
export function lookAgain(world: World, cluster: Ocfs2Cluster): number | undefined {
  const { namespace = "", name } = cluster.metadata;
  const id = refTo("Ocfs2Cluster", namespace, name);
  const hosts = machinesOf(world, cluster).filter(({ agent }) => agent.view.state === "Reachable");
  if (hosts.some((host) => !world.freshness.holds(id, host, "Compare"))) return undefined;
  const ages = hosts.map(({ agent }) => (agent.ageSeconds() ?? 0) * 1000);
  const youngest = Math.min(...ages);
  if (youngest < apartMs) return (apartMs - youngest) / 1000 + 0.1;
  world.freshness.demand(id, hosts, "Compare");
  return undefined;
}

export function reasonAndMessage(...[step, outcome]: Parameters<typeof explainOutcome>): [Reason, string] {
  const { reason, message } = explainOutcome(step, outcome);
  return [reason, message];
}

/** What a step that did not help means for the conditions. */
export function conditionsOf({ step, outcome }: Handed["held"][number]): ConditionUpdate[] {
  const [reason, message] = reasonAndMessage(step, outcome);
  return [no(conditionFor(step.action), reason, `${step.host.replace("XenHost/", "")}: ${message}`)];
}

function conditionFor(action: string): string {
  switch (action) {
    case "cluster-online":
      return "Online";
    case "format-filesystem":
    case "grow-filesystem":
    case "add-node-slots":
      return "Formatted";
    case "mount-filesystem":
    case "unmount-filesystem":
      return "Mounted";
    default:
      return "Configured";
  }
}
