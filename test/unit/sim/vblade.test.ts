import { describe, expect, it } from "vitest";
import { placeFile } from "../../../src/sim/model/filesystem.ts";
import { startUnit, stopUnit } from "../../../src/sim/model/systemd.ts";
import { startVblade } from "../../../src/sim/model/vblade.ts";
import { changedRack, stage } from "./tutorial.ts";

const bare = { by: "None", instance: "" } as const;

function san() {
  const it = stage();
  const host = it.rack.host("san");
  return { ...it, host, start: (...argv: string[]) => startVblade(it.rack.world, host, argv, bare) };
}

describe("a vblade", () => {
  it("serves a blank disk and says which bytes of which host", () => {
    const { start, happened } = san();
    expect(start("0", "1", "eth1", "/dev/vdb")).toEqual({ pid: 400 });
    expect(happened("VbladeStarted")).toEqual([
      {
        at: Date.UTC(2026, 0, 1),
        host: "san",
        command: undefined,
        kind: "VbladeStarted",
        pid: 400,
        shelf: 0,
        slot: 1,
        interface: "eth1",
        mac: "52:54:00:99:01:10",
        segment: "san",
        backing: "/dev/vdb",
        identity: "block:254:16",
        sizeBytes: 2147483648,
        access: "ReadWrite",
        by: "None",
      },
    ]);
  });

  it("starts a second time on the same address and the same disk without an error", () => {
    const { start, host } = san();
    expect(start("0", "1", "eth1", "/dev/vdb")).toEqual({ pid: 400 });
    expect(start("0", "1", "eth1", "/dev/vdb")).toEqual({ pid: 401 });
    expect([...host.running.processes.values()].map((one) => [one.shelf, one.slot, one.identity])).toEqual([
      [0, 1, "block:254:16"],
      [0, 1, "block:254:16"],
    ]);
  });

  it("checks no range: what it answers with is what fits into 16 and 8 bits", () => {
    const { start, host } = san();
    start("70000", "300", "eth1", "/dev/vdb");
    start("abc", "1", "eth1", "/dev/vdb");
    expect([...host.running.processes.values()].map((one) => `${one.shelf}.${one.slot}`)).toEqual(["4464.44", "0.1"]);
  });

  it.each([
    [["0", "1", "eth1", "/dev/nonexistent"], "open: No such file or directory\n"],
    [["0", "1", "eth9", "/dev/vdb"], "eth9: No such device\n"],
    [["0", "1", "eth1", "/root"], "open: Is a directory\n"],
    [["0", "7", "eth1", "/srv/aoe/empty.img"], "0-sector file size is too small\n"],
    [
      ["0", "1", "eth1"],
      "usage: vblade [-b bufcnt] [-o offset] [-l length] [-d ] [-s] [-r] [ -m mac[,mac...] ] shelf slot netif filename\n",
    ],
  ])("fails as the real one does: vblade %j", (argv, stderr) => {
    const { start, host } = san();
    placeFile(host.rootFileSystem, "/srv/aoe/empty.img", { sizeBytes: 0 });
    expect(start(...argv)).toEqual({ exitCode: 1, stderr });
    expect(host.running.processes.size).toBe(0);
  });

  it("rounds 700 bytes down to one sector", () => {
    const { start, host } = san();
    placeFile(host.rootFileSystem, "/srv/aoe/tiny.img", { sizeBytes: 700 });
    start("0", "7", "eth1", "/srv/aoe/tiny.img");
    expect([...host.running.processes.values()].map((one) => one.sizeBytes)).toEqual([512]);
  });

  it("ends when its interface goes down, and does not notice a pulled cable", () => {
    const { start, host, rack } = san();
    start("0", "1", "eth1", "/dev/vdb");
    rack.setCable("san", "eth1", "Pulled");
    expect(host.running.processes.size).toBe(1);
    rack.setInterface("san", "eth1", "Down");
    expect(host.running.processes.size).toBe(0);
  });
});

