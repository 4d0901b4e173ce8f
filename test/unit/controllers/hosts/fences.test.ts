import { describe, expect, it } from "vitest";
import { WatchedHost } from "../../../../src/controllers/hosts/feed.ts";
import { Fences } from "../../../../src/controllers/hosts/fences.ts";
import { ended } from "./rig.ts";
import { watching } from "./watching.ts";

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

function fenced() {
  const fences = new Fences();
  const lowered: string[][] = [];
  const on = watching({ onView: () => lowered.push(fences.lower(host)) });
  const host: WatchedHost = new WatchedHost(endpoint, () => on.watcher);
  return { ...on, fences, lowered, watched: host };
}

describe("not on knowledge older than a change", () => {
  it("holds its owner up until a look has begun after the change", async () => {
    const { clock, fences, lowered, watched, watch } = fenced();
    watch();
    await clock.advance(200);
    fences.raise("a", [watched]);
    expect([fences.passed("a", watched), fences.passed("b", watched)]).toEqual([false, true]);
    await clock.advance(400);
    expect([lowered, fences.passed("a", watched)]).toEqual([[[]], false]);
    await clock.advance(500);
    expect([lowered, fences.passed("a", watched)]).toEqual([[[], ["a"]], true]);
  });

  it("is renewed by a change that comes while it waits", async () => {
    const { clock, fences, lowered, watched, watch } = fenced();
    watch();
    await clock.advance(1_000);
    fences.raise("a", [watched]);
    fences.raise("b", [watched]);
    await clock.advance(200);
    fences.raise("a", [watched]);
    await clock.advance(400);
    expect(lowered.at(-1)).toEqual(["b"]);
    expect(fences.passed("a", watched)).toBe(false);
    await clock.advance(500);
    expect(lowered.at(-1)).toEqual(["a"]);
  });

  it("is lifted by a look that failed as well: what is unreachable justifies nothing by itself", async () => {
    const { clock, fences, host, watched, watch } = fenced();
    host.answer = async () => ended("", 1);
    watch();
    await clock.advance(1_000);
    fences.raise("a", [watched]);
    await clock.advance(1_000);
    expect(fences.passed("a", watched)).toBe(true);
  });

  it("asks for a look without the segments when that is enough", async () => {
    const { clock, fences, looks, watched, watch } = fenced();
    watch();
    await clock.advance(1_000);
    fences.raise("a", [watched], "WithoutSegments");
    await clock.advance(1_000);
    expect(looks()).toEqual(["0 segments", "1"]);
  });

  it("is forgotten with its host", async () => {
    const { clock, fences, lowered, watched, watch } = fenced();
    watch();
    await clock.advance(1_000);
    fences.raise("a", [watched]);
    fences.forget(watched);
    await clock.advance(1_000);
    expect(lowered).toEqual([[], []]);
  });
});
