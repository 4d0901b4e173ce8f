import { describe, expect, it } from "vitest";
import { unmountOcfs2 } from "../../src/sim/model/ocfs2-mount.ts";
import {
  aoeServer,
  aoeVolume,
  at,
  device,
  logicalVolume,
  ocfs2Cluster,
  xenHost,
} from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { isObject, objectAt } from "../simulation/world/kube/json.ts";
import { commands, eventually, hostWords, message, minutes, rig, status, word } from "./rig.ts";

const nodes = ["bella", "brutus", "caesar"];
const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  ...nodes.map((name, index) => xenHost(name, 2212 + index)),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
];
const two = ocfs2Cluster("xen", ["bella", "brutus"]);
const three = ocfs2Cluster("xen", nodes);
const ready = (stage: Stage) => word(stage, "Ocfs2Cluster", "xen", "Ready");
const cluster = (stage: Stage, type: string) => word(stage, "Ocfs2Cluster", "xen", type);
const formats = (sent: readonly string[]) => sent.filter((line) => line.endsWith("format-filesystem"));

/** Mounts of the rack, as `bella /srv/xen`. */
function mounts(stage: Stage): string[] {
  stage.rack.settle();
  return [...stage.rack.hosts.values()].flatMap((host) =>
    host.running.o2cb.mounts.map(({ mountPoint }) => `${host.name} ${mountPoint}`),
  );
}

/** Node numbers that are registered on a host. */
const registered = (stage: Stage, host: string) => [
  ...(stage.rack.host(host).running.o2cb.cluster?.nodes.keys() ?? []),
];

const thresholds = (stage: Stage) =>
  ["bella", "brutus"].map((host) => stage.rack.host(host).running.o2cb.cluster?.threshold);

/** A user unmounts on a host. */
function unmount(stage: Stage, host: string): void {
  for (const _ of unmountOcfs2(stage.rack.world, stage.rack.host(host), "/srv/xen"));
}

async function formed(manifest = two): Promise<Stage> {
  const stage = rig({ objects: [...objects, manifest] });
  await eventually(stage, () => ready(stage), "True/Ready");
  return stage;
}

describe("a node that is down from the start", () => {
  it("holds up nobody else, and joins when it comes", async () => {
    const stage = rig({ objects: [...objects, three], prepare: (before) => before.rack.powerOff("brutus") });
    const sent = commands(stage);
    await eventually(stage, () => mounts(stage), ["bella /srv/xen", "caesar /srv/xen"]);
    await eventually(stage, () => cluster(stage, "Mounted"), "Unknown/NodeUnreachable");
    expect(message(stage, "Ocfs2Cluster", "xen", "Mounted")).toMatch(
      /^data on brutus: cannot be reached \(Unreachable\): /,
    );
    stage.rack.powerOn("brutus");
    await eventually(stage, () => ready(stage), "True/Ready", 15);
    expect(formats(sent)).toHaveLength(1);
  });
});

describe("a node that is added", () => {
  it("is registered on the others while they stay mounted", async () => {
    const stage = await formed();
    stage.apply(three);
    await eventually(stage, () => mounts(stage), ["bella /srv/xen", "brutus /srv/xen", "caesar /srv/xen"]);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(registered(stage, "bella")).toEqual([0, 1, 2]);
  });
});

describe("a node that was off while another one joined", () => {
  it("mounts nothing at boot while it would take that one for dead, and joins once it is told of it", async () => {
    const stage = await formed();
    const mountedNow = () => mounts(stage).filter((one) => stage.rack.host(one.split(" ")[0] ?? "").power === "On");
    stage.rack.powerOff("brutus");
    await stage.advance(minutes(3));
    stage.apply(three);
    await eventually(stage, mountedNow, ["bella /srv/xen", "caesar /srv/xen"]);
    stage.life.end();
    // Nobody is left that knows both of them.
    stage.rack.powerOff("bella");
    await stage.advance(minutes(3));
    stage.rack.powerOn("brutus");
    await stage.advance(minutes(10));
    expect(mountedNow()).toEqual(["caesar /srv/xen"]);
    stage.startOperator();
    await eventually(stage, mountedNow, ["brutus /srv/xen", "caesar /srv/xen"], 15);
    stage.rack.powerOn("bella");
    await eventually(stage, () => ready(stage), "True/Ready", 15);
  });
});

