import { describe, expect, it } from "vitest";
import {
  discover,
  flush,
  loadDriver,
  openDevice,
  readDevice,
  revalidate,
  stateWord,
} from "../../../src/sim/model/aoe-driver.ts";
import { placeFile } from "../../../src/sim/model/filesystem.ts";
import type { AoeDevice } from "../../../src/sim/model/hardware.ts";
import { resizeImage } from "../../../src/sim/model/storage.ts";
import { endVblade, startVblade } from "../../../src/sim/model/vblade.ts";
import { changedRack, type Stage, stage } from "./tutorial.ts";

const bare = { by: "None", instance: "" } as const;

/** san serves e0.1; bella has the driver, bound to eth1. */
function pair(it: Stage = stage()) {
  const san = it.rack.host("san");
  const bella = it.rack.host("bella");
  const { world } = it.rack;
  placeFile(san.rootFileSystem, "/srv/aoe/data.img", { sizeBytes: 1024 ** 3 });
  loadDriver(world, bella, new Map([["aoe_iflist", "eth1"]]));
  const serve = (...argv: string[]) => {
    const started = startVblade(world, san, argv, bare);
    return "pid" in started ? started.pid : 0;
  };
  const devices = () =>
    [...bella.running.aoe.devices].map(
      ([name, device]) => `${name} ${stateWord(device)} ${device.sizeBytes} ${[...device.targets.keys()].join(",")}`,
    );
  const device = (name = "e0.1"): AoeDevice => {
    const found = bella.running.aoe.devices.get(name);
    if (found === undefined) throw new Error(`bella has no ${name}`);
    return found;
  };
  const stop = (pid: number) => endVblade(world, san, pid, "stopped");
  return { ...it, world, san, bella, serve, stop, devices, device };
}

const macOfSan = "52:54:00:99:01:10";

