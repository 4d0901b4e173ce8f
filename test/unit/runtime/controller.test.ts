import { describe, expect, it } from "vitest";
import { Controller } from "../../../src/runtime/controller.ts";
import { KubeError, type ObjectKey } from "../../../src/runtime/kube-api.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { againAfter, done, type ReconcileContext, type ReconcileResult } from "../../../src/runtime/reconciler.ts";
import { stage } from "./stage.ts";

type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<ReconcileResult>;

function controlling(reconcile: Reconcile, options: { workers?: number; timeoutSeconds?: number } = {}) {
  const on = stage();
  const metrics = createMetrics();
  const starts: [string, number][] = [];
  const controller = new Controller({
    name: "widget",
    clock: on.clock,
    log: on.log,
    metrics,
    ...options,
    reconciler: {
      reconcile: (key, context) => {
        starts.push([key.name, Math.round(on.clock.monotonic() / 1000)]);
        return reconcile(key, context);
      },
    },
  });
  const running = controller.run(on.signal);
  const enqueue = (name: string) => controller.enqueue({ namespace: "san", name });
  const count = async (metric: string) => {
    const { values } = (await metrics.registry.getSingleMetric(metric)?.get()) ?? { values: [] };
    return Object.fromEntries(
      values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.result ?? "", value]),
    );
  };
  return { ...on, metrics, controller, running, enqueue, starts, count };
}

