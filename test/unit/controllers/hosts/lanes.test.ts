import { describe, expect, it } from "vitest";
import { Lanes } from "../../../../src/controllers/hosts/lanes.ts";
import type { Merge, Step, StepOutcome } from "../../../../src/controllers/hosts/step.ts";
import type { Extent } from "../../../../src/controllers/hosts/view.ts";
import { refText, refTo, type WorkRef } from "../../../../src/controllers/identity.ts";
import { command } from "../../../../src/host/commands.ts";
import { settled } from "../../../simulation/world/virtual-clock.ts";
import { stage } from "../../runtime/stage.ts";
import { deferred, done, step } from "./rig.ts";

const volume = (name: string): WorkRef => refTo("AoeVolume", "san", name);
const [a, b, c] = [volume("a"), volume("b"), volume("c")];
const start = (slot: number, more: Partial<Step> = {}) => step("ensure-export", ["0", `${slot}`], more);
const failed: StepOutcome = { kind: "failed", exitCode: 1, message: "no" };

/** Lanes whose steps end when the test ends them. */
function lanes(parallel = 4) {
  const { clock } = stage();
  const running = new Map<string, ReturnType<typeof deferred<StepOutcome | undefined>>>();
  const begun: string[] = [];
  const limits: (number | undefined)[] = [];
  let asked = 0;
  let answered = 0;
  const extents: Extent[] = [];
  const ended: string[] = [];
  let stopped = false;
  async function resolve(summary: string, outcome: StepOutcome | undefined) {
    const ending = running.get(summary);
    if (ending === undefined) throw new Error(`${summary} does not run; begun: ${begun.join(", ")}`);
    ending.resolve(outcome);
    await settled();
  }
  const made = new Lanes({
    clock,
    parallel,
    run(one, notAfter) {
      begun.push(one.summary);
      limits.push(notAfter);
      const ending = deferred<StepOutcome | undefined>();
      running.set(one.summary, ending);
      return ending.promise;
    },
    ask(extent) {
      extents.push(extent);
      return { extent, request: ++asked };
    },
    hasAnswered: ({ request }) => request <= answered,
    onEnded: (owners) => ended.push([...owners].map(refText).join(" ")),
    stopped: () => stopped,
  });
  return {
    lanes: made,
    clock,
    begun,
    limits,
    extents,
    ended,
    /** A probe has answered requests up to this one. */
    answer(request: number) {
      answered = request;
    },
    stop() {
      stopped = true;
    },
    end: (summary: string, outcome: StepOutcome = done) => resolve(summary, outcome),
    /** The step could not begin in time. */
    tooLate: (summary: string) => resolve(summary, undefined),
  };
}

