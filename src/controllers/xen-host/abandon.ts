import type { Ocfs2Cluster, XenHost } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import type { HostFacts } from "../../host/facts.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import { deadTimes } from "../gone/dead-time.ts";
import { goneOf, hasEnded, hearingOfLeaving } from "../gone/gone.ts";
import { nodeClusters } from "../gone/node-clusters.ts";
import { currentFacts } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import type { World } from "../world.ts";

interface Contradiction {
  readonly reason: Reason;
  readonly message: string;
}

/**
 * Why a XenHost with xensan.dev/abandon stays; undefined: it may go. Afterwards nothing looks for domains on the
 * machine, so it must not write heartbeats: a look at it that began after the annotation was set shows none, or its
 * boot has ended, or the machines that can hear its heartbeat have heard none for the dead time. Silence of all these
 * machines at once, as when the management network is out, shows nothing.
 */
export function abandonRefused(world: World, host: XenHost): Contradiction | undefined {
  const key = keyOf(host);
  const id = refTo("XenHost", key.namespace, key.name);
  const machine = world.machines.of(id);
  const clusters = nodeClusters(world, key);
  // It was never reached, so nothing was ever done there; or its status was lost, and the machine still runs.
  const reached = host.status?.facts !== undefined;
  if (
    reached &&
    machine !== undefined &&
    (machine.agent.view.state === "Pending" || !world.freshness.isFresh(id, machine))
  )
    return waits("ClientUnknown", "the host must be probed again");
  const facts = currentFacts(machine?.agent.view);
  if (facts !== undefined) return beats(facts, clusters);
  if (hasEnded(goneOf(world, key))) return undefined;
  // A node that cannot write resets itself after this time at the latest.
  const deadTime = Math.max(0, ...clusters.map((cluster) => deadTimes(world, cluster).longest));
  const hearing = hearingOfLeaving(world, key, deadTime);
  if (hearing.kind === "Silent") return undefined;
  if (hearing.kind === "Unsure") return waits("HeartbeatHeard", hearing.message);
  return {
    reason: "HeartbeatHeard",
    message: `xensan.dev/abandon is refused: ${hearing.message}. Switch the machine off first`,
  };
}

/** Judges a reachable host by its own heartbeat. */
function beats(facts: HostFacts, clusters: readonly Ocfs2Cluster[]): Contradiction | undefined {
  const names = clusters.map(({ metadata }) => metadata.name).sort();
  if (names.length === 0 || facts.o2cb.state === "absent") return undefined;
  if (facts.o2cb.state === "unknown")
    return waits("ClientUnknown", `the host did not report its heartbeats (${facts.o2cb.why})`);
  if (facts.o2cb.value.activeUnreadable === true)
    return waits("ClientUnknown", "what the host reported of its heartbeats could not be read");
  if ((facts.o2cb.value.active?.regions ?? []).length === 0) return undefined;
  return {
    reason: "ReferencedByCluster",
    message: `xensan.dev/abandon is refused: the host answers, and writes its heartbeat as a node of Ocfs2Cluster ${names.join(", ")}. Remove the node from the cluster, which unmounts its file systems, or abandon the Ocfs2Cluster first`,
  };
}

const waits = (reason: Reason, why: string): Contradiction => ({ reason, message: `xensan.dev/abandon waits: ${why}` });
