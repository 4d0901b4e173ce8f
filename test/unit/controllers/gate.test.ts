import { describe, expect, it } from "vitest";
import { directivesOf } from "../../../src/controllers/directives.ts";
import { handOver, type Job } from "../../../src/controllers/gate.ts";
import { endpointOf } from "../../../src/controllers/hosts/endpoint.ts";
import { Freshness } from "../../../src/controllers/hosts/freshness.ts";
import { Ledger } from "../../../src/controllers/hosts/ledger.ts";
import { Machine } from "../../../src/controllers/hosts/machine.ts";
import { refTo } from "../../../src/controllers/identity.ts";
import { watching } from "./hosts/agent-rig.ts";
import { answered, ended, step } from "./hosts/rig.ts";

const volume = refTo("AoeVolume", "san", "data");
const server = refTo("AoeServer", "san", "san1");
const machineId = "c0866274f3364b728cf1e59c44cd0aa3";
const endpoint = endpointOf("san", {
  host: "san1",
  port: 22,
  user: "root",
  become: "None",
  hostKeyPolicy: "Pinned",
  privateKeySecretRef: { name: "key" },
});
const start = step("ensure-export", ["0", "1"]);
const stop = step("remove-export", ["0", "1"], { interrupts: true });
const nothing = { started: [], held: [], withheld: [], againSeconds: undefined };

/** A machine after one look, on which every script but the probe ends with `exitCode`. */
async function gated({ recorded = true, exitCode = 0 } = {}) {
  const freshness = new Freshness();
  let observed = false;
  const on = watching({
    observer: () => (observed ? server : undefined),
    onView: () => freshness.takeMet(machine),
    answer: async ({ script, signal }) => {
      await on.clock.sleep(500, signal);
      return script.name === "probe" ? ended(answered) : ended(exitCode === 0 ? "done\t\n" : "no", exitCode);
    },
  });
  const machine: Machine = new Machine(endpoint, () => on.agent);
  machine.members.set(server, recorded ? { machineId } : {});
  const world = { freshness, ledger: new Ledger(on.clock) };
  on.watch();
  await on.clock.advance(1_000);
  const hand = (job: Partial<Job>, annotations: Record<string, string> = {}) =>
    handOver(world, [{ work: volume, machine, steps: [start], basis: "facts", ...job }], {
      directives: directivesOf({ name: "data", annotations }),
    });
  const observe = () => {
    observed = true;
  };
  return { ...on, hand, machine, world, observe };
}

describe("a job at the gate", () => {
  it("starts where nothing is in its way", async () => {
    const { hand, acts, clock } = await gated();
    expect(hand({})).toEqual({ ...nothing, started: [start] });
    await clock.advance(1_000);
    expect(acts().map(({ request }) => request.script.name)).toEqual(["ensure-export"]);
  });

  it.each(["paused", "dry-run"])("is neither run nor told while the annotation %s suspends changes", async (name) => {
    const { hand, machine, acts, clock } = await gated();
    const suspended = { [`xensan.dev/${name}`]: "true" };
    expect(hand({}, suspended)).toEqual(nothing);
    machine.members.set(server, { machineId, management: "Observe" });
    expect(hand({}, suspended)).toEqual(nothing);
    await clock.advance(1_000);
    expect(acts()).toEqual([]);
  });

  it("is only told where the machine is observed, or another one that it concerns", async () => {
    const { hand, machine, acts, clock } = await gated();
    const message =
      "spec.management of AoeServer san1 is Observe, so xensan changes nothing on that host; set Manage to allow it";
    const outcome = { kind: "withheld", reason: "ObserveOnly", message };
    const told = (...steps: (typeof start)[]) => ({
      ...nothing,
      held: steps.toReversed().map((step) => ({ step, outcome })),
      withheld: steps,
    });
    machine.members.set(server, { machineId, management: "Observe" });
    expect(hand({ steps: [start, stop] })).toEqual(told(start, stop));
    expect(hand({ steps: [] })).toEqual(nothing);
    const other = await gated();
    expect(other.hand({ concerns: [machine] })).toEqual(told(start));
    machine.members.set(server, { machineId, management: "Manage" });
    expect(other.hand({ concerns: [machine] })).toEqual({ ...nothing, started: [start] });
    await clock.advance(1_000);
    expect(acts()).toEqual([]);
  });

  it("is not begun by the agent either, when the machine is observed by the time of its turn", async () => {
    const { hand, machine, acts, clock, observe } = await gated();
    machine.members.set(server, { machineId });
    hand({ work: refTo("AoeVolume", "san", "other"), steps: [step("ensure-export", ["0", "2"], { exclusive: true })] });
    hand({});
    observe();
    await clock.advance(2_000);
    expect(acts().map(({ request }) => request.args)).toEqual([["0", "2"]]);
    expect(machine.agent.results(volume).map(({ outcome }) => outcome.kind)).toEqual(["withheld"]);
  });

  it("waits until the machine is written down", async () => {
    const { hand } = await gated({ recorded: false });
    expect(hand({})).toEqual(nothing);
  });

  it("waits for a look that is young enough, and holds nothing for tried meanwhile", async () => {
    const { hand } = await gated();
    expect(hand({ fresh: false })).toEqual(nothing);
    expect(hand({})).toEqual({ ...nothing, started: [start] });
  });

  it("waits until a look has shown what the last one did", async () => {
    const { hand, clock } = await gated();
    hand({});
    expect(hand({})).toEqual(nothing);
    await clock.advance(500);
    expect(hand({})).toEqual(nothing);
  });

  it("is over when the plan is empty", async () => {
    const { hand, clock } = await gated({ exitCode: 1 });
    hand({});
    await clock.advance(2_000);
    expect(hand({ steps: [] })).toEqual(nothing);
    expect(hand({})).toEqual({ ...nothing, started: [start] });
  });

  it("is held, with what was said, until it is due again", async () => {
    const { hand, clock, machine } = await gated({ exitCode: 1 });
    hand({});
    await clock.advance(2_000);
    const [last] = machine.agent.results(volume);
    expect(last?.outcome.kind).toBe("failed");
    const held = [{ step: start, outcome: last?.outcome }];
    const waiting = hand({});
    expect(waiting).toEqual({ ...nothing, held, againSeconds: waiting.againSeconds });
    await clock.advance((waiting.againSeconds ?? 0) * 1_000);
    expect(hand({})).toEqual({ ...nothing, held });
  });

  it("probes every machine that confirms a step again before it interrupts", async () => {
    const { hand, clock, machine } = await gated();
    const interrupting = { steps: [stop], confirmedBy: [machine] };
    expect(hand(interrupting)).toEqual(nothing);
    expect(hand(interrupting)).toEqual(nothing);
    await clock.advance(2_000);
    expect(hand(interrupting)).toEqual({ ...nothing, started: [stop] });
  });
});
