import { describe, expect, it } from "vitest";
import { aoeServer, aoeVolume, device, ocfs2Cluster, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { calm } from "../simulation/world/weather.ts";
import { commands, eventually, rig, status, word } from "./rig.ts";

const nodes = ["bella", "brutus"];
const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  ...nodes.map((name, index) => xenHost(name, 2212 + index)),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
  ocfs2Cluster("xen", nodes),
];

/** UUIDs that were ever recorded for a format, in the order in which the server stored them. */
function intents(stage: Stage, each: () => void): string[] {
  const seen: string[] = [];
  stage.server.onChange(() => {
    const [, uuid] =
      /"format":\{[^}]*?"uuid":"([^"]+)"/.exec(JSON.stringify(status(stage, "Ocfs2Cluster", "xen"))) ?? [];
    if (uuid === undefined || seen.includes(uuid)) return;
    seen.push(uuid);
    each();
  });
  return seen;
}

describe("an intent that was stored and never answered", () => {
  it.each([
    ["while every read fails as well", 20_000],
    ["with one read that fails after it", 400],
  ])("is the one that is carried out, %s", async (_faults, ms) => {
    const stage = rig({ objects });
    const sent = commands(stage);
    const stored = intents(stage, () => {
      if (stored.length > 1) return;
      // The answer is lost, the next requests fail, and the watch is behind for longer than that.
      stage.weather = { ...calm(), apiLostAnswer: 1, apiError: 1, watchLag: 120_000 };
      stage.clock.after(ms, () => {
        stage.weather = { ...calm(), watchLag: 120_000 };
      });
      stage.clock.after(300_000, () => {
        stage.weather = calm();
      });
    });
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready", 20);
    expect(stored).toHaveLength(1);
    expect(sent.filter((line) => line.endsWith("format-filesystem"))).toHaveLength(1);
  });
});
