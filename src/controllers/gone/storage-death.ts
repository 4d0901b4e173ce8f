import type { Ocfs2Cluster, XenHost } from "../../api/kinds.ts";
import type { HostFacts } from "../../host/facts.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import type { Machine } from "../hosts/machine.ts";
import { currentFacts } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import type { World } from "../world.ts";
import { deadTimes, watchdogBound } from "./dead-time.ts";
import { nodesOf, numbersOf } from "./hearing.ts";
import { regionName } from "./heartbeats.ts";
import { nodeClusters } from "./node-clusters.ts";

/**
 * Whether storage proves that a node is dead: it could not write for its dead time, so it has reset itself, or its
 * watchdog has. This does not prove that its network address is silent.
 */
export type StorageDeath =
  | { readonly kind: "Proved"; readonly message: string }
  /** More looks at these hosts may prove it. */
  | { readonly kind: "Open"; readonly message: string; readonly witnesses: readonly Machine[] }
  | { readonly kind: "Impossible"; readonly message: string };

/** How old the last look of a witness may be, milliseconds. */
const recentMs = 180_000;

/**
 * Judges a XenHost that does not answer. It is dead if on every file system of its clusters one node that itself writes
 * has seen no heartbeat of it for twice the dead time, by the operator's monotonic clock, and that node's kernel counts
 * it as dead and has replayed its journal. `proved`: this was proved before for this boot, so two looks without its
 * heartbeat are enough. `last`: its last facts; a host that wrote no heartbeat then is silent without being dead.
 */
export function storageDeath(world: World, host: XenHost, proved: boolean, last: HostFacts | undefined): StorageDeath {
  const key = keyOf(host);
  const { watchdog, facts } = host.status ?? {};
  const bound = watchdogBound(world, key);
  const impossible = (message: string): StorageDeath => ({ kind: "Impossible", message });
  if (bound === undefined)
    return impossible(`The host is not a node of any Ocfs2Cluster; run xensan forget ${key.name}`);
  const armed = watchdog?.atBoot === "Armed" && watchdog.bootID === facts?.bootID;
  if (!armed || watchdog.timeoutSeconds * 1_000 >= bound)
    return impossible(
      `A silent heartbeat does not prove the host dead (WatchdogMissing); when the machine is off, run xensan forget ${key.name}`,
    );
  const o2cb = last?.o2cb.state === "known" ? last.o2cb.value : undefined;
  const boot = last?.identity.state === "known" ? last.identity.value.bootId : undefined;
  const sameBoot = boot !== undefined && boot === facts?.bootID;
  const written = new Set(sameBoot ? (o2cb?.active?.regions ?? []).map((region) => region.uuid) : []);
  const seen: string[] = [];
  const witnesses = new Set<Machine>();
  let open: string | undefined;
  for (const cluster of nodeClusters(world, key)) {
    const numbers = numbersOf(cluster, key.name);
    if (numbers.length === 0) return impossible("The node number of the host is unknown");
    const neededMs = proved ? 0 : 2 * deadTimes(world, cluster).longest;
    for (const { label, device, uuid } of cluster.status?.filesystems ?? []) {
      if (uuid === undefined) continue;
      if (device === undefined) return impossible(`The device of file system ${label} is unknown`);
      if (!proved && !written.has(regionName(uuid)))
        return impossible(
          `No heartbeat of the host was seen on file system ${label} in this boot, so its silence proves nothing; when the machine is off, run xensan forget ${key.name}`,
        );
      for (const number of numbers) {
        const found = witnessOf(world, cluster, key.name, number, device, neededMs);
        for (const one of found.asked) witnesses.add(one);
        if (found.said === undefined) open ??= `${label}: ${found.missing}`;
        else seen.push(found.said);
      }
    }
  }
  if (open !== undefined)
    return { kind: "Open", message: `The host is not proved dead yet: ${open}`, witnesses: [...witnesses] };
  if (seen.length === 0) return impossible("The clusters of the host have no file system");
  return { kind: "Proved", message: seen.join("; ") };
}

interface Witness {
  /** What the witness has seen; undefined where the proof is incomplete. */
  readonly said: string | undefined;
  readonly missing: string;
  readonly asked: readonly Machine[];
}

/** Looks for one node that proves the other dead on this device. */
function witnessOf(
  world: World,
  cluster: Ocfs2Cluster,
  dead: string,
  number: number,
  device: string,
  neededMs: number,
): Witness {
  const { namespace = "" } = cluster.metadata;
  const asked: Machine[] = [];
  let missing = "no other reachable node has the file system mounted";
  for (const { host, number: own } of nodesOf(cluster)) {
    const watched = host === dead ? undefined : world.machines.of(refTo("XenHost", namespace, host));
    const facts = currentFacts(watched?.agent.view);
    const shared = facts?.sharedDevices.state === "known" ? facts.sharedDevices.value : [];
    const sight = shared.find(({ path }) => path === device);
    if (watched === undefined || facts === undefined || sight === undefined || sight.mounts.length === 0) continue;
    asked.push(watched);
    const beating = world.heartbeats.beating(watched, device);
    const silentMs = world.heartbeats.silentMs(watched, device, number);
    const writes = beating?.alive.includes(own) === true && world.clock.monotonic() - beating.until <= recentMs;
    const live = facts.o2cb.state === "known" ? facts.o2cb.value.active?.liveNodes : undefined;
    const about = `node ${number} (${dead}) on ${device}`;
    if (!writes || silentMs === undefined || silentMs < neededMs || beating.alive.includes(number))
      missing = `XenHost ${host} must see no heartbeat of ${about} for ${neededMs / 1_000} s`;
    else if (live === undefined || live.includes(number))
      missing = `the kernel of XenHost ${host} counts ${about} as alive, or did not report the live nodes`;
    else if (sight.slots.some(({ node }) => node === number)) missing = `the journal of ${about} is not replayed`;
    else {
      const said = `XenHost ${host} saw no heartbeat of ${about} for ${neededMs / 1_000} s, its kernel has evicted it and replayed its journal`;
      return { said, missing, asked };
    }
  }
  return { said: undefined, missing, asked };
}
