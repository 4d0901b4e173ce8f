import { describe, expect, it } from "vitest";
import { ensureExport, ensureFile, prepareInitiator, probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { scaleRack } from "../../../src/sim/scale.ts";
import { known, stage } from "./tutorial.ts";

const allowedBackings = ["/srv/aoe/*"];

describe("a rack of 100 hosts with 5,000 volumes", () => {
  it("answers a probe in a few milliseconds of CPU", async () => {
    const it = stage({ file: scaleRack({ servers: 10, dom0s: 90, packages: "Installed" }) });
    for (let server = 1; server <= 10; server++) {
      for (let index = 0; index < 500; index++) {
        const path = `/srv/aoe/v${index}.img`;
        const owner = { namespace: "san", name: `v${server}-${index}`, uid: `${server}-${index}` };
        await it.act(`san-${server}`, ensureFile({ owner, path, sizeBytes: 2 ** 30, allowedBackings }));
        if (index >= 20) continue;
        const target = {
          shelf: server,
          slot: index,
          interface: "eth1",
          interfaces: [{ name: "eth1", segment: "rack" }],
          options: [],
          restart: "Forbidden",
        } as const;
        await it.act(`san-${server}`, ensureExport({ ...target, owner, backing: path, allowedBackings }));
      }
    }
    await it.act("dom0-1", prepareInitiator({ interfaces: ["eth1"] }));
    it.pass(1);
    const backings = Array.from({ length: 500 }, (_, index) => `/srv/aoe/v${index}.img`);
    const command = probe({ roles: ["Server"], backings, segments: [] });
    const began = process.cpuUsage();
    const rounds = 20;
    let facts = parseProbe("");
    for (let round = 0; round < rounds; round++) facts = parseProbe((await it.run("san-1", command)).stdout);
    const used = process.cpuUsage(began);
    expect([known(facts.backings).length, known(facts.exports).length]).toEqual([500, 20]);
    expect((await it.facts("dom0-1")).aoeDevices).toMatchObject({ value: { length: 200 } });
    // Including the parser; about 5 ms on a quiet core.
    expect((used.user + used.system) / 1000 / rounds).toBeLessThan(50);
  });
});