describe("the changes of one host", () => {
  it("runs the steps of a job in order", async () => {
    const { lanes: of, begun, end } = lanes();
    of.submit(a, [start(1), start(2)]);
    expect(begun).toEqual(["ensure-export 0 1"]);
    await end("ensure-export 0 1");
    expect(begun).toEqual(["ensure-export 0 1", "ensure-export 0 2"]);
    await end("ensure-export 0 2");
    expect(of.results(a).map(({ step: { summary }, outcome }) => [summary, outcome])).toEqual([
      ["ensure-export 0 1", done],
      ["ensure-export 0 2", done],
    ]);
  });

  it("ends a job with the first step that does not succeed", async () => {
    const { lanes: of, begun, end } = lanes();
    of.submit(a, [start(1), start(2)]);
    await end("ensure-export 0 1", failed);
    expect(begun).toEqual(["ensure-export 0 1"]);
    expect(of.results(a).map(({ outcome }) => outcome)).toEqual([failed]);
    expect(of.active).toBe(0);
  });

  it("runs jobs of different owners side by side, up to its number", async () => {
    const { lanes: of, begun, end } = lanes(2);
    for (const slot of [1, 2, 3]) of.submit(volume(`${slot}`), [start(slot)]);
    expect(begun).toEqual(["ensure-export 0 1", "ensure-export 0 2"]);
    expect(of.active).toBe(3);
    await end("ensure-export 0 2");
    expect(begun).toEqual(["ensure-export 0 1", "ensure-export 0 2", "ensure-export 0 3"]);
  });

  it("runs an exclusive job alone, and nobody overtakes it", async () => {
    const { lanes: of, begun, end } = lanes();
    of.submit(a, [start(1)]);
    of.submit(b, [start(2, { exclusive: true })]);
    of.submit(c, [start(3)]);
    expect(begun).toEqual(["ensure-export 0 1"]);
    await end("ensure-export 0 1");
    expect(begun).toEqual(["ensure-export 0 1", "ensure-export 0 2"]);
    await end("ensure-export 0 2");
    expect(begun).toEqual(["ensure-export 0 1", "ensure-export 0 2", "ensure-export 0 3"]);
  });

  it("lets two owners who wait for the same words share one job", async () => {
    const { lanes: of, begun, end } = lanes(1);
    of.submit(volume("first"), [start(9)]);
    of.submit(a, [start(1)]);
    of.submit(b, [start(1)]);
    await end("ensure-export 0 9");
    await end("ensure-export 0 1");
    expect(begun).toEqual(["ensure-export 0 9", "ensure-export 0 1"]);
    expect(of.results(a)).toBe(of.results(b));
    expect(of.results(a)).toHaveLength(1);
  });

  it("does not share a job that runs already: its effect may be older than what the second owner knows", async () => {
    const { lanes: of, begun } = lanes();
    of.submit(a, [start(1)]);
    of.submit(b, [start(1)]);
    expect(begun).toEqual(["ensure-export 0 1", "ensure-export 0 1"]);
  });

  it("merges steps that wait for the same search into one", async () => {
    const { lanes: of, begun, end } = lanes(1);
    const merge = (slot: number): Merge => ({
      targets: [{ shelf: 0, slot }],
      command: (targets) =>
        command("discover", 30, `finds ${targets.map((one) => `${one.shelf}.${one.slot}`).join(" ")}`, []),
    });
    const find = (slot: number) => step("discover", [`0.${slot}`], { merge: merge(slot) });
    of.submit(volume("busy"), [start(9)]);
    for (const slot of [1, 2, 3]) of.submit(volume(`volume-${slot}`), [find(slot)]);
    await end("ensure-export 0 9");
    await end("finds 0.1 0.2 0.3");
    expect(begun).toEqual(["ensure-export 0 9", "finds 0.1 0.2 0.3"]);
    for (const slot of [1, 2, 3])
      expect(of.results(volume(`volume-${slot}`)).map(({ outcome }) => outcome)).toEqual([done]);
  });

  it("is pending until a look that was asked for after its end has shown it", async () => {
    const { lanes: of, end, answer } = lanes();
    of.submit(a, [start(1)]);
    expect(of.pending(a)).toBe(true);
    await end("ensure-export 0 1");
    expect(of.pending(a)).toBe(true);
    expect(of.takeShown()).toEqual([]);
    answer(1);
    expect(of.pending(a)).toBe(false);
    expect(of.takeShown()).toEqual([a]);
    expect(of.takeShown()).toEqual([]);
  });

  it("asks who answers on the segments only after what may change that, and tells whose job has ended", async () => {
    const { lanes: of, end, extents, ended } = lanes();
    of.submit(a, [step("record-migration", ["1"]), step("hold-lease", ["1"])]);
    await end("record-migration 1");
    expect([extents, ended]).toEqual([[], []]);
    await end("hold-lease 1");
    of.submit(b, [step("interface-up", ["eth1"]), step("prepare-relocation", ["1"])]);
    await end("interface-up eth1");
    await end("prepare-relocation 1");
    expect(extents).toEqual(["WithoutSegments", "All"]);
    expect(ended).toEqual(["AoeVolume san/a", "AoeVolume san/b"]);
  });

  it("gives what interrupts a client five seconds from the decision, and says nothing of it when it came too late", async () => {
    const { lanes: of, clock, limits, end, tooLate } = lanes(1);
    of.submit(volume("busy"), [start(9)]);
    await clock.advance(1_000);
    of.submit(a, [step("remove-export", ["0", "1"], { interrupts: true }), start(1)]);
    await clock.advance(7_000);
    await end("ensure-export 0 9");
    expect(limits).toEqual([undefined, 6_000]);
    await tooLate("remove-export 0 1");
    expect(of.results(a)).toEqual([]);
    expect(of.active).toBe(0);
  });

  it("begins nothing any more once it is stopped, and ends when what runs has ended", async () => {
    const { lanes: of, begun, end, stop } = lanes(1);
    of.submit(a, [start(1), start(2)]);
    of.submit(b, [start(3)]);
    stop();
    let over = false;
    const ending = of.ended().then(() => {
      over = true;
    });
    await settled();
    expect(over).toBe(false);
    await end("ensure-export 0 1");
    await ending;
    expect(begun).toEqual(["ensure-export 0 1"]);
  });

  it("forgets what it did for an owner and its parts, and for no other", async () => {
    const { lanes: of, end } = lanes();
    const owners = [a, { ...a, part: "vm" }, b];
    for (const [slot, owner] of owners.entries()) {
      of.submit(owner, [start(slot)]);
      await end(`ensure-export 0 ${slot}`);
    }
    of.forget(a);
    expect(owners.map((owner) => of.results(owner).length)).toEqual([0, 0, 1]);
  });
});
