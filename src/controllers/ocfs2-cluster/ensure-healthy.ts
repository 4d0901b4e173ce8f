import type { KernelTrouble } from "../../host/ocfs2-facts.ts";
import { aoeSeconds, contract, deadSeconds } from "./ensure-online.ts";
import { type Assessment, bad, type ClusterFinding, nodeProblem, nothingFound, open, together } from "./finding.ts";
import { deviceOf, isMountedNow, sharedDevice } from "./members.ts";
import { type ClusterObservation, listedNodes, type ReadyNode, readyNode } from "./observation.ts";

/** Reports what no step can ensure: heartbeats, connections, slots, read-only mounts, errors of the kernel. */
export function ensureHealthy(cluster: ClusterObservation): ClusterFinding {
  const between = peers(cluster);
  const assessments = [
    ...strangers(cluster),
    ...silent(cluster),
    ...between,
    ...slots(cluster),
    ...readOnly(cluster),
    ...troubles(cluster),
    ...patience(cluster),
    ...unknown(cluster),
  ];
  return {
    ...nothingFound,
    conditions: [
      together("Healthy", assessments, {
        reason: "Healthy",
        message: `Every mounted node sees the heartbeats of the others and is connected to them${unsynced(cluster)}`,
      }),
    ],
    lookAgain: between.some(({ reason }) => reason === "Looking"),
  };
}

/** AoE has no flush: a power failure of a server loses what it acknowledged from its memory, including journals. */
function unsynced({ filesystems }: ClusterObservation): string {
  const names = filesystems.flatMap(({ volume }) => (volume.state === "Found" && !volume.synced ? [volume.name] : []));
  if (names.length === 0) return "";
  return `. AoeVolume ${names.join(", ")} has sync Disabled: a power failure of its server may destroy the journal of a node`;
}

/** A node that reports nothing is not healthy. */
function unknown(cluster: ClusterObservation): Assessment[] {
  return listedNodes(cluster).flatMap((node) => {
    const problem = nodeProblem(node);
    if (problem?.status === "Unknown") return [problem];
    const ready = readyNode(node);
    const { o2cb, sharedDevices } = ready?.facts ?? {};
    const isUsed = cluster.filesystems.some(({ recorded }) => recorded?.uuid !== undefined);
    if (sharedDevices?.state === "unknown" && isUsed)
      return [open(node.host, "FactsUnknown", `did not report its mounts: ${sharedDevices.why}`)];
    const unread = o2cb?.state === "known" && o2cb.value.activeUnreadable === true;
    const why = o2cb?.state === "unknown" ? o2cb.why : unread ? "its row could not be read" : undefined;
    return why === undefined
      ? []
      : [open(node.host, "FactsUnknown", `did not report which heartbeats it sees: ${why}`)];
  });
}

/** A node writes its heartbeat every two seconds to each file system that it has mounted. */
function silent(cluster: ClusterObservation): Assessment[] {
  return cluster.filesystems.flatMap((filesystem) =>
    filesystem.holders
      .filter((holder) => holder.silent)
      .map(({ host }) =>
        bad(
          host,
          "HeartbeatMissing",
          `does not write its heartbeat to ${deviceOf(filesystem)}, which it has mounted: the host resets itself ${deadSeconds(cluster)} s after the last heartbeat`,
        ),
      ),
  );
}

/** Each node has exactly one slot in the slot map, and no other host has one. */
function slots(cluster: ClusterObservation): Assessment[] {
  const numbers = new Set(cluster.nodes.map(({ number }) => number));
  return mountedNodes(cluster).flatMap((node) =>
    cluster.filesystems.flatMap((filesystem) => {
      const device = sharedDevice(node, deviceOf(filesystem));
      if (device?.superblock === undefined || !device.mounts.some(({ access }) => access === "ReadWrite")) return [];
      const own = device.slots.filter((one) => one.node === node.number);
      const foreign = device.slots.filter((one) => !numbers.has(one.node));
      const says = (what: string) =>
        bad(
          node.host,
          "SlotMapDisagrees",
          `${what} in the slot map of ${filesystem.label}: unmount the file system everywhere and run fsck.ocfs2`,
        );
      return [
        ...(own.length === 1 ? [] : [says(own.length === 0 ? "has no slot" : `has ${own.length} slots`)]),
        ...foreign.map(({ slot, node: number }) => says(`finds slot ${slot} taken by ${number}, which is not a node,`)),
      ];
    }),
  );
}

/** Nodes that have a file system mounted, with their facts. */
function mountedNodes(cluster: ClusterObservation) {
  return cluster.nodes.flatMap((node) => {
    const ready = readyNode(node);
    const mounted = cluster.filesystems.some((one) => {
      const device = ready && sharedDevice(ready, deviceOf(one));
      return device !== undefined && device.mounts.length > 0;
    });
    return ready !== undefined && mounted ? [ready] : [];
  });
}