describe("a node that is removed", () => {
  it("is unmounted, then forgotten by the others, then without the cluster", async () => {
    const stage = await formed(three);
    const sent = commands(stage);
    stage.apply(two);
    await eventually(stage, () => stage.rack.host("caesar").running.o2cb.cluster, undefined);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
    expect(registered(stage, "bella")).toEqual([0, 1]);
    expect(stage.rack.readFile("caesar", "/etc/ocfs2/cluster.conf")).toBeUndefined();
    expect(status(stage, "Ocfs2Cluster", "xen").nodes).toMatchObject([
      { hostRef: { name: "bella" } },
      { hostRef: { name: "brutus" } },
    ]);
    const order = sent.filter((line) => /(unmount-filesystem|cluster-online|remove-cluster)$/.test(line));
    expect(order[0]).toBe("caesar unmount-filesystem");
    expect(order.at(-1)).toBe("caesar remove-cluster");
  });

  it("stays as long as somebody uses the file system there, and says who", async () => {
    const stage = await formed(three);
    stage.rack.host("caesar").running.o2cb.mounts[0]?.users.push("process 77 vi");
    stage.apply(two);
    await eventually(stage, () => cluster(stage, "Mounted"), "False/FilesystemInUse");
    expect(message(stage, "Ocfs2Cluster", "xen", "Mounted")).toContain("process 77 vi");
    await stage.advance(minutes(10));
    expect(mounts(stage)).toContain("caesar /srv/xen");
    expect(registered(stage, "bella")).toEqual([0, 1, 2]);
    stage.rack.host("caesar").running.o2cb.mounts[0]?.users.pop();
    await eventually(stage, () => ready(stage), "True/Ready", 15);
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
  });

  it("is waited for while it is down, and let go when its XenHost is", async () => {
    const stage = await formed(three);
    stage.rack.powerOff("caesar");
    stage.apply(two);
    await eventually(stage, () => cluster(stage, "Configured"), "Unknown/NodeUnreachable");
    await stage.advance(minutes(5));
    expect(registered(stage, "bella")).toEqual([0, 1, 2]);
    stage.delete("XenHost", at("caesar"));
    await eventually(stage, () => word(stage, "XenHost", "caesar", "DeletionBlocked"), "True/ReferencedByCluster");
    stage.patch("XenHost", at("caesar"), { metadata: { annotations: { "xensan.dev/abandon": "caesar" } } });
    await eventually(stage, () => registered(stage, "bella"), [0, 1]);
    await eventually(stage, () => ready(stage), "True/Ready");
  });
});

describe("a node whose machine has a rival", () => {
  const numbersOf = (stage: Stage, name = "xen") => {
    const { nodes: seen } = status(stage, "Ocfs2Cluster", name);
    return (Array.isArray(seen) ? seen : []).filter(isObject).map(({ number }) => number);
  };
  const seats = (...all: readonly (readonly [string, number])[]) =>
    all.map(([name, number]) => ({ hostRef: { name }, number, address: `10.98.0.1${Math.min(number, 2) + 2}` }));

  it("keeps its number until it is unmounted, when another XenHost for the same machine takes its place", async () => {
    const stage = await formed(three);
    stage.rack.host("caesar").running.o2cb.mounts[0]?.users.push("process 77 vi");
    stage.apply(xenHost("caesar.lan", 2214));
    await stage.advance(minutes(2));
    const nodes = seats(["bella", 0], ["brutus", 1], ["caesar.lan", 5]);
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { nodes } });
    for (let minute = 0; minute < 10; minute++) {
      await stage.advance(minutes(1));
      expect(numbersOf(stage)).toEqual([0, 1, 5, 2]);
      expect(registered(stage, "bella")).toEqual([0, 1, 2]);
      expect(stage.rack.readFile("bella", "/etc/ocfs2/cluster.conf")).not.toContain("number = 5");
    }
    expect(cluster(stage, "Mounted")).toBe("False/FilesystemInUse");
    expect(message(stage, "Ocfs2Cluster", "xen", "Online")).toContain(
      "is the same machine as caesar, which must leave first",
    );
    stage.rack.host("caesar").running.o2cb.mounts[0]?.users.pop();
    await eventually(stage, () => numbersOf(stage), [0, 1, 5], 15);
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
  });

  it("stays in its cluster until it is seen to have left, when an older cluster takes it while it cannot be reached", async () => {
    const elder = (...names: readonly (readonly [string, number])[]) => ({
      ...ocfs2Cluster("elder", [], { clusterName: "other", filesystems: [], nodes: seats(...names) }),
    });
    const stage = rig({ objects: [...objects, elder(["brutus", 1])] });
    await stage.advance(minutes(1));
    stage.apply(ocfs2Cluster("xen", [], { nodes: seats(["bella", 0], ["caesar", 2]) }));
    await eventually(stage, () => mounts(stage), ["bella /srv/xen", "caesar /srv/xen"]);
    await eventually(stage, () => ready(stage), "True/Ready");
    stage.life.end();
    stage.rack.setManagement("caesar", "Cut");
    stage.patch("Ocfs2Cluster", at("elder"), { spec: { nodes: seats(["brutus", 1], ["caesar", 2]) } });
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { nodes: seats(["bella", 0]) } });
    stage.startOperator();
    await stage.advance(minutes(10));
    expect(numbersOf(stage)).toEqual([0, 2]);
    expect(registered(stage, "bella")).toEqual([0, 2]);
    expect(message(stage, "Ocfs2Cluster", "xen", "Configured")).toContain(
      "caesar is no longer a node: cannot be reached",
    );
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => cluster(stage, "DeletionBlocked"), "True/NodeUnreachable");
    await stage.advance(minutes(10));
    expect(mounts(stage)).toContain("caesar /srv/xen");
    stage.rack.setManagement("caesar", "Connected");
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined, 15);
    expect(mounts(stage)).toEqual([]);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "elder", "Ready"), "True/Ready", 15);
  });
});

