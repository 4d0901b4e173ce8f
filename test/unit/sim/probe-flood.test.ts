import { afterEach, beforeEach, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import type { TwinHost } from "../twins/host.ts";
import { simulatedHost } from "../twins/simulated-host.ts";

// The same as in test/unit/host/probe-flood.test.ts; in a fake dom0, a thousand devices take too long for both benches.
let dom0: TwinHost;
beforeEach(() => {
  dom0 = simulatedHost({});
});
afterEach(() => dom0.end());

it("tells the AoE devices that are asked for, a thousand others, and that there are more", async () => {
  for (let index = 0; index < 1050; index++) dom0.aoeDevice(`e7.${index}`, "up", 2 ** 20);
  for (const name of ["e8.1", "e9.1", "e9.4"]) dom0.aoeDevice(name, "up", 2 ** 30);
  const request = { roles: ["Client"], segments: [], backings: [], targets: ["e8.1"] } as const;
  const { stdout } = await dom0.run(probe({ ...request, sharedDevices: ["/dev/etherd/e9.4"] }));
  const { aoeDevices } = parseProbe(stdout);
  if (aoeDevices.state !== "known") throw new Error(JSON.stringify(aoeDevices));
  const names = aoeDevices.value.map(({ shelf, slot }) => `e${shelf}.${slot}`);
  expect(names.filter((name) => !name.startsWith("e7."))).toEqual(["e8.1", "e9.4"]);
  expect(names).toHaveLength(1002);
  const why = "more than 1000 devices that are neither asked for nor in use";
  expect(aoeDevices.unread).toEqual([{ why, row: "others" }]);
});