function strangers({ filesystems }: ClusterObservation): Assessment[] {
  return filesystems.flatMap(({ label, recorded, strangers: who }) =>
    who.kind === "Alive" && recorded?.uuid !== undefined
      ? [
          bad(
            label,
            "ForeignHeartbeat",
            `node number ${who.numbers.join(", ")}, which is not a mounted node of this cluster, writes a heartbeat to the file system: find that host and unmount the file system there`,
          ),
        ]
      : [],
  );
}

function peers(cluster: ClusterObservation): Assessment[] {
  const mounted = mountedNodes(cluster);
  return mounted.flatMap((node) => {
    const active = node.facts.o2cb.state === "known" ? node.facts.o2cb.value.active : undefined;
    if (active === undefined) return [];
    // A node hears and connects to only those that share a file system with it.
    const others = mounted.filter((other) => other.number !== node.number && shared(cluster, node, other).length > 0);
    // A host that was probed before the other one mounted cannot have heard it.
    const early = others.filter((other) => {
      const since = shared(cluster, node, other).flatMap(({ holders }) =>
        holders.filter(({ host }) => host === other.host),
      );
      return since.every((holder) => holder.since > lookedAt(node));
    });
    const judged = others.filter((other) => !early.includes(other));
    const silent = judged.filter(({ number }) => active.liveNodes?.includes(number) === false);
    const apart = judged.filter(
      ({ number }) => active.liveNodes?.includes(number) !== false && active.connectedNodes?.includes(number) === false,
    );
    return [
      ...early.map((other) => open(node.host, "Looking", `needs another probe, because ${other.host} mounted later`)),
      ...silent.map((other) =>
        bad(
          node.host,
          "HeartbeatMissing",
          `does not see the heartbeat of ${other.host}, which has the file system mounted`,
        ),
      ),
      ...apart.map((other) =>
        bad(node.host, "Disconnected", `is not connected to ${other.host} (${other.address}:${other.port})`),
      ),
    ];
  });
}

/** When the node's last probe began, monotonic milliseconds. */
const lookedAt = ({ view }: ReadyNode) => (view.state === "Reachable" ? view.snapshot.startedAt : 0);

const shared = (cluster: ClusterObservation, one: ReadyNode, other: ReadyNode) =>
  cluster.filesystems.filter(
    (filesystem) => isMountedNow(one, filesystem) === "Yes" && isMountedNow(other, filesystem) === "Yes",
  );

function readOnly(cluster: ClusterObservation): Assessment[] {
  return mountedNodes(cluster).flatMap((node) =>
    cluster.filesystems.flatMap((filesystem) => {
      const mounts = sharedDevice(node, deviceOf(filesystem))?.mounts ?? [];
      if (filesystem.spec?.mountOptions.includes("ro") === true) return [];
      const odd = mounts.find(({ access }) => access === "ReadOnly");
      return odd === undefined
        ? []
        : [
            bad(
              node.host,
              "ReadOnlyMount",
              `${odd.mountPoint} is read-only because the kernel found an error. Check the kernel log, unmount the file system everywhere and run fsck.ocfs2`,
            ),
          ];
    }),
  );
}

function troubles(cluster: ClusterObservation): Assessment[] {
  return listedNodes(cluster).flatMap((node) =>
    node.state === "Found"
      ? node.troubles
          .filter((report) => concerns(cluster, report))
          .map(({ kind, message, count }) =>
            bad(
              node.host,
              "KernelTrouble",
              `the kernel reports ${kind} ${count} times, last: ${message}`.slice(0, 500),
            ),
          )
      : [],
  );
}

/** Errors of other devices (an empty CD drive, the disk of dom0, another volume) do not concern the cluster. */
export function concerns(
  { filesystems }: Pick<ClusterObservation, "filesystems">,
  { kind, subject }: Pick<KernelTrouble, "kind" | "subject">,
): boolean {
  const target = /^(?:etherd\/)?(e\d+\.\d+)(?:p\d+)?$/.exec(subject)?.[1];
  if (target !== undefined) return filesystems.some((one) => deviceOf(one) === `/dev/etherd/${target}`);
  // The kernel names the AoE device of each failed request: a line that names none may be about any other device.
  if (kind === "IoError") return false;
  // OCFS2 itself may name no device, or one by its number.
  return kind !== "Ocfs2Error" || !/^[a-z]/i.test(subject);
}

/** Checks that the AoE driver gives up later than the heartbeat. */
function patience(cluster: ClusterObservation): Assessment[] {
  const aoe = aoeSeconds(cluster);
  if (aoe === undefined || aoe === 0 || deadSeconds(cluster) < aoe) return [];
  return [bad("timeouts", "AoeGivesUpFirst", `AoE gives up after ${aoe} s. ${contract(cluster)}`)];
}
