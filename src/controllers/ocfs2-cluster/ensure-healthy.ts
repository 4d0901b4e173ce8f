import { aoeSeconds, contract, deadSeconds } from "./ensure-online.ts";
import { bad, type ClusterFinding, nodeProblem, nothingFound, together, type Verdict } from "./finding.ts";
import { deviceOf, isMountedNow, sharedDevice } from "./members.ts";
import { type ClusterObservation, listedNodes, readyNode } from "./observation.ts";

/** Looks at what nobody can ensure: heartbeats, connections, read-only mounts, errors of the kernel. */
export function ensureHealthy(cluster: ClusterObservation): ClusterFinding {
  const verdicts = [
    ...strangers(cluster),
    ...peers(cluster),
    ...readOnly(cluster),
    ...troubles(cluster),
    ...patience(cluster),
  ];
  const unknown = listedNodes(cluster).flatMap((node) => {
    const problem = nodeProblem(node);
    return problem?.status === "Unknown" ? [problem] : [];
  });
  return {
    ...nothingFound,
    conditions: [
      together("Healthy", [...verdicts, ...unknown], {
        reason: "Healthy",
        message: "Every mounted node hears the heartbeats of the others and is connected to them",
      }),
    ],
  };
}

/** Nodes with something mounted, with their facts. */
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

function strangers({ filesystems }: ClusterObservation): Verdict[] {
  return filesystems.flatMap(({ label, recorded, strangers: who }) =>
    who.kind === "Alive" && recorded?.uuid !== undefined
      ? [
          bad(
            label,
            "ForeignHeartbeat",
            `node number ${who.numbers.join(", ")}, which is no mounted node of this cluster, writes its heartbeat: find that host and unmount it there`,
          ),
        ]
      : [],
  );
}

function peers(cluster: ClusterObservation): Verdict[] {
  const mounted = mountedNodes(cluster);
  return mounted.flatMap((node) => {
    const active = node.facts.o2cb.state === "known" ? node.facts.o2cb.value.active : undefined;
    if (active === undefined) return [];
    // Only who shares a file system with it is heard and connected.
    const others = mounted.filter(
      (other) =>
        other.number !== node.number &&
        cluster.filesystems.some((one) => isMountedNow(node, one) === "Yes" && isMountedNow(other, one) === "Yes"),
    );
    // A host that was looked at before the other mounted cannot have heard it.
    const silent = others.filter(({ number }) => active.liveNodes?.includes(number) === false);
    const apart = others.filter(
      ({ number }) => active.liveNodes?.includes(number) !== false && active.connectedNodes?.includes(number) === false,
    );
    return [
      ...silent.map((other) =>
        bad(
          node.host,
          "HeartbeatMissing",
          `does not hear the heartbeat of ${other.host}, which has the file system mounted`,
        ),
      ),
      ...apart.map((other) =>
        bad(node.host, "Disconnected", `is not connected to ${other.host} (${other.address}:${other.port})`),
      ),
    ];
  });
}

function readOnly(cluster: ClusterObservation): Verdict[] {
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
              `${odd.mountPoint} is read-only there: the kernel found an error. Look at its log, unmount it everywhere and run fsck.ocfs2`,
            ),
          ];
    }),
  );
}

function troubles(cluster: ClusterObservation): Verdict[] {
  return listedNodes(cluster).flatMap((node) =>
    node.state === "Found"
      ? node.troubles.map(({ kind, message, count }) =>
          bad(node.host, "KernelTrouble", `its kernel reports ${kind} ${count} times, last: ${message}`.slice(0, 500)),
        )
      : [],
  );
}

/** Heartbeat and AoE driver give up in the right order. */
function patience(cluster: ClusterObservation): Verdict[] {
  const aoe = aoeSeconds(cluster);
  if (aoe === undefined || aoe === 0 || deadSeconds(cluster) < aoe) return [];
  return [bad("timeouts", "AoeGivesUpFirst", `AoE gives up after ${aoe} s. ${contract(cluster)}`)];
}
