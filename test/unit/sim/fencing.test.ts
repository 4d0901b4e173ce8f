import { describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import {
  clusterOnline,
  configureCluster,
  mountFilesystem,
  unmountFilesystem,
} from "../../../src/host/ocfs2-actions.ts";
import type { RackEvent } from "../../../src/sim/model/events.ts";
import {
  clusterFacts,
  clusterRequest,
  device,
  dom0s,
  mountedStage,
  mountPoint,
  mountRequest,
  onlineStage,
  uuid,
} from "./cluster-stage.ts";
import { known, type Stage } from "./tutorial.ts";

/** Seconds from `since` to each fencing, by host. */
const fencedAfter = (stage: Stage, since: number) =>
  stage.rack.events
    .filter((event): event is RackEvent & { kind: "NodeFenced" } => event.kind === "NodeFenced")
    .map((event) => [event.host, Math.round((event.at - since) / 1000)]);

const san = "san";

describe("the storage goes away under a mounted file system", () => {
  it("for less than the threshold: everybody waits, and goes on", async () => {
    const stage = await mountedStage();
    stage.rack.setCable(san, "eth1", "Pulled");
    stage.pass(100);
    expect(stage.rack.ocfs2.writeIn("bella", `${mountPoint}/x`, "x")).toBe("Hangs");
    stage.rack.setCable(san, "eth1", "Plugged");
    stage.pass(300);
    expect(stage.rack.ocfs2.writeIn("bella", `${mountPoint}/x`, "x")).toBe("Written");
    expect(fencedAfter(stage, 0)).toEqual([]);
  });

  it("for good: both agree that it is the storage, until AoE gives up, and restart about 240 s later", async () => {
    const stage = await mountedStage();
    const since = stage.clock.now();
    stage.rack.setCable(san, "eth1", "Pulled");
    stage.pass(70);
    const facts = await stage.run("bella", probe({ roles: ["Client"], backings: [], segments: [] }));
    expect(facts.stdout).toContain("o2hb: all nodes hb write hung, maybe region");
    stage.pass(330);
    const fenced = fencedAfter(stage, since);
    expect(fenced.map(([host]) => host).sort()).toEqual([...dom0s]);
    for (const [, seconds] of fenced) expect(seconds).toBeGreaterThan(235);
    for (const [, seconds] of fenced) expect(seconds).toBeLessThan(250);
    stage.rack.setCable(san, "eth1", "Plugged");
    stage.pass(240);
    for (const name of dom0s) expect(stage.rack.ocfs2.mountsOf(name)).toHaveLength(1);
  });

  it("for one host: it alone restarts after the threshold, the other replays its journal", async () => {
    const stage = await mountedStage();
    const bootId = stage.rack.host("brutus").running.bootId;
    const since = stage.clock.now();
    stage.rack.setCable("brutus", "eth1", "Pulled");
    stage.pass(117);
    expect(known((await clusterFacts(stage, "bella")).o2cb).active?.liveNodes).toEqual([0, 1]);
    stage.pass(153);
    expect(fencedAfter(stage, since)).toEqual([["brutus", expect.toSatisfy((s: number) => s >= 118 && s <= 121)]]);
    expect(stage.rack.host("brutus").running.bootId).not.toBe(bootId);
    expect(stage.happened("NodeRecovered")).toMatchObject([{ host: "bella", uuid, node: 1 }]);
    expect(stage.rack.ocfs2.superblockOf("bella", device)?.slots).toEqual(new Map([[0, 0]]));
    expect(known((await clusterFacts(stage, "bella")).o2cb).active?.liveNodes).toEqual([0]);
    expect(stage.rack.ocfs2.writeIn("brutus", `${mountPoint}/x`, "lost")).toBe("Operation not permitted");
    stage.rack.setCable("brutus", "eth1", "Plugged");
    stage.pass(120);
    expect(stage.rack.ocfs2.mountsOf("brutus")).toHaveLength(1);
  });
});

describe("two nodes that do not hear each other", () => {
  it("lose the one with the higher number, once the disk had time to tell who is alive", async () => {
    const stage = await mountedStage();
    const since = stage.clock.now();
    stage.rack.split("san", "bella", "brutus");
    stage.pass(180);
    expect(fencedAfter(stage, since)).toEqual([]);
    expect(known((await clusterFacts(stage, "bella")).o2cb).active?.connectedNodes).toEqual([]);
    stage.pass(20);
    expect(fencedAfter(stage, since)).toEqual([["brutus", 186]]);
  });

  it("lose nobody when they hear each other again in time", async () => {
    const stage = await mountedStage();
    stage.rack.split("san", "bella", "brutus");
    stage.pass(170);
    stage.rack.heal("san", "bella", "brutus");
    stage.pass(200);
    expect(fencedAfter(stage, 0)).toEqual([]);
  });
});

describe("a node that is to panic", () => {
  it("stays off when kernel.panic is 0, and comes back after as many seconds otherwise", async () => {
    const stage = await onlineStage();
    const request = { ...clusterRequest, fenceMethod: "Panic" } as const;
    await stage.act("brutus", configureCluster(request));
    await stage.act("brutus", clusterOnline(request));
    const { world } = stage.rack;
    world.fence(stage.rack.host("brutus"), "asked for");
    stage.pass(25);
    expect(stage.rack.host("brutus").power).toBe("Off");
    stage.pass(60);
    expect(stage.rack.host("brutus").power).toBe("On");
    stage.rack.host("brutus").running.sysctl.set("kernel.panic", "0");
    await stage.act("brutus", clusterOnline(request));
    world.fence(stage.rack.host("brutus"), "asked for");
    stage.pass(6000);
    expect(stage.rack.host("brutus").power).toBe("Off");
  });
});

describe("a node that may not join", () => {
  const shorter = { ...clusterRequest, timeouts: { ...clusterRequest.timeouts, idleMilliseconds: 30_000 } };

  it("because its timeouts differ: the mount fails after more than a minute with error 107", async () => {
    const stage = await mountedStage();
    await stage.act("brutus", unmountFilesystem(mountRequest));
    await stage.act("brutus", configureCluster(shorter));
    await stage.act("brutus", clusterOnline(shorter));
    const since = stage.clock.now();
    expect(await stage.act("brutus", mountFilesystem(mountRequest))).toMatchObject({
      kind: "refused",
      reason: "MountFailed",
      message: expect.stringContaining("error 107"),
    });
    expect(stage.clock.now() - since).toBeGreaterThan(60_000);
    expect(stage.rack.ocfs2.mountsOf("brutus")).toEqual([]);
    expect(known((await clusterFacts(stage, "brutus")).o2cb).active?.regions).toEqual([]);
  });

  it("because the others do not list the same nodes", async () => {
    const stage = await mountedStage();
    await stage.act("brutus", unmountFilesystem(mountRequest));
    const third = { number: 2, name: "caesar", address: "10.99.0.13", port: 7777 };
    const more = { ...clusterRequest, nodes: [...clusterRequest.nodes, third] };
    await stage.act("brutus", configureCluster(more));
    await stage.act("brutus", clusterOnline(more));
    expect(await stage.act("brutus", mountFilesystem(mountRequest))).toMatchObject({
      reason: "MountFailed",
      message: expect.stringContaining("error 22"),
    });
  });

  it("because this host was renamed: registered, and offline without a word", async () => {
    const stage = await onlineStage();
    stage.rack.ocfs2.setHostname("brutus", "wrongname");
    expect(await stage.act("brutus", clusterOnline(clusterRequest))).toEqual({
      kind: "refused",
      reason: "HostNameMismatch",
      message: "this host is called wrongname, but the nodes of labclus are bella brutus",
    });
  });
});
