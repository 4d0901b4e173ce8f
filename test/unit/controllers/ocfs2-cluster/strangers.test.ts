import { describe, expect, it } from "vitest";
import { Heartbeats } from "../../../../src/controllers/gone/heartbeats.ts";
import { type HostView, pending } from "../../../../src/controllers/hosts/view.ts";
import { seeStrangers } from "../../../../src/controllers/ocfs2-cluster/strangers.ts";
import type { Fact, HostFacts } from "../../../../src/host/facts.ts";
import type { SharedDevice } from "../../../../src/host/ocfs2-facts.ts";
import { facts, known, unreachable } from "../facts.ts";
import { active, device, o2cb, shared } from "./observations.ts";

const hanging: Fact<never> = { state: "unknown", why: "process 2160 of an earlier probe still hangs" };

function node() {
  const lanes = { active: 0 };
  const watched = { agent: { view: pending as HostView, lanes }, askedDevices: new Set([device]) };
  return {
    watched,
    lanes,
    says(at: number, given: Partial<HostFacts>) {
      watched.agent.view = {
        state: "Reachable",
        snapshot: {
          facts: facts({ o2cb: known(o2cb({ active: active({ regions: [] }) })), ...given }),
          startedAt: at,
          time: at,
        },
      };
    },
  };
}

const sees = (sequence: string, mounts: SharedDevice["mounts"] = []): Partial<HostFacts> => ({
  sharedDevices: known([shared({ heartbeats: [{ node: 0, sequence }], mounts })]),
});

/** Node 1 saw node 0 alive in two looks, the second of which ended at 10,100 ms; node 0 gives this answer at 20 s. */
function judge(answer: (bella: ReturnType<typeof node>) => void) {
  const [bella, brutus, heartbeats] = [node(), node(), new Heartbeats()];
  for (const [at, sequence] of [
    [0, "a"],
    [10_000, "b"],
  ] as const) {
    brutus.says(at, sees(sequence));
    heartbeats.look(brutus.watched, at + 100);
  }
  answer(bella);
  heartbeats.look(bella.watched, 20_100);
  return seeStrangers({ heartbeats }, device, [
    { node: { number: 0 }, watched: bella.watched },
    { node: { number: 1 }, watched: brutus.watched },
  ]);
}

describe("the heartbeat of a node's own number", () => {
  it.each<[string, (bella: ReturnType<typeof node>) => void, ReturnType<typeof seeStrangers>]>([
    [
      "is a stranger's where a later look tells that the node has nothing mounted",
      (b) => b.says(20_000, sees("c")),
      { kind: "Alive", numbers: [0] },
    ],
    ["is its own where it has it mounted", (b) => b.says(20_000, sees("c", shared().mounts)), { kind: "None" }],
    [
      "may be its own where it cannot be reached",
      (b) => Object.assign(b.watched.agent, { view: unreachable }),
      { kind: "None" },
    ],
    [
      "is open where it does not tell its mounts",
      (b) => b.says(20_000, { sharedDevices: hanging }),
      { kind: "Unsure" },
    ],
    [
      "is open where it was not asked for the device",
      (b) => b.says(20_000, { sharedDevices: known([]) }),
      { kind: "Unsure" },
    ],
    [
      "is open where it does not tell its O2CB",
      (b) => b.says(20_000, { ...sees("c"), o2cb: hanging }),
      { kind: "Unsure" },
    ],
    ["is open where its look began before", (b) => b.says(9_000, sees("c")), { kind: "Unsure" }],
    [
      "is open while a command runs there",
      (b) => {
        b.says(20_000, sees("c"));
        b.lanes.active = 1;
      },
      { kind: "Unsure" },
    ],
  ])("%s", (_, answer, expected) => {
    expect(judge(answer)).toEqual(expected);
  });
});
