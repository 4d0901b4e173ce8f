import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no } from "../finding.ts";
import type { Held, Job } from "../gate.ts";
import { apartMs } from "../gone/heartbeats.ts";
import { explainOutcome, isOn } from "../hosts/step.ts";
import { refOf, refTo, xenHost } from "../identity.ts";
import type { World } from "../world.ts";
import type { ClusterStep } from "./finding.ts";
import { deviceOf } from "./members.ts";
import { type ClusterObservation, type ObservedNode, readyNode } from "./observation.ts";
import { labels, workOf } from "./observe.ts";
import { concernedBy, machinesOf } from "./watches.ts";

/** Groups the steps into jobs: the jobs of one file system, and those of a node as a whole, do not delay others. */
export function jobs(
  world: World,
  cluster: Ocfs2Cluster,
  observation: ClusterObservation,
  steps: readonly ClusterStep[],
): Job[] {
  const object = refOf("Ocfs2Cluster", cluster);
  const concerns = concernedBy(world, cluster);
  const known = new Set(["", ...labels(cluster), ...steps.map(({ work }) => work)]);
  const all = observation.nodes.flatMap((node) => {
    const machine = world.machines.of(refTo("XenHost", object.namespace, node.host));
    return machine === undefined ? [] : [{ node, machine }];
  });
  const isRival = (node: ObservedNode) => node.state === "Found" && node.rival !== undefined;
  // A machine gets one job for one work: of two nodes on it, one has a rival and no steps.
  const seats = all.filter(
    (seat) => !isRival(seat.node) || !all.some((other) => other.machine === seat.machine && !isRival(other.node)),
  );
  return [...known].flatMap((label) =>
    seats.map(({ node, machine }): Job => {
      const mine = steps.filter((step) => step.work === label && isOn(step, xenHost(node.host)));
      const basis = mine.length === 0 ? "" : basisOf(observation, node, label);
      return { work: workOf(object, label), machine, steps: mine, basis, concerns };
    }),
  );
}

/** The facts on which the steps rest: when they change, a failed step is worth another try. */
function basisOf(observation: ClusterObservation, node: ObservedNode, work: string): string {
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

/** Requests a probe of all nodes when their last ones are old enough; else returns in how many seconds they will be. */
export function lookAgain(world: World, cluster: Ocfs2Cluster): number | undefined {
  const { namespace = "", name } = cluster.metadata;
  const id = refTo("Ocfs2Cluster", namespace, name);
  const hosts = machinesOf(world, cluster).filter(({ agent }) => agent.view.state === "Reachable");
  if (hosts.some((host) => !world.freshness.isFresh(id, host, "Compare"))) return undefined;
  const ages = hosts.map(({ agent }) => (agent.ageSeconds() ?? 0) * 1000);
  const youngest = Math.min(...ages);
  if (youngest < apartMs) return (apartMs - youngest) / 1000 + 0.1;
  world.freshness.demand(id, hosts, "Compare");
  return undefined;
}

/** The condition that follows from a step without effect. */
export function conditionOf({ step, outcome }: Held): ConditionUpdate {
  const { reason, message } = explainOutcome(step, outcome);
  return no(conditionFor(step.action), reason, `${step.host.name}: ${message}`);
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