describe("a cluster that is deleted", () => {
  it("is unmounted everywhere, then removed everywhere, and leaves the data", async () => {
    const stage = await formed();
    const sent = commands(stage);
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
    expect(mounts(stage)).toEqual([]);
    const order = sent
      .filter((line) => /(unmount-filesystem|remove-cluster)$/.test(line))
      .map((line) => line.split(" ")[1]);
    expect(order).toEqual(["unmount-filesystem", "unmount-filesystem", "remove-cluster", "remove-cluster"]);
    expect(stage.rack.backingOf("san", "/dev/vdb").content?.signature).toBe("ocfs2");
  });

  it("waits for whoever uses it, and keeps its volume", async () => {
    const stage = await formed();
    stage.rack.host("bella").running.o2cb.mounts[0]?.users.push("domain web");
    stage.delete("Ocfs2Cluster", at("xen"));
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => cluster(stage, "DeletionBlocked"), "True/FilesystemInUse");
    await eventually(stage, () => word(stage, "AoeVolume", "data", "DeletionBlocked"), "True/ReferencedByCluster");
    await eventually(stage, () => mounts(stage), ["bella /srv/xen"]);
    stage.rack.host("bella").running.o2cb.mounts[0]?.users.pop();
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined, 15);
    await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined);
  });

  it("waits for a node that is down, unless it is abandoned", async () => {
    const stage = await formed();
    stage.rack.powerOff("brutus");
    await stage.advance(minutes(2));
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => cluster(stage, "DeletionBlocked"), "True/NodeUnreachable");
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/abandon": "xen" } } });
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
  });
});

describe("a SAN that is away for longer than the heartbeat allows", () => {
  it("resets the hosts, which come back mounted, and it is told", async () => {
    const stage = await formed();
    const sent = commands(stage);
    const boots = ["bella", "brutus"].map((name) => stage.rack.host(name).running.bootId);
    stage.rack.powerOff("san");
    await stage.advance(minutes(6));
    stage.rack.powerOn("san");
    await eventually(stage, () => ready(stage), "True/Ready", 20);
    const now = ["bella", "brutus"].map((name) => stage.rack.host(name).running.bootId);
    expect(now.map((bootId, index) => bootId === boots[index])).toEqual([false, false]);
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
    expect(formats(sent)).toEqual([]);
    const told = stage.server
      .list(stage.server.kindNamed("Event"), {})
      .items.filter(isObject)
      .filter(({ reason }) => reason === "RestartedWhileMounted")
      .map(
        (event) =>
          `${String(event.type)} ${String(objectAt(event, "regarding").kind)}/${String(objectAt(event, "regarding").name)}`,
      );
    expect(told.sort()).toEqual(["Warning Ocfs2Cluster/xen", "Warning Ocfs2Cluster/xen"]);
  });
});

