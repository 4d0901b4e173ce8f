import { describe, expect, it } from "vitest";
import type { Phase } from "../../src/sim/model/state.ts";
import { at } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, minutes, status, word } from "./rig.ts";
import { dom0s, migration, outcome, said, seen, xenRig } from "./xen-rig.ts";

/** Hosts whose xl can resume, as since Xen 4.20. */
const younger = dom0s((host) => {
  host.xen = { version: "4.20.0" };
});

interface Case {
  /** When it happens. */
  readonly phase: Phase;
  readonly act: (stage: Stage) => void;
  readonly end: string;
  /** Domains on bella and on brutus at the end. */
  readonly bella: readonly string[];
  readonly brutus: readonly string[];
  readonly rack?: typeof younger;
  readonly prepare?: (stage: Stage) => void;
  readonly minutes?: number;
}

const stays = { bella: ["vm-test"], brutus: [] };
const moves = { bella: [], brutus: ["vm-test"] };
const failed = { end: "False/MigrationFailed", ...stays };
const gone = { end: "False/DomainGone", bella: [], brutus: [], minutes: 25 };
const succeeded = { end: "True/Succeeded", ...moves };

const killSender = (stage: Stage) => stage.rack.xen.killSender("vm-test", "Sender");
const killUnit = (stage: Stage) => stage.rack.xen.killSender("vm-test", "Unit");
const killTransport = (stage: Stage) => stage.rack.xen.killTransport("vm-test");
const reset = (host: string) => (stage: Stage) => stage.rack.reset(host);
const cut = (stage: Stage) => stage.rack.xen.cutBetween("bella", "brutus");

const table: Readonly<Record<string, Case>> = {
  "xl is killed on the source in P1": { phase: "Connect", act: killSender, ...failed },
  "xl is killed on the source in P2": { phase: "Precopy", act: killSender, ...failed },
  "xl and its ssh are killed on the source in P2": { phase: "Precopy", act: killUnit, ...failed },
  "xl is killed on the source in P3, where xl can resume": {
    phase: "StopCopy",
    act: killUnit,
    ...failed,
    rack: younger,
  },
  "xl is killed on the source in P5": { phase: "Renamed", act: killUnit, ...succeeded },
  "xl is killed on the source in P7": { phase: "Arrived", act: killUnit, ...succeeded },
  "xl is killed on the source in P8": { phase: "Reported", act: killUnit, ...succeeded },
  "ssh between the hosts dies in P1": { phase: "Connect", act: killTransport, ...failed },
  "ssh between the hosts dies in P2": { phase: "Precopy", act: killTransport, ...failed },
  "ssh between the hosts dies in P3": { phase: "StopCopy", act: killTransport, ...failed },
  "ssh between the hosts dies in P4": { phase: "Ready", act: killTransport, ...failed },
  "ssh between the hosts dies in P5": { phase: "Renamed", act: killTransport, ...succeeded },
  "ssh between the hosts dies after GO has arrived": { phase: "Arrived", act: killTransport, ...succeeded },
  "GO is lost in P6": { phase: "Go", act: killTransport, ...succeeded },
  "packets between the hosts vanish in P2, and come back": {
    phase: "Precopy",
    act: (stage) => {
      cut(stage);
      stage.clock.after(120_000, () => stage.rack.xen.healBetween("bella", "brutus"));
    },
    ...failed,
  },
  "the target goes down in P1": { phase: "Connect", act: reset("brutus"), ...failed },
  "the target goes down in P2": { phase: "Precopy", act: reset("brutus"), ...failed },
  "the target goes down in P3": { phase: "StopCopy", act: reset("brutus"), ...failed },
  "the target goes down in P4": { phase: "Ready", act: reset("brutus"), ...failed },
  "the target goes down in P5 with the sender, where xl can resume": {
    phase: "Renamed",
    act: (stage) => {
      killUnit(stage);
      stage.rack.reset("brutus");
    },
    ...failed,
    rack: younger,
  },
  "the source goes down in P1": { phase: "Connect", act: reset("bella"), ...gone },
  "the source goes down in P3": { phase: "StopCopy", act: reset("bella"), ...gone },
  "the source goes down in P5": { phase: "Renamed", act: reset("bella"), ...gone },
  "the source goes down in P6, and GO with it": { phase: "Go", act: reset("bella"), ...gone },
  "the source goes down in P2": { phase: "Precopy", act: reset("bella"), ...gone },
  "the source goes down in P4": { phase: "Ready", act: reset("bella"), ...gone },
  "the source goes down in P7": { phase: "Started", act: reset("bella"), ...succeeded, minutes: 25 },
  "the start fails on the target in P7, links alive": {
    phase: "Connect",
    act: () => undefined,
    prepare: (stage) => stage.rack.xen.failStart("vm-test"),
    ...failed,
  },
  "the guest does not suspend": {
    phase: "Connect",
    act: () => undefined,
    prepare: (stage) => stage.rack.xen.setGuest("vm-test", { suspend: "Ignores" }),
    ...failed,
  },
};