describe("a dom0 with the aoe driver", () => {
  it("sees a vblade that starts, without asking", () => {
    const { serve, devices, pass } = pair();
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    expect(devices()).toEqual([]);
    pass(1);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
  });

  it("sees nothing on an interface that is not in its list", () => {
    const { serve, devices, pass, rack, world, bella } = pair();
    rack.setAoeInterfaces("bella", ["eth0"]);
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(1);
    expect(devices()).toEqual([]);
    rack.setAoeInterfaces("bella", ["eth1"]);
    discover(world, bella);
    pass(1);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
  });

  it("never hears its own host", () => {
    const { world, san, serve, pass } = pair();
    loadDriver(world, san, new Map());
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(120);
    expect(san.running.aoe.devices.size).toBe(0);
  });

  it("does not see shelf 4095, nor a slot of all ones", () => {
    const { serve, devices, pass } = pair();
    serve("4095", "1", "eth1", "/srv/aoe/data.img");
    serve("0", "255", "eth1", "/srv/aoe/data.img");
    pass(120);
    expect(devices()).toEqual([]);
  });

  it("sees only what its MAC is allowed to see", () => {
    const { serve, devices, pass } = pair();
    serve("-m", "52:54:00:99:01:12", "0", "1", "eth1", "/srv/aoe/data.img");
    serve("-m", "52:54:00:99:01:11", "0", "2", "eth1", "/srv/aoe/data.img");
    pass(120);
    expect(devices()).toEqual([`e0.2 up 1073741824 ${macOfSan}`]);
  });

  it("takes two servers with one address for two paths of one device", () => {
    const two = stage({
      file: changedRack(({ hosts }) => {
        hosts["san-b"] = {
          roles: ["server"],
          ssh: { port: 2213 },
          interfaces: [{ name: "eth1", mac: "52:54:00:99:01:13", segment: "san" }],
          disks: [
            { path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" },
            { path: "/dev/vdb", size: "3Gi" },
          ],
        };
      }),
    });
    const { serve, devices, pass, rack, world } = pair(two);
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(1);
    startVblade(world, rack.host("san-b"), ["0", "1", "eth1", "/dev/vdb"], bare);
    pass(1);
    expect(devices()).toEqual([`e0.1 up 3221225472 ${macOfSan},52:54:00:99:01:13`]);
  });

  it("gets 8704 bytes a frame out of an MTU of 9000", () => {
    const { bella, serve, device, pass } = pair();
    const nic = bella.interfaces.get("eth1");
    if (nic !== undefined) nic.mtu = 9000;
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(1);
    expect(device().payload).toBe(8704);
  });
});

describe("a device whose target dies silently", () => {
  function dead() {
    const all = pair();
    const pid = all.serve("0", "1", "eth1", "/srv/aoe/data.img");
    all.pass(1);
    return { ...all, pid };
  }

  it("stays up until somebody reads and aoe_deadsecs have passed", () => {
    const { stop, pid, devices, pass, world, bella, device } = dead();
    stop(pid);
    discover(world, bella);
    pass(3600);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
    expect(readDevice(world, bella, device())).toBe("WillFail");
    pass(179);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
    pass(1);
    expect(devices()).toEqual([`e0.1 down 0 ${macOfSan}`]);
    expect(readDevice(world, bella, device())).toBe("NoSuchDevice");
  });

  it("comes back by itself when the vblade starts again", () => {
    const { stop, pid, devices, pass, world, bella, device, serve } = dead();
    stop(pid);
    readDevice(world, bella, device());
    pass(200);
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(1);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
  });

  it("stays dead while it is held open, even with the target back, and lives once it is closed", () => {
    const { stop, pid, devices, pass, world, bella, device, serve } = dead();
    const close = openDevice(world, bella, device(), "process 5278 sleep");
    stop(pid);
    readDevice(world, bella, device());
    pass(200);
    expect(devices()).toEqual([`e0.1 down,closewait 0 ${macOfSan}`]);
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    flush(world, bella);
    pass(120);
    expect(devices()).toEqual([`e0.1 down,closewait 0 ${macOfSan}`]);
    if (typeof close === "function") close();
    pass(1);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
  });

  it("is forgotten by aoe-flush without arguments once it is down and closed, not before", () => {
    const { stop, pid, devices, pass, world, bella, device } = dead();
    stop(pid);
    flush(world, bella);
    expect(devices()).toHaveLength(1);
    readDevice(world, bella, device());
    pass(200);
    flush(world, bella);
    expect(devices()).toEqual([]);
  });
});

describe("a backing that grew", () => {
  it("is seen after a restart of vblade by who has it closed, and by who has it open after a revalidate", () => {
    const { world, san, bella, serve, stop, device, pass } = pair();
    const pid = serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(1);
    const close = openDevice(world, bella, device(), "mount /srv/xen");
    resizeImage(world, san, "/srv/aoe/data.img", 2 * 1024 ** 3);
    pass(120);
    expect(device().sizeBytes).toBe(1024 ** 3);
    stop(pid);
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(120);
    expect(device().sizeBytes).toBe(1024 ** 3);
    expect(revalidate(world, bella, 0, 1)).toBe("Asked");
    pass(1);
    expect(device().sizeBytes).toBe(2 * 1024 ** 3);
    if (typeof close === "function") close();
  });
});

describe("the network", () => {
  it("loses what is sent while a cable is out, and the driver asks again within a minute", () => {
    const { serve, devices, pass, rack } = pair();
    rack.setCable("bella", "eth1", "Pulled");
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(5);
    expect(devices()).toEqual([]);
    rack.setCable("bella", "eth1", "Plugged");
    pass(60);
    expect(devices()).toEqual([`e0.1 up 1073741824 ${macOfSan}`]);
  });

  it("can be split between two hosts only", () => {
    const { serve, devices, pass, rack, world } = pair();
    const brutus = rack.host("brutus");
    loadDriver(world, brutus, new Map());
    rack.split("san", "bella", "san");
    serve("0", "1", "eth1", "/srv/aoe/data.img");
    pass(120);
    expect(devices()).toEqual([]);
    expect([...brutus.running.aoe.devices.keys()]).toEqual(["e0.1"]);
  });
});
