import { describe, expect, it, onTestFinished } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { info } from "../twins/programs.ts";
import { shellHost } from "../twins/shell-host.ts";
import { shells } from "./fake-dom0.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";

describe.each(shells)("the free memory of a dom0, in %s", (...shell) => {
  const dom0 = () => {
    const host = shellHost(shell, { time: "Real" });
    onTestFinished(() => host.end());
    const free = (mib: number) => host.write("/fake/info", info("4.17.7").replace("1000", String(mib)));
    const look = async () => {
      const { stdout } = await host.run(probe({ roles: ["Client"], backings: [], segments: [] }));
      const { toolstack } = parseProbe(stdout);
      return toolstack.state === "known" ? toolstack.value.info?.freeMemory : toolstack;
    };
    return { host, free, look };
  };

  it("is asked for again when a domain came, went or changed its memory, and not because one computes", async () => {
    const { host, free, look } = dom0();
    host.domains([1, "vm1", uuid, "-b----", 20]);
    expect(await look()).toBe(1000);
    free(900);
    host.domains([1, "vm1", uuid, "r-----", 21.5]);
    expect(await look()).toBe(1000);
    host.domains([1, "vm1", uuid, "r-----", 22], [2, "vm2", other, "-b----", 1]);
    expect(await look()).toBe(900);
    free(800);
    host.domains([1, "vm1", uuid, "r-----", 23], [3, "vm2", other, "-b----", 1]);
    expect(await look()).toBe(800);
    free(700);
    host.domains([1, "vm1", uuid, "r-----", 24]);
    expect(await look()).toBe(700);
  });

  it("is asked for again after five minutes", async () => {
    const { host, free, look } = dom0();
    host.domains([1, "vm1", uuid, "-b----", 20]);
    await look();
    free(900);
    host.write("/proc/uptime", "1299.00 900.00\n");
    expect(await look()).toBe(1000);
    host.write("/proc/uptime", "1300.00 900.00\n");
    expect(await look()).toBe(900);
  });

  it("is unknown where xl does not tell it, until it does", async () => {
    const { host, free, look } = dom0();
    host.domains([1, "vm1", uuid, "-b----", 20]);
    await look();
    host.write("/fake/info", "xen_major              : 4\n");
    host.domains([2, "vm1", uuid, "-b----", 0]);
    expect(await look()).toBeUndefined();
    free(900);
    expect(await look()).toBe(900);
  });
});