describe("other timeouts in the spec", () => {
  it("hold once nothing is mounted anywhere, on all nodes at once", async () => {
    const stage = await formed();
    const sent = commands(stage);
    stage.apply(ocfs2Cluster("xen", ["bella", "brutus"], { timeouts: { heartbeatThreshold: 61 } }));
    await eventually(stage, () => ready(stage), "False/PendingRestart");
    expect(message(stage, "Ocfs2Cluster", "xen", "Online")).toContain("unmount the file systems on bella, brutus");
    await stage.advance(minutes(5));
    expect(sent.filter((line) => /(cluster|online)$/.test(line))).toEqual([]);
    expect(thresholds(stage)).toEqual([31, 31]);
    unmount(stage, "bella");
    await stage.advance(minutes(2));
    // One node is still mounted: the other is not mounted with other timeouts, nor again with the former ones.
    expect([...mounts(stage), ...thresholds(stage)]).toEqual(["brutus /srv/xen", 31, 31]);
    unmount(stage, "brutus");
    await eventually(stage, () => ready(stage), "True/Ready");
    expect([...mounts(stage), ...thresholds(stage)]).toEqual(["bella /srv/xen", "brutus /srv/xen", 61, 61]);
  });
});

describe("a volume that grows", () => {
  it("is seen larger by every node before the file system grows, once", async () => {
    const backing = (size: string) => [
      aoeServer("san", 2210, ["/dev/vdb", "san/*"]),
      aoeVolume("data", "san", [0, 1], logicalVolume("data", size), nodes),
    ];
    const hosts = nodes.map((name, index) => xenHost(name, 2212 + index));
    const stage = rig({ objects: [...backing("1Gi"), ...hosts, two] });
    await eventually(stage, () => ready(stage), "True/Ready");
    const sent = commands(stage);
    for (const object of backing("2Gi")) stage.apply(object);
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Ready"), "False/ClientHoldsDevice");
    // A vblade is not restarted under a mount: the cluster is paused while a user unmounts.
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/paused": "true" } } });
    for (const host of ["bella", "brutus"]) unmount(stage, host);
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Ready"), "True/Ready");
    expect(sent.filter((line) => line.endsWith("grow-filesystem"))).toEqual([]);
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/paused": null } } });
    const size = () => status(stage, "Ocfs2Cluster", "xen").filesystems;
    await eventually(stage, () => JSON.stringify(size()).includes('"size":"2Gi"'), true);
    await eventually(stage, () => ready(stage), "True/Ready");
    await stage.advance(minutes(10));
    expect(sent.filter((line) => line.endsWith("grow-filesystem"))).toHaveLength(1);
  });

  it("gets more node slots while nobody has it mounted", async () => {
    const stage = await formed();
    const sent = commands(stage);
    stage.apply(ocfs2Cluster("xen", ["bella", "brutus"], {}, { nodeSlots: 12 }));
    await eventually(stage, () => ready(stage), "False/PendingUnmount");
    expect(message(stage, "Ocfs2Cluster", "xen", "Formatted")).toContain("unmount the file system on bella, brutus");
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/paused": "true" } } });
    for (const host of ["bella", "brutus"]) unmount(stage, host);
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/paused": null } } });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(stage.rack.backingOf("san", "/dev/vdb").content?.ocfs2?.nodeSlots).toBe(12);
    await stage.advance(minutes(10));
    expect(sent.filter((line) => line.endsWith("add-node-slots"))).toHaveLength(1);
  });
});

describe("a cluster that has two file systems of which one cannot be", () => {
  it("mounts the other", async () => {
    const stage = rig({
      objects: [
        ...objects,
        ocfs2Cluster("xen", ["bella", "brutus"], {
          filesystems: [
            { label: "lost", volumeRef: { name: "nowhere" }, mountPoint: "/srv/lost" },
            { label: "data", volumeRef: { name: "data" }, mountPoint: "/srv/xen" },
          ],
        }),
      ],
    });
    await eventually(stage, () => mounts(stage), ["bella /srv/xen", "brutus /srv/xen"]);
    expect(cluster(stage, "Formatted")).toBe("False/VolumeNotFound");
  });
});

describe("a mount point", () => {
  it("outside of what the owner of the host allows is refused", async () => {
    const stage = rig({ objects: [...objects, ocfs2Cluster("xen", ["bella", "brutus"], {}, { mountPoint: "/home" })] });
    await eventually(stage, () => cluster(stage, "Mounted"), "False/MountPointOutsideBounds");
    expect(mounts(stage)).toEqual([]);
  });

  it("that changes is moved on every node", async () => {
    const stage = await formed();
    stage.apply(ocfs2Cluster("xen", ["bella", "brutus"], {}, { mountPoint: "/srv/other" }));
    await eventually(stage, () => mounts(stage), ["bella /srv/other", "brutus /srv/other"]);
    await eventually(stage, () => ready(stage), "True/Ready");
    for (const node of ["bella", "brutus"])
      expect((stage.rack.readFile(node, "/etc/fstab") ?? "").match(/ \/srv\/\S+ /g)).toEqual([" /srv/other "]);
  });
});