describe("who dies in a migration, and what becomes of it", () => {
  it.each(Object.entries(table))("%s", async (_name, one) => {
    const stage = await xenRig({
      ...(one.rack === undefined ? {} : { rack: one.rack }),
      ...(one.prepare === undefined ? {} : { prepare: one.prepare }),
    });
    stage.rack.xen.atPhase(one.phase, () => one.act(stage));
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), one.end, one.minutes ?? 10);
    expect(seen(stage)).toEqual({ bella: one.bella, brutus: one.brutus, caesar: [] });
  });

  it("the operator dies in every phase: the next one finds out", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    for (const phase of ["Connect", "Precopy", "StopCopy", "Renamed", "Go", "Started"] as const)
      stage.rack.xen.atPhase(phase, () => {
        stage.life.end();
        stage.clock.after(2_000, () => {
          if (!stage.life.alive) stage.startOperator();
        });
      });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual({ ...moves, caesar: [] });
  });
});

const approval = (stage: Stage) => `DestroySource:${status(stage, "XenMigration", "go").operationID}`;
const approve = (stage: Stage) =>
  stage.patch("XenMigration", at("go"), { metadata: { annotations: { "xensan.dev/approve": approval(stage) } } });

describe("a suspended domain that xl cannot resume", () => {
  it("waits for a person's word, then can be started anew", async () => {
    const stage = await xenRig();
    stage.rack.xen.atPhase("StopCopy", () => killUnit(stage));
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ApprovalNeeded", 5);
    expect(seen(stage)).toEqual({ bella: ["vm-test suspend"], brutus: [], caesar: [] });
    expect(said(stage, "go")).toContain(`xensan.dev/approve=${approval(stage)} `);
    for (const word of ["DestroySource", "DestroySource:37baabc6-98d5-58a2-9634-a38b12e29c45"]) {
      stage.patch("XenMigration", at("go"), { metadata: { annotations: { "xensan.dev/approve": word } } });
      await stage.advance(minutes(5));
      expect(outcome(stage, "go")).toBe("Unknown/ApprovalNeeded");
    }
    approve(stage);
    await eventually(stage, () => outcome(stage, "go"), "False/DomainGone", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: [], caesar: [] });
  });

  it("is asked about when its target went down in P6 to P8, after it had permission", async () => {
    const stage = await xenRig({ rack: younger });
    stage.rack.xen.atPhase("Go", () => stage.rack.reset("brutus"));
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ApprovalNeeded", 10);
    expect(seen(stage)).toEqual({ bella: ["vm-test--migratedaway suspend"], brutus: [], caesar: [] });
    approve(stage);
    await eventually(stage, () => outcome(stage, "go"), "False/DomainGone", 5);
  });

  it("is not believed to be resumed because xl says so", async () => {
    const stage = await xenRig({
      rack: younger,
      prepare: (it) => it.rack.xen.setGuest("vm-test", { resume: "Lies" }),
    });
    stage.rack.xen.atPhase("StopCopy", () => killUnit(stage));
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/DomainStateDiffers", 5);
    stage.rack.xen.setGuest("vm-test", { resume: "Works" });
    await eventually(stage, () => outcome(stage, "go"), "False/MigrationFailed", 10);
    expect(seen(stage)).toEqual({ ...stays, caesar: [] });
  });
});

describe("hosts that cannot be seen", () => {
  it("leave the outcome unknown until they can, and nothing is done", async () => {
    const stage = await xenRig();
    stage.rack.xen.atPhase("Renamed", () => {
      stage.rack.setManagement("bella", "Cut");
      stage.rack.setManagement("brutus", "Cut");
    });
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/OutcomeUnknown", 5);
    await stage.advance(minutes(20));
    expect(outcome(stage, "go")).toBe("Unknown/OutcomeUnknown");
    expect(word(stage, "XenMigration", "go", "Migrating")).toBe("Unknown/OutcomeUnknown");
    stage.rack.setManagement("brutus", "Connected");
    await stage.advance(minutes(5));
    expect(said(stage, "go")).toMatch(/^The state of bella is unknown \(/);
    stage.rack.setManagement("bella", "Connected");
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 10);
  });

  it("hold up nothing once a person has abandoned the one that burned", async () => {
    const stage = await xenRig();
    stage.rack.xen.atPhase("Precopy", () => stage.rack.powerOff("bella"));
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/OutcomeUnknown", 10);
    await stage.advance(minutes(10));
    stage.patch("XenHost", at("bella"), { metadata: { annotations: { "xensan.dev/abandon": "bella" } } });
    stage.delete("XenHost", at("bella"));
    await eventually(stage, () => stage.find("XenHost", at("bella")), undefined, 10);
    await eventually(stage, () => outcome(stage, "go"), "False/DomainGone", 10);
  });

  it("keep a leftover from being touched: the source is off while the target holds its copy", async () => {
    const stage = await xenRig();
    stage.rack.xen.atPhase("Renamed", () => {
      killUnit(stage);
      stage.rack.setManagement("bella", "Cut");
    });
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/OutcomeUnknown", 5);
    await stage.advance(minutes(20));
    expect(seen(stage)).toEqual({
      bella: ["vm-test--migratedaway suspend"],
      brutus: ["vm-test--incoming paused"],
      caesar: [],
    });
    stage.rack.setManagement("bella", "Connected");
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 10);
    expect(seen(stage)).toEqual({ ...moves, caesar: [] });
  });
});
