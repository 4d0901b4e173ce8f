import { describe, expect, it } from "vitest";
import type { Ocfs2Cluster } from "../../../../src/api/kinds.ts";
import { heardBeside, heardWithoutHost } from "../../../../src/controllers/gone/gone.ts";
import { hearingOf } from "../../../../src/controllers/gone/hearing.ts";
import { Heartbeats } from "../../../../src/controllers/gone/heartbeats.ts";
import { type HostView, pending } from "../../../../src/controllers/hosts/view.ts";
import type { World } from "../../../../src/controllers/world.ts";
import { facts, known, reachable, unreachable } from "../facts.ts";
import { active, device, o2cb, region, shared, uuid } from "../ocfs2-cluster/observations.ts";

const key = { namespace: "san", name: "brutus" };

/** Bella, node 0, listens; brutus is node 1 in the spec and, if given, another number in the status. */
function scene(former?: number, formatted = true) {
  const node = (name: string, number: number) => ({ hostRef: { name }, number, address: `10.0.0.${number + 1}` });
  const cluster = {
    metadata: { namespace: "san", name: "data" },
    spec: {
      clusterName: "data",
      nodes: [node("bella", 0), node("brutus", 1)],
      filesystems: [{ label: "DATA", volumeRef: { name: "data" }, mountPoint: "/srv/data" }],
    },
    status: {
      nodes: former === undefined ? [] : [node("brutus", former)],
      filesystems: [{ label: "DATA", device, ...(formatted ? { uuid } : {}) }],
    },
  } as unknown as Ocfs2Cluster;
  const bella = { agent: { view: pending as HostView }, askedDevices: new Set([device]) };
  const heartbeats = new Heartbeats();
  let now = 0;
  const world = {
    stores: { clusters: { byIndex: () => [cluster] }, hosts: { get: () => undefined } },
    machines: { of: ({ name }: { name: string }) => (name === "bella" ? bella : undefined) },
    heartbeats,
    clock: { monotonic: () => now },
  } as unknown as World;
  /** Bella looks now and sees these sequence numbers of the nodes. */
  const look = (at: number, beats: Readonly<Record<number, string>>) => {
    now = at;
    const seen = Object.entries(beats).map(([number, sequence]) => ({ node: Number(number), sequence }));
    const view = reachable({ sharedDevices: known([shared({ heartbeats: seen, mounts: [] })]) });
    if (view.state !== "Reachable") return;
    bella.agent.view = { ...view, snapshot: { ...view.snapshot, startedAt: at } };
    heartbeats.look(bella, at);
  };
  return {
    look,
    falls: () => {
      bella.agent.view = unreachable;
    },
    waits: (ms: number) => {
      now += ms;
    },
    heard: (silentMs = 0) => hearingOf(world, key, silentMs).kind,
    why: () => heardWithoutHost(world, key),
    /** A machine answers as brutus and writes a heartbeat, or none. */
    beside: (regions: readonly { uuid: string; device: string }[]) =>
      heardBeside(world, key, facts({ o2cb: known(o2cb({ active: active({ regions }) })) })),
  };
}

describe("the heartbeat of a host", () => {
  it("is unsure until another node has looked twice, then heard or not", () => {
    const { look, heard, why } = scene();
    expect(heard()).toBe("Unsure");
    look(0, { 1: "a" });
    expect([heard(), why()]).toEqual([
      "Unsure",
      `XenHost bella must see no change in the heartbeat of node 1 (brutus) on ${device} in two probes`,
    ]);
    look(30_000, { 1: "b" });
    expect([heard(), why()]).toEqual([
      "Heard",
      `XenHost bella sees the heartbeat of node 1 (brutus) on ${device}: the machine is running`,
    ]);
    look(60_000, { 1: "b" });
    expect([heard(), why()]).toEqual(["Silent", undefined]);
    expect(heard(60_000)).toBe("Unsure");
  });

  it.each([
    ["beats", { 1: "b" }],
    ["is silent", { 1: "a" }],
  ])("is unsure again where the last look that showed that it %s is old", (_what, second) => {
    const { look, waits, heard } = scene();
    look(0, { 1: "a" });
    look(30_000, second);
    expect(heard()).not.toBe("Unsure");
    waits(180_001);
    expect(heard()).toBe("Unsure");
  });

  it("is heard under its former number until the node has left", () => {
    const { look, heard } = scene(5);
    look(0, { 5: "a" });
    look(30_000, { 5: "b" });
    expect(heard()).toBe("Heard");
    look(60_000, { 5: "b" });
    expect(heard()).toBe("Silent");
  });

  it("is unsure where the only other node that may hear it cannot be asked", () => {
    const { look, falls, heard, why } = scene();
    look(0, { 1: "a" });
    look(30_000, { 1: "a" });
    expect(why()).toBeUndefined();
    falls();
    expect(why()).toBe(
      `XenHost bella, which may see the heartbeat of brutus on ${device}, cannot be reached (Unreachable): repair its network or SSH, or, when that machine is off, run xensan forget bella`,
    );
    // Otherwise nobody could be declared dead where all are.
    expect(heard()).toBe("Silent");
  });

  it("is another machine's where the one that answers in its place writes none", () => {
    const { look, beside } = scene();
    look(0, { 1: "a" });
    look(30_000, { 1: "b" });
    expect(beside([{ uuid: region, device }])).toBeUndefined();
    expect(beside([])).toContain(`XenHost bella sees the heartbeat of node 1 (brutus) on ${device}`);
    look(60_000, { 1: "b" });
    expect(beside([])).toBeUndefined();
  });

  it("is not waited for on a file system that nobody has formatted", () => {
    const { falls, why } = scene(undefined, false);
    falls();
    expect(why()).toBeUndefined();
  });
});