describe("options of what is mounted", () => {
  const allowing = (...mountOptions: readonly string[]) =>
    nodes.slice(0, 2).map((name, index) => xenHost(name, 2212 + index, { allowed: { mountOptions } }));
  const asking = (...mountOptions: readonly string[]) =>
    ocfs2Cluster("xen", ["bella", "brutus"], {}, { mountPoint: "/srv/xen", mountOptions });
  const flags = (stage: Stage) => {
    stage.rack.settle();
    return ["bella", "brutus"].map((name) =>
      stage.rack
        .host(name)
        .running.mounts.find(({ mountPoint }) => mountPoint === "/srv/xen")
        ?.options.filter((option) => /^no(suid|dev|exec)$/.test(option))
        .join(),
    );
  };
  async function mountedWithExec(): Promise<Stage> {
    const stage = rig({ objects: [...objects, ...allowing("exec"), asking("exec")] });
    await eventually(stage, () => [ready(stage), flags(stage)], ["True/Ready", ["nosuid,nodev", "nosuid,nodev"]]);
    return stage;
  }

  it("are those of the spec while it stays mounted", async () => {
    const stage = await mountedWithExec();
    stage.apply(asking());
    await eventually(stage, () => flags(stage), ["nosuid,nodev,noexec", "nosuid,nodev,noexec"]);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(stage.rack.readFile("bella", "/etc/fstab")).toContain("nosuid,nodev,noexec");
  });

  it("obey the owner of a host who takes one back, and the spec that asks for it is told so", async () => {
    const stage = await mountedWithExec();
    for (const host of allowing()) stage.apply(host);
    await eventually(stage, () => flags(stage), ["nosuid,nodev,noexec", "nosuid,nodev,noexec"]);
    await eventually(stage, () => cluster(stage, "Mounted"), "False/MountOptionOutsideBounds");
    expect(message(stage, "Ocfs2Cluster", "xen", "Mounted")).toContain(
      "data on bella: is mounted without exec, which allowed.mountOptions of XenHost bella does not list: remove it from mountOptions, or have the owner of the host allow it",
    );
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
    const sent = commands(stage);
    await stage.advance(minutes(10));
    expect(sent.filter((line) => line.endsWith("mount-filesystem"))).toEqual([]);
    stage.apply(asking());
    await eventually(stage, () => ready(stage), "True/Ready");
  });
});

describe("hosts that do not fit", () => {
  it("under another name than the machine's are refused", async () => {
    const stage = rig({
      objects: [
        aoeServer("san", 2210, ["/dev/vdb"]),
        xenHost("alpha", 2212),
        aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["alpha"]),
        ocfs2Cluster("xen", ["alpha"]),
      ],
    });
    await eventually(stage, () => cluster(stage, "Configured"), "False/HostNameMismatch");
    expect(message(stage, "Ocfs2Cluster", "xen", "Configured")).toContain("has the host name bella");
  });

  it("that are in an older cluster stay there", async () => {
    const stage = await formed();
    stage.apply(ocfs2Cluster("young", ["brutus", "caesar"], { clusterName: "other", filesystems: [] }));
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "young", "Configured"), "False/NodeInOtherCluster");
    await stage.advance(minutes(3));
    expect(ready(stage)).toBe("True/Ready");
    stage.delete("Ocfs2Cluster", at("young"));
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("young")), undefined);
    expect(mounts(stage)).toEqual(["bella /srv/xen", "brutus /srv/xen"]);
  });
});

describe("the annotations", () => {
  it("paused: nothing is changed", async () => {
    const stage = rig({
      objects: [...objects, { ...two, metadata: { ...two.metadata, annotations: { "xensan.dev/paused": "true" } } }],
    });
    const sent = commands(stage);
    await stage.advance(minutes(5));
    expect(sent.filter((line) => /(cluster|online|filesystem)$/.test(line))).toEqual([]);
    expect(ready(stage)).toBe("False/Paused");
  });

  it("dry-run: the plan is written down and not run", async () => {
    const stage = rig({
      objects: [...objects, { ...two, metadata: { ...two.metadata, annotations: { "xensan.dev/dry-run": "true" } } }],
    });
    const sent = commands(stage);
    await stage.advance(minutes(5));
    expect(sent.filter((line) => /(cluster|online|filesystem)$/.test(line))).toEqual([]);
    const { plan } = status(stage, "Ocfs2Cluster", "xen");
    expect(
      (Array.isArray(plan) ? plan : [])
        .filter(isObject)
        .map(({ hostRef, action }) => `${hostWords(hostRef)} ${String(action)}`),
    ).toContain("XenHost/bella configure-cluster");
  });
});
