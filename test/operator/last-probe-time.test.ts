import { describe, expect, it } from "vitest";
import { probeTimeBoundSeconds } from "../../src/api/host-status.ts";
import { aoeServer, aoeVolume, device, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, minutes, rig, status, volumeReady, word } from "./rig.ts";

const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  xenHost("bella", 2212),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
];
const names = [
  ["AoeServer", "san"],
  ["XenHost", "bella"],
] as const;

/** When each host last answered a probe, in virtual milliseconds. */
function lookedAt(stage: Stage): Map<string, number> {
  const times = new Map<string, number>();
  stage.rack.subscribe((event) => {
    if (event.kind === "CommandBegun" && event.script === "probe") times.set(event.host, stage.clock.now());
  });
  return times;
}

describe("status.lastProbeTime", () => {
  it("is never further behind the last look than it states, at four writes per host and hour", async () => {
    const stage = rig({ objects });
    const looked = lookedAt(stage);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    await stage.advance(minutes(2));
    const effects = stage.effects.done.length;
    const behind: number[] = [];
    for (let half = 0; half < 360; half += 1) {
      await stage.advance(10_000);
      for (const [kind, name] of names) {
        const said = Date.parse(String(status(stage, kind, name).lastProbeTime));
        behind.push(((looked.get(name) ?? 0) - said) / 1000);
      }
    }
    expect(Math.max(...behind)).toBeLessThanOrEqual(probeTimeBoundSeconds);
    expect(Math.min(...behind)).toBeGreaterThanOrEqual(-1);
    const writes = stage.effects.done.slice(effects).map(({ what }) => what);
    expect(new Set(writes)).toEqual(new Set(["apply aoeservers san/san status", "apply xenhosts san/bella status"]));
    expect(writes.length).toBeLessThanOrEqual(2 * 5);
  });

  it("of a host that is off is the time of the last look that succeeded", async () => {
    const stage = rig({ objects });
    const looked = lookedAt(stage);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    await stage.advance(minutes(10));
    stage.rack.powerOff("bella");
    const last = looked.get("bella") ?? 0;
    await eventually(stage, () => word(stage, "XenHost", "bella", "Reachable").startsWith("False/"), true);
    await stage.advance(minutes(60));
    const said = Date.parse(String(status(stage, "XenHost", "bella").lastProbeTime));
    expect(Math.abs(last - said)).toBeLessThan(2000);
  });
});