describe("a controller", () => {
  it("looks again after the time that was asked for, and not otherwise", async () => {
    const { clock, enqueue, starts, count } = controlling(async ({ name }) =>
      name === "timed" ? againAfter(60) : done,
    );
    enqueue("timed");
    enqueue("once");
    await clock.advance(150_000);
    expect(starts).toEqual([
      ["timed", 0],
      ["once", 0],
      ["timed", 60],
      ["timed", 120],
    ]);
    expect(await count("xensan_controller_reconcile_total")).toEqual({ success: 1, requeue_after: 3 });
  });

  it("tries again ever more seldom while it fails, and at once when something has happened", async () => {
    const { clock, enqueue, starts } = controlling(async () => {
      throw new Error("something is the matter");
    });
    enqueue("a");
    await clock.advance(5000);
    const early = starts.length;
    expect(early).toBeGreaterThanOrEqual(3);
    expect(early).toBeLessThanOrEqual(5);
    await clock.advance(895_000);
    expect(starts.length).toBeGreaterThanOrEqual(9);
    expect(starts.length).toBeLessThanOrEqual(16);
    const before = starts.length;
    enqueue("a");
    await clock.advance(0);
    expect(starts.length).toBe(before + 1);
  });

  it("keeps the trouble of one object away from the others", async () => {
    const { clock, enqueue, starts, messages, count } = controlling(
      async ({ name }) => {
        if (name === "bad") throw new TypeError("cannot read properties of undefined");
        return done;
      },
      { workers: 1 },
    );
    for (const name of ["bad", "good-1", "good-2"]) enqueue(name);
    await clock.advance(100);
    expect(starts.map(([name]) => name)).toEqual(["bad", "good-1", "good-2"]);
    expect(messages("error")).toEqual(["reconcile failed, retrying"]);
    expect(await count("xensan_controller_reconcile_total")).toEqual({ success: 2, error: 1 });
  });

  it("waits as long as an overloaded server asks for", async () => {
    let refusals = 1;
    const { clock, enqueue, starts } = controlling(async () => {
      if (refusals-- > 0) throw new KubeError(429, "TooManyRequests", "slow down", { retryAfterSeconds: 30 });
      return done;
    });
    enqueue("a");
    await clock.advance(120_000);
    expect(starts).toEqual([
      ["a", 0],
      ["a", 30],
    ]);
  });

  it("takes a conflict for the ordinary thing it is", async () => {
    let conflicts = 1;
    const { clock, enqueue, starts, messages, count } = controlling(async () => {
      if (conflicts-- > 0) throw new KubeError(409, "Conflict", "the object has been modified");
      return done;
    });
    enqueue("a");
    await clock.advance(10_000);
    expect(starts).toHaveLength(2);
    expect(messages("error")).toEqual([]);
    expect(await count("xensan_controller_reconcile_total")).toEqual({ success: 1, requeue: 1 });
  });

  it("tells a reconcile that takes too long to stop, and tries again", async () => {
    const reasons: string[] = [];
    const { clock, enqueue, starts } = controlling(
      async (_key, { signal, leading }) => {
        await clock.sleep(starts.length === 1 ? 600_000 : 1, signal).catch((reason: unknown) => {
          reasons.push(`${String(reason)}, leading: ${!leading.aborted}`);
          throw reason;
        });
        return done;
      },
      { timeoutSeconds: 30 },
    );
    enqueue("slow");
    await clock.advance(60_000);
    expect(reasons).toEqual(["TimeoutError: the reconcile took longer than 30 s, leading: true"]);
    expect(starts.map(([name]) => name)).toEqual(["slow", "slow"]);
  });

  it("gives the worker of a reconcile that does not heed its signal to others, but never its key", async () => {
    const { clock, enqueue, starts, messages } = controlling(
      async ({ name }) => {
        if (name === "deaf" && starts.length === 1) await clock.sleep(600_000);
        return done;
      },
      { timeoutSeconds: 30, workers: 1 },
    );
    enqueue("deaf");
    await clock.advance(1000);
    enqueue("other");
    enqueue("deaf");
    await clock.advance(500_000);
    expect(starts).toEqual([
      ["deaf", 0],
      ["other", 40],
    ]);
    expect(messages("error")).toEqual([
      "the reconcile ignores its time limit; its worker continues with other objects",
    ]);
    await clock.advance(200_000);
    expect(starts.at(-1)).toEqual(["deaf", 600]);
  });

  it("stops what runs when it is stopped, starts nothing new, and keeps the key for its next term", async () => {
    const { clock, enqueue, starts, stop, running, controller } = controlling(
      async (_key, { signal }) => {
        await clock.sleep(60_000, signal);
        return done;
      },
      { workers: 1 },
    );
    enqueue("a");
    enqueue("b");
    await clock.advance(1000);
    stop.abort(new Error("stopping"));
    await running;
    expect(starts).toEqual([["a", 0]]);
    expect(controller.queue.length).toBe(2);
  });

  it("leaves no timer behind when it is stopped, and goes by the same times in its next term", async () => {
    const { clock, enqueue, controller, stop, running, starts } = controlling(async () => againAfter(60));
    enqueue("a");
    await clock.advance(1000);
    stop.abort(new Error("stopping"));
    await running;
    const { fired } = clock;
    await clock.advance(100_000);
    expect([clock.fired, starts]).toEqual([fired, [["a", 0]]]);
    const next = new AbortController();
    const again = controller.run(next.signal);
    await clock.advance(1000);
    next.abort(new Error("stopping"));
    await again;
    expect(starts).toEqual([
      ["a", 0],
      ["a", 101],
    ]);
  });

  it("writes the object and an id of the reconcile in every line of its log", async () => {
    const { clock, enqueue, lines } = controlling(async (_key, { log }) => {
      log.info("at work");
      return done;
    });
    enqueue("a");
    enqueue("b");
    await clock.advance(10);
    const said = lines.filter(({ msg }) => msg === "at work");
    expect(said.map(({ controller, namespace, name }) => [controller, namespace, name])).toEqual([
      ["widget", "san", "a"],
      ["widget", "san", "b"],
    ]);
    expect(new Set(said.map(({ reconcileID }) => reconcileID)).size).toBe(2);
    expect(said[0]?.reconcileID).toMatch(/^[0-9a-f]{16}$/);
  });

  it("measures its queue while it works", async () => {
    const { clock, enqueue, metrics } = controlling(
      async () => {
        await clock.sleep(8000);
        return done;
      },
      { workers: 1 },
    );
    for (const name of ["a", "b", "c"]) enqueue(name);
    await clock.advance(10_000);
    const text = await metrics.registry.metrics();
    expect(text).toContain('xensan_workqueue_depth{name="widget"} 1');
    expect(text).toContain('xensan_workqueue_adds_total{name="widget"} 3');
    expect(text).toContain('xensan_workqueue_unfinished_work_seconds{name="widget"} 2');
    expect(text).toContain('xensan_workqueue_longest_running_processor_seconds{name="widget"} 2');
    expect(text).toContain('xensan_controller_active_workers{controller="widget"} 1');
    expect(text).toContain('xensan_controller_reconcile_time_seconds_sum{controller="widget"} 8');
  });
});
