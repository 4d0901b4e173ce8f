import { describe, expect, it } from "vitest";
import { kernelSays } from "../../src/sim/model/kernel-log.ts";
import { aoeServer, aoeVolume, device, ocfs2Cluster, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, message, minutes, rig, word } from "./rig.ts";

const nodes = ["bella", "brutus"];
const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  ...nodes.map((name, index) => xenHost(name, 2212 + index)),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
];
const ready = (stage: Stage) => word(stage, "Ocfs2Cluster", "xen", "Ready");
const healthy = (stage: Stage) => word(stage, "Ocfs2Cluster", "xen", "Healthy");
const why = (stage: Stage) => message(stage, "Ocfs2Cluster", "xen", "Healthy");

/** Notes of events of the cluster, with how often each was seen. */
const told = (stage: Stage, reason: string) =>
  stage.server
    .list(stage.server.kindNamed("Event"), {})
    .items.filter((event) => event.reason === reason)
    .map(({ note }) => String(note));

/** Every reason of Healthy from now on, in order. */
function history(stage: Stage): string[] {
  const seen: string[] = [];
  stage.server.onChange(() => {
    const now = healthy(stage);
    if (seen.at(-1) !== now) seen.push(now);
  });
  return seen;
}

async function formed(spec: object = {}): Promise<Stage> {
  const stage = rig({ objects: [...objects, ocfs2Cluster("xen", nodes, spec)] });
  await eventually(stage, () => ready(stage), "True/Ready");
  return stage;
}

const volumeOf = (stage: Stage) => {
  const ocfs2 = stage.rack.backingOf("san", "/dev/vdb").content?.ocfs2;
  if (ocfs2 === undefined) throw new Error("nothing is formatted");
  return ocfs2;
};

describe("a cluster that forms", () => {
  it("is never called ill on the way", async () => {
    const stage = rig({ objects: [...objects, ocfs2Cluster("xen", nodes)] });
    const seen = history(stage);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(seen.filter((one) => one.startsWith("False"))).toEqual([]);
    const before = seen.length;
    await stage.advance(minutes(10));
    expect(seen.slice(before)).toEqual([]);
  });
});

describe("a volume whose server acknowledges writes out of its memory", () => {
  it("is named where the cluster is called well", async () => {
    const warning = "AoeVolume data has sync Disabled: a power failure of its server may destroy the journal of a node";
    const stage = await formed();
    expect([healthy(stage), why(stage).includes("sync")]).toEqual(["True/Healthy", false]);
    stage.apply({ ...aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes, { sync: "Disabled" }) });
    await eventually(stage, () => why(stage).includes(warning), true, 3);
    expect(healthy(stage)).toBe("True/Healthy");
  });
});

describe("a node whose disk does not take its heartbeat", () => {
  it("is named by the others, before it resets itself", async () => {
    const stage = await formed({ timeouts: { heartbeatThreshold: 61 } });
    const boot = stage.rack.host("brutus").running.bootId;
    stage.rack.setCable("brutus", "eth1", "Pulled");
    await eventually(stage, () => healthy(stage), "False/HeartbeatMissing", 2);
    expect(why(stage)).toContain(
      "brutus: does not write its heartbeat to /dev/etherd/e0.1, which it has mounted: the host resets itself 120 s after the last heartbeat",
    );
    expect(stage.rack.host("brutus").running.bootId).toBe(boot);
    stage.rack.setCable("brutus", "eth1", "Plugged");
    await eventually(stage, () => ready(stage), "True/Ready", 15);
    expect(stage.rack.host("brutus").running.bootId).toBe(boot);
  });

  it("is named by itself, when it is alone and its slot stands still", async () => {
    const stage = await formed();
    const beat = volumeOf(stage).beats.get(1);
    if (beat !== undefined) beat.until = stage.clock.now();
    await eventually(stage, () => healthy(stage), "False/HeartbeatMissing", 2);
    expect(why(stage)).toContain("brutus: does not write its heartbeat");
    expect(why(stage)).not.toContain("bella: does not write");
  });

  it("is told as one that restarted with the file system mounted, once", async () => {
    const stage = await formed();
    stage.rack.setCable("brutus", "eth1", "Pulled");
    await stage.advance(minutes(3));
    stage.rack.setCable("brutus", "eth1", "Plugged");
    await eventually(stage, () => ready(stage), "True/Ready", 15);
    await stage.advance(minutes(10));
    expect(stage.rack.events.filter(({ kind }) => kind === "NodeFenced").map(({ host }) => host)).toEqual(["brutus"]);
    expect(told(stage, "RestartedWhileMounted")).toEqual([
      "brutus rebooted while it had data mounted: it fenced itself, crashed, or was reset",
    ]);
  });
});

