import { describe, expect, it } from "vitest";
import { Freshness } from "../../../../src/controllers/hosts/freshness.ts";
import { Machine } from "../../../../src/controllers/hosts/machine.ts";
import { refTo } from "../../../../src/controllers/identity.ts";
import { watching } from "./agent-rig.ts";
import { ended } from "./rig.ts";

const a = refTo("AoeVolume", "san", "a");
const b = refTo("AoeVolume", "san", "b");
const endpoint = {
  id: "san1",
  namespace: "san",
  ssh: {
    host: "san1",
    port: 22,
    user: "root",
    become: "None",
    hostKeyPolicy: "Pinned",
    privateKeySecretRef: { name: "key" },
  },
} as const;

function demanding() {
  const freshness = new Freshness();
  const met: string[][] = [];
  const on = watching({ onView: () => met.push(freshness.takeMet(host).map(({ object }) => object.name)) });
  const host: Machine = new Machine(endpoint, () => on.agent);
  return { ...on, freshness, met, watched: host };
}

describe("not on knowledge older than a change", () => {
  it("holds its owner up until a look has begun after the change", async () => {
    const { clock, freshness, met, watched, watch } = demanding();
    watch();
    await clock.advance(200);
    freshness.demand(a, [watched]);
    expect([freshness.isFresh(a, watched), freshness.isFresh(b, watched)]).toEqual([false, true]);
    await clock.advance(400);
    expect([met, freshness.isFresh(a, watched)]).toEqual([[[]], false]);
    await clock.advance(500);
    expect([met, freshness.isFresh(a, watched)]).toEqual([[[], ["a"]], true]);
  });

  it("is renewed by a change that comes while it waits", async () => {
    const { clock, freshness, met, watched, watch } = demanding();
    watch();
    await clock.advance(1_000);
    freshness.demand(a, [watched]);
    freshness.demand(b, [watched]);
    await clock.advance(200);
    freshness.demand(a, [watched]);
    await clock.advance(400);
    expect(met.at(-1)).toEqual(["b"]);
    expect(freshness.isFresh(a, watched)).toBe(false);
    await clock.advance(500);
    expect(met.at(-1)).toEqual(["a"]);
  });

  it("is lifted by a look that failed as well: what is unreachable justifies nothing by itself", async () => {
    const { clock, freshness, host, watched, watch } = demanding();
    host.answer = async () => ended("", 1);
    watch();
    await clock.advance(1_000);
    freshness.demand(a, [watched]);
    await clock.advance(1_000);
    expect(freshness.isFresh(a, watched)).toBe(true);
  });

  it("asks for a look without the segments when that is enough", async () => {
    const { clock, freshness, looks, watched, watch } = demanding();
    watch();
    await clock.advance(1_000);
    freshness.demand(a, [watched], "Change", "WithoutSegments");
    await clock.advance(1_000);
    expect(looks()).toEqual(["0 segments", "1"]);
  });

  it("tells apart what an object needs the look for", async () => {
    const { clock, freshness, watched, watch } = demanding();
    watch();
    await clock.advance(1_000);
    freshness.demand(a, [watched], "Confirm");
    expect([freshness.isFresh(a, watched), freshness.isFresh(a, watched, "Confirm")]).toEqual([true, false]);
    await clock.advance(1_000);
    expect(freshness.isFresh(a, watched, "Confirm")).toBe(true);
  });
});
