import { describe, expect, it } from "vitest";
import { type EventInput, EventRecorder } from "../../../src/runtime/events.ts";
import { eventKind } from "../../../src/runtime/kinds.ts";
import { widgets } from "../../contract-kube-api/widget.ts";
import { calm } from "../../simulation/world/weather.ts";
import { stage } from "./stage.ts";

const exported: EventInput = { type: "Normal", reason: "Exported", action: "Export", note: "vblade runs as e0.1" };

async function recording(weather = { ...calm(), apiLatency: 0 }) {
  const on = stage();
  const api = on.connect(weather);
  const recorder = new EventRecorder({
    api,
    clock: on.clock,
    log: on.log,
    controller: "xensan.dev/operator",
    instance: "xensan-0",
  });
  const object = await on.connect().create(widgets, { metadata: { namespace: "san", name: "a" } });
  const running = recorder.run(on.signal);
  const events = async () => (await on.connect().list(eventKind, { namespace: "san" })).items;
  const record = (input: EventInput) => recorder.record(widgets, object, input);
  return { ...on, recorder, object, events, record, running, weather };
}

describe("events", () => {
  it("say what happened to which object", async () => {
    const { record, object, events, clock } = await recording();
    record(exported);
    await clock.advance(1000);
    const [event, ...others] = await events();
    expect(others).toEqual([]);
    expect({ ...event, metadata: undefined }).toEqual({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: undefined,
      ...exported,
      eventTime: "2026-01-01T00:00:00.000000Z",
      regarding: {
        apiVersion: "contract.xensan.dev/v1",
        kind: "Widget",
        namespace: "san",
        name: "a",
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
      },
      reportingController: "xensan.dev/operator",
      reportingInstance: "xensan-0",
    });
    expect(event?.metadata.name).toMatch(/^a\.[0-9a-f]+$/);
  });

  it("that wait for their time are recorded then, unless they are withdrawn or replaced before", async () => {
    const { recorder, object, events, clock } = await recording();
    const warning = (note: string): EventInput => ({
      type: "Warning",
      reason: "TargetMissing",
      action: "Reconcile",
      note,
    });
    recorder.recordAfter(widgets, object, "Ready", warning("first"), 60_000);
    recorder.recordAfter(widgets, object, "Conflicted", warning("withdrawn"), 60_000);
    await clock.advance(30_000);
    recorder.recordAfter(widgets, object, "Ready", warning("second"), 60_000);
    recorder.withdraw(object, "Conflicted");
    await clock.advance(59_000);
    expect(await events()).toEqual([]);
    await clock.advance(2_000);
    expect((await events()).map(({ type, note }) => ({ type, note }))).toEqual([{ type: "Warning", note: "second" }]);
  });

  it("that repeat become one with a count, written once a minute", async () => {
    const { record, events, clock } = await recording();
    for (let index = 0; index < 90; index += 1) {
      record(exported);
      await clock.advance(1000);
    }
    expect((await events()).map(({ series }) => series)).toEqual([
      { count: 61, lastObservedTime: expect.stringMatching(/^2026-01-01T00:01:0\d\.\d{6}Z$/) },
    ]);
    await clock.advance(120_000);
    expect((await events()).map(({ series }) => series?.count)).toEqual([90]);
  });

  it("that differ in what they say stay apart, and an old one begins anew", async () => {
    const { record, events, clock } = await recording();
    record(exported);
    record({ ...exported, note: "vblade runs as e0.2" });
    await clock.advance(10 * 60_000);
    record(exported);
    await clock.advance(1000);
    expect(await events()).toHaveLength(3);
  });

  it("of an object that will not calm down are bounded", async () => {
    const { record, events, clock } = await recording();
    for (let index = 0; index < 500; index += 1) record({ ...exported, note: `attempt ${index}` });
    await clock.advance(1000);
    expect(await events()).toHaveLength(25);
    await clock.advance(60 * 60_000);
    record({ ...exported, note: "an hour later" });
    await clock.advance(1000);
    expect(await events()).toHaveLength(26);
  });

  it("wait for a server that is away, and are dropped when it stays away", async () => {
    const { record, events, clock, weather, messages } = await recording();
    weather.apiDown = true;
    record(exported);
    await clock.advance(5000);
    weather.apiDown = false;
    await clock.advance(60_000);
    expect(await events()).toHaveLength(1);
    weather.apiDown = true;
    record({ ...exported, note: "lost" });
    await clock.advance(60 * 60_000);
    expect(messages("warn")).toEqual(["event dropped"]);
  });

  it("are cut to what the API server accepts", async () => {
    const { record, events, clock } = await recording();
    record({ ...exported, note: "x".repeat(2000) });
    await clock.advance(1000);
    expect((await events())[0]?.note).toHaveLength(1024);
  });
});