describe("a node that does not answer on the cluster network, but still reaches its disk", () => {
  it("is one to which the connection is missing", async () => {
    const stage = await formed();
    stage.rack.split("management", "bella", "brutus");
    await eventually(stage, () => healthy(stage), "False/Disconnected", 2);
    const both = [
      "bella: is not connected to brutus (10.98.0.13:7777)",
      "brutus: is not connected to bella (10.98.0.12:7777)",
    ];
    await eventually(stage, () => why(stage), both.join("; "), 1);
    stage.rack.heal("management", "bella", "brutus");
    await eventually(stage, () => healthy(stage), "True/Healthy", 5);
  });
});

describe("a file system whose kernel found an error", () => {
  it("is read-only on that host, which is said once in an event and as long as it lasts in the condition", async () => {
    const stage = await formed();
    stage.rack.ocfs2.remountReadOnly("brutus", "/srv/xen");
    await eventually(stage, () => healthy(stage), "False/ReadOnlyMount", 2);
    expect(why(stage)).toContain("brutus: /srv/xen is read-only because the kernel found an error");
    await stage.advance(minutes(15));
    expect(healthy(stage)).toBe("False/ReadOnlyMount");
    expect(why(stage)).not.toContain("the kernel reports");
    expect(told(stage, "KernelReports")).toEqual([
      "brutus: the kernel reports Ocfs2Error: OCFS2: ERROR (device etherd/e0.1): On-disk corruption discovered. File system is now read-only.",
    ]);
  });

  it("may be mounted read-only when that was asked for", async () => {
    const stage = rig({ objects: [...objects, ocfs2Cluster("xen", nodes, {}, { mountOptions: ["ro"] })] });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(healthy(stage)).toBe("True/Healthy");
  });
});

describe("a slot map that is not what the mounts say", () => {
  it("has no slot for a mounted node, or one for a number that is no node", async () => {
    const stage = await formed();
    const { slots } = volumeOf(stage);
    const [slot = -1] = [...slots].find(([, node]) => node === 1) ?? [];
    slots.delete(slot);
    await eventually(stage, () => healthy(stage), "False/SlotMapDisagrees", 2);
    expect(why(stage)).toBe(
      "brutus: has no slot in the slot map of data: unmount the file system everywhere and run fsck.ocfs2",
    );
    slots.set(slot, 1).set(5, 9);
    await eventually(stage, () => why(stage).includes("bella: finds slot 5 taken by 9, which is not a node,"), true, 2);
    slots.delete(5);
    await eventually(stage, () => ready(stage), "True/Ready", 2);
  });
});

describe("errors in the log of a kernel", () => {
  const fails = (stage: Stage, subject: string, sector: number) =>
    kernelSays(
      stage.rack.world,
      stage.rack.host("bella"),
      "IoError",
      subject,
      `I/O error, dev ${subject}, sector ${sector} op 0x1:(WRITE)`,
    );

  it("make an event once while they go on, and a condition until they have been gone for ten minutes", async () => {
    const stage = await formed();
    for (let sector = 0; sector < 10; sector++) {
      fails(stage, "etherd/e0.1", sector);
      await stage.advance(minutes(1));
    }
    expect(healthy(stage)).toBe("False/KernelTrouble");
    expect(why(stage)).toBe(
      "bella: the kernel reports IoError 10 times, last: I/O error, dev etherd/e0.1, sector 9 op 0x1:(WRITE)",
    );
    expect(told(stage, "KernelReports")).toEqual([
      "bella: the kernel reports IoError: I/O error, dev etherd/e0.1, sector 0 op 0x1:(WRITE)",
    ]);
    await eventually(stage, () => ready(stage), "True/Ready", 13);
    fails(stage, "etherd/e0.1", 99);
    await eventually(stage, () => told(stage, "KernelReports").length, 2, 2);
  });

  it("of another volume are none of its own", async () => {
    const stage = await formed();
    fails(stage, "etherd/e0.2", 1);
    await stage.advance(minutes(3));
    expect(healthy(stage)).toBe("True/Healthy");
  });
});
