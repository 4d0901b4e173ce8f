import { checkRegions, liveNodes } from "./heartbeat.ts";
import { kernelSays } from "./kernel-log.ts";
import { localNode } from "./o2cb-state.ts";
import { connected, isSuspicious } from "./o2net.ts";
import type { Host, World } from "./state.ts";
import { byItself, later } from "./world.ts";

/** Events that may break or restore a heartbeat or a connection. */
const triggers = new Set<string>([
  "Fault",
  "VbladeStarted",
  "VbladeStopped",
  "InterfaceUp",
  "InterfaceDown",
  "HostUp",
  "HostDown",
  "AoeDeviceUp",
  "AoeDeviceDown",
  "ParameterSet",
  "HeartbeatStarted",
  "ClusterChanged",
]);

/** From now on heartbeats and connections are checked after each event that may affect them. */
export function watchClusters(world: World): void {
  let due = false;
  world.listeners.add((event) => {
    if (due || !triggers.has(event.kind)) return;
    due = true;
    world.agenda.after(0, () => {
      due = false;
      byItself(world, () => {
        checkRegions(world);
        checkLinks(world);
      });
    });
  });
}

const beating = (world: World) =>
  [...world.hosts.values()].filter((host) => host.power === "On" && host.running.o2cb.regions.size > 0);

const share = (a: Host, b: Host) =>
  [...a.running.o2cb.regions].some(([uuid, region]) => b.running.o2cb.regions.get(uuid)?.content === region.content);

function checkLinks(world: World): void {
  const hosts = beating(world);
  const doubtful = hosts.filter((host) => isSuspicious(world, host));
  const broken = new Set<string>();
  for (const a of doubtful) {
    for (const b of hosts) {
      const key = a.name < b.name ? `${a.name} ${b.name}` : `${b.name} ${a.name}`;
      if (a === b || broken.has(key) || !share(a, b) || connected(world, a, b)) continue;
      broken.add(key);
      if (world.brokenLinks.has(key)) continue;
      const since = world.agenda.time;
      world.brokenLinks.set(key, since);
      for (const [host, peer] of [
        [a, b],
        [b, a],
      ] as const) {
        decideLater(world, host, peer, () => world.brokenLinks.get(key) === since);
      }
    }
  }
  for (const key of [...world.brokenLinks.keys()]) if (!broken.has(key)) world.brokenLinks.delete(key);
}

/** A silent connection first becomes idle; quorum is decided once the heartbeat could show which node is dead. */
function decideLater(world: World, host: Host, peer: Host, still: () => boolean): void {
  const { cluster } = host.running.o2cb;
  const node = peer.running.o2cb.cluster;
  if (cluster === undefined || node === undefined) return;
  const other = localNode(node);
  later(world, host, cluster.idle, () => {
    if (!still()) return;
    const who = `node ${other?.name ?? peer.name} (num ${other?.number ?? "?"}) at ${other?.address ?? "?"}:${other?.port ?? "?"}`;
    const message = `o2net: Connection to ${who} has been idle for ${cluster.idle / 1000}.0 secs.`;
    kernelSays(world, host, "Network", other?.name ?? peer.name, message);
    later(world, host, (cluster.threshold + 2) * 2000, () => {
      if (still()) decide(world, host);
    });
  });
}

/** K/fs/ocfs2/cluster/quorum.c: more than half survive, or exactly half if the lowest number is among them. */
function decide(world: World, host: Host): void {
  const { cluster, regions } = host.running.o2cb;
  const me = cluster === undefined ? undefined : localNode(cluster);
  if (me === undefined || [...regions.values()].some((region) => region.hungSince !== undefined)) return;
  const alive = liveNodes(world, host);
  const reached = new Set([me.number]);
  for (const other of beating(world)) {
    const number = other.running.o2cb.cluster && localNode(other.running.o2cb.cluster)?.number;
    if (number !== undefined && alive.has(number) && connected(world, host, other)) reached.add(number);
  }
  const lowest = Math.min(...alive);
  const quorum = Math.ceil(alive.size / 2);
  const stays = reached.size > quorum || (reached.size === quorum && (alive.size % 2 === 1 || reached.has(lowest)));
  if (stays) return;
  const nodes = `${reached.size} of ${alive.size} heartbeating nodes are connected`;
  world.fence(host, `not allowed to go on: only ${nodes}, and the lowest live node ${lowest} is not among them`);
}
