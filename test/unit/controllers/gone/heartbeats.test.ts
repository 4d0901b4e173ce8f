import { describe, expect, it } from "vitest";
import { Heartbeats } from "../../../../src/controllers/gone/heartbeats.ts";
import { type HostView, pending } from "../../../../src/controllers/hosts/view.ts";
import type { SharedDevice } from "../../../../src/host/ocfs2-facts.ts";
import { bytesInUse, partOfAnswer } from "../../heap.ts";
import { known, reachable, unreachable } from "../facts.ts";
import { device, shared } from "../ocfs2-cluster/observations.ts";

const beat = (node: number, sequence: string) => ({ node, sequence });

/** A host that is asked for one device. */
function listening() {
  const heartbeats = new Heartbeats();
  const host = { agent: { view: pending as HostView }, askedDevices: new Set([device]) };
  return {
    heartbeats,
    host,
    look(at: number, devices: readonly SharedDevice[]) {
      const view = reachable({ sharedDevices: known(devices) });
      if (view.state !== "Reachable") return;
      host.agent.view = { ...view, snapshot: { ...view.snapshot, startedAt: at } };
      heartbeats.look(host, at);
    },
  };
}

describe("what is remembered of a host's heartbeats", () => {
  it("is nothing of a device that nobody asked for", () => {
    const { heartbeats, host, look } = listening();
    const named = "/dev/foreign";
    look(0, [shared({ path: named, heartbeats: [beat(0, "a")] })]);
    look(10_000, [shared({ path: named, heartbeats: [beat(0, "b")] })]);
    expect([
      heartbeats.beating(host, named),
      heartbeats.silentMs(host, named, 0),
      heartbeats.writtenAt(host, named),
      heartbeats.mounting(host, named),
    ]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("is nothing of a device any more that is no longer asked for", () => {
    const { heartbeats, host, look } = listening();
    look(0, [shared({ heartbeats: [beat(0, "a")] })]);
    look(10_000, [shared({ heartbeats: [beat(0, "b")] })]);
    expect(heartbeats.beating(host, device)?.alive).toEqual([0]);
    host.askedDevices = new Set(["/dev/etherd/e0.2"]);
    look(20_000, [shared({ path: "/dev/etherd/e0.2" })]);
    expect(heartbeats.beating(host, device)).toBeUndefined();
  });

  it("is nothing of a node number that O2CB does not have", () => {
    const { heartbeats, host, look } = listening();
    look(0, [shared({ heartbeats: [beat(254, "a"), beat(255, "a"), beat(2 ** 31 - 1, "a")] })]);
    look(10_000, [shared({ heartbeats: [beat(254, "b"), beat(255, "b"), beat(2 ** 31 - 1, "b")] })]);
    expect(heartbeats.beating(host, device)?.alive).toEqual([254]);
  });

  it("stays when it stops to answer, and where an answer misses the device", () => {
    const { heartbeats, host, look } = listening();
    look(0, [shared({ heartbeats: [beat(1, "a")] })]);
    look(10_000, [shared({ heartbeats: [beat(1, "b")] })]);
    const remembered = () => [
      heartbeats.beating(host, device),
      heartbeats.writtenAt(host, device),
      heartbeats.mounting(host, device)?.seen,
    ];
    const before = remembered();
    expect(before).toEqual([{ alive: [1], from: 0, until: 10_000 }, 10_000, 10_000]);
    look(20_000, []);
    expect(remembered()).toEqual(before);
    host.agent.view = unreachable;
    heartbeats.look(host, 30_000);
    expect(remembered()).toEqual(before);
  });

  it("keeps no answer in memory", () => {
    const { heartbeats, host, look } = listening();
    const bytes = 2 ** 20;
    const before = bytesInUse();
    for (let node = 0; node < 40; node++) {
      const sequences = Array.from({ length: node + 1 }, (_, one) =>
        beat(one, partOfAnswer(`00000000${one}`.padStart(16, "0"), one === node ? bytes : 0)),
      );
      look(node * 10_000, [shared({ heartbeats: sequences })]);
    }
    host.agent.view = pending;
    expect(bytesInUse() - before).toBeLessThan(10 * bytes);
    expect(heartbeats.silentMs(host, device, 0)).toBe(390_000);
  });
});