describe("a vblade@ unit", () => {
  const withConf = (text: string) => {
    const it = stage();
    const host = it.rack.host("san");
    placeFile(host.rootFileSystem, "/etc/vblade.conf.d/e0.1.conf", { text });
    const state = () => {
      const unit = host.running.units.get("e0.1");
      return unit && `${unit.activeState}/${unit.subState} restarts ${unit.restarts} pid ${unit.pid ?? 0}`;
    };
    return { ...it, host, state, start: () => startUnit(it.rack.world, host, "e0.1") };
  };
  const conf = "shelf=0\nslot=1\nnetif=eth1\nfilename=/dev/vdb\noptions=\n";

  it("starts again ten seconds after its vblade was killed", () => {
    const { start, state, rack, pass } = withConf(conf);
    expect(start()).toBe(0);
    expect(state()).toBe("active/running restarts 0 pid 400");
    rack.killVblade("san");
    expect(state()).toBe("activating/auto-restart restarts 0 pid 0");
    pass(9);
    expect(state()).toBe("activating/auto-restart restarts 0 pid 0");
    pass(1);
    expect(state()).toBe("active/running restarts 1 pid 401");
  });

  it("says 0 for a missing device and tries every ten seconds", () => {
    const { start, state, pass } = withConf(conf.replace("/dev/vdb", "/dev/nonexistent"));
    expect(start()).toBe(0);
    expect(state()).toBe("activating/auto-restart restarts 0 pid 0");
    pass(35);
    expect(state()).toBe("activating/auto-restart restarts 3 pid 0");
  });

  it("loops while the interface is down and runs once it is up", () => {
    const { start, state, rack, pass } = withConf(conf);
    rack.setInterface("san", "eth1", "Down");
    start();
    pass(25);
    expect(state()).toBe("activating/auto-restart restarts 2 pid 0");
    rack.setInterface("san", "eth1", "Up");
    pass(10);
    expect(state()).toBe("active/running restarts 3 pid 403");
  });

  it("says 1 for a missing configuration, and runs on when the configuration is deleted", () => {
    const { start, state, rack, host } = withConf(conf);
    expect(startUnit(rack.world, host, "nosuch")).toBe(1);
    start();
    rack.removeFile("san", "/etc/vblade.conf.d/e0.1.conf");
    expect(state()).toBe("active/running restarts 0 pid 400");
    stopUnit(rack.world, host, "e0.1");
    expect(state()).toBeUndefined();
    expect(host.running.processes.size).toBe(0);
  });
});

describe("an inittab line", () => {
  const file = changedRack(({ hosts }) => {
    const host = hosts.san;
    if (host === undefined) throw new Error("no san");
    host.init = "sysvinit";
    host.packages = ["vblade"];
    host.files = [
      {
        path: "/etc/inittab",
        text: "id:2:initdefault:\nx000:2345:respawn:/usr/sbin/vblade 0 1 eth1 /dev/vdb\n",
      },
    ];
  });
  const processes = (rack: ReturnType<typeof stage>["rack"]) =>
    [...rack.host("san").running.processes.values()].map((one) => `${one.pid} ${one.argv.join(" ")} ${one.by}`);

  it("is running after boot and at once again when killed", () => {
    const { rack, pass } = stage({ file });
    expect(processes(rack)).toEqual(["400 0 1 eth1 /dev/vdb Inittab"]);
    rack.killVblade("san");
    pass(1);
    expect(processes(rack)).toEqual(["401 0 1 eth1 /dev/vdb Inittab"]);
  });

  it("is left alone for five minutes after ten starts within two", () => {
    const { rack, pass } = stage({ file });
    rack.setInterface("san", "eth1", "Down");
    pass(60);
    rack.setInterface("san", "eth1", "Up");
    pass(60);
    expect(processes(rack)).toEqual([]);
    pass(240);
    expect(processes(rack)).toEqual(["410 0 1 eth1 /dev/vdb Inittab"]);
  });
});
