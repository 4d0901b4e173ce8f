import {
  deleteLogicalVolume,
  discover,
  type ExportRequest,
  ensureExport,
  ensureFile,
  ensureLogicalVolume,
  installPackages,
  interfaceUp,
  prepareInitiator,
  probe,
  removeExport,
  revalidate,
} from "../../src/host/actions.ts";
import { openDevice } from "../../src/sim/model/aoe-driver.ts";
import type { Rack } from "../../src/sim/rack.ts";
import { type Step, stepsOn, wait } from "./step.ts";

/** What needs kernels with AoE: a server and a client of the tutorial's rack, from bare to trouble and back. */

const mib = 2 ** 20;
const san = stepsOn("san");
const bella = stepsOn("bella");
const owner = { namespace: "san", name: "data", uid: "0a1b" };
const other = { namespace: "san", name: "scratch", uid: "0c2d" };
const allowedBackings = ["/dev/vdb", "/srv/aoe/*", "san/*"];
const scratch = { owner: other, path: "/srv/aoe/scratch.img", allowedBackings };
const volume = { owner, volumeGroup: "san", name: "data", allowedBackings };
const e01 = { shelf: 0, slot: 1 };
const e02 = { shelf: 0, slot: 2 };

const lookAtServer = (fixture?: string) =>
  san.run(probe({ roles: ["Server"], backings: ["/dev/vdb", scratch.path], segments: [] }), fixture);
const lookAtClient = (fixture?: string) =>
  bella.run(probe({ roles: ["Client"], backings: [], segments: ["eth1"] }), fixture);
const serve = (change: Partial<ExportRequest>): Step =>
  san.run(
    ensureExport({
      owner,
      ...e01,
      interface: "eth1",
      interfaces: [{ name: "eth1", segment: "rack" }],
      backing: "/dev/vdb",
      options: [],
      restart: "Forbidden",
      allowedBackings,
      ...change,
    }),
  );
const serveScratch = (change: Partial<ExportRequest> = {}) =>
  serve({ owner: other, ...e02, backing: scratch.path, ...change });

/** Functions that close the held device, by rack: the simulated rack has no process that could be killed. */
const holders = new WeakMap<Rack, () => void>();
const hold = bella.admin(
  "setsid sh -c 'exec 9</dev/etherd/e0.2; exec sleep 3600' </dev/null >/dev/null 2>&1 & echo $! >/run/holder; sleep 2",
  (rack) => {
    const host = rack.host("bella");
    const device = host.running.aoe.devices.get("e0.2");
    if (device === undefined) return;
    const close = openDevice(rack.world, host, device, "process 4711 sleep");
    if (typeof close === "function") holders.set(rack, close);
  },
);
const release = bella.admin("kill $(cat /run/holder); sleep 1", (rack) => holders.get(rack)?.());

export const rackLife: readonly Step[] = [
  lookAtServer("lab-server-bare"),
  lookAtClient("lab-client-bare"),
  bella.run(discover({ targets: [e01], waitSeconds: 1 })),
  bella.run(revalidate({ ...e01, expectBytes: mib })),
  san.run(installPackages(["vblade"])),
  san.run(installPackages(["vblade"])),
  bella.run(installPackages(["aoetools"])),
  bella.run(installPackages(["no-such-package"])),
  lookAtClient("lab-client-packages"),

  bella.run(prepareInitiator({ interfaces: ["eth9"] })),
  bella.run(prepareInitiator({ interfaces: ["eth1"] })),
  bella.run(prepareInitiator({ interfaces: ["eth1"] })),
  bella.run(interfaceUp("eth1")),
  bella.run(interfaceUp("eth9")),
  bella.run(discover({ targets: [e01, e02], waitSeconds: 2 })),
  bella.run(revalidate({ ...e01, expectBytes: mib })),
  lookAtClient("lab-client-prepared"),

  san.run(ensureFile({ ...scratch, sizeBytes: 64 * mib })),
  serve({}),
  serveScratch(),
  wait(3),
  lookAtServer("lab-server-exports"),
  bella.run(discover({ targets: [e01, e02], waitSeconds: 20 })),
  bella.run(discover({ targets: [e01, e02], waitSeconds: 20 })),
  bella.run(revalidate({ ...e02, expectBytes: 64 * mib })),
  lookAtClient("lab-client-discovered"),

  hold,
  lookAtClient("lab-client-held"),
  bella.admin("modprobe -r aoe || :", (rack) => {
    rack.unloadModule("bella");
  }),
  bella.run(prepareInitiator({ interfaces: ["eth0"] })),
  san.run(ensureFile({ ...scratch, sizeBytes: 96 * mib })),
  serveScratch({ restart: "Always" }),
  bella.run(revalidate({ ...e02, expectBytes: 96 * mib })),
  lookAtClient("lab-client-grown"),

  san.run(removeExport({ owner: other, ...e02, interface: "eth1" })),
  lookAtServer("lab-server-removed"),
  lookAtClient("lab-client-orphaned"),
  serveScratch(),
  wait(3),
  bella.run(discover({ targets: [e02], waitSeconds: 20 })),
  release,

  bella.admin("aoe-interfaces eth0", (rack) => rack.setAoeInterfaces("bella", ["eth0"])),
  lookAtClient("lab-client-other-interfaces"),
  bella.run(prepareInitiator({ interfaces: ["eth1"] })),
  bella.admin("ip link set eth1 down", (rack) => rack.setInterface("bella", "eth1", "Down")),
  lookAtClient("lab-client-interface-down"),
  bella.run(interfaceUp("eth1")),
  bella.run(interfaceUp("eth1")),
  bella.admin("modprobe -r aoe", (rack) => {
    rack.unloadModule("bella");
  }),
  lookAtClient("lab-client-unloaded"),
  bella.run(prepareInitiator({ interfaces: ["eth1"] })),
  wait(2),
  bella.run(discover({ targets: [e01, e02], waitSeconds: 20 })),
  lookAtClient(),

  san.run(ensureLogicalVolume({ ...volume, sizeBytes: 64 * mib })),
  san.run(ensureLogicalVolume({ ...volume, sizeBytes: 64 * mib })),
  san.run(ensureLogicalVolume({ ...volume, sizeBytes: 128 * mib })),
  san.run(ensureLogicalVolume({ ...volume, sizeBytes: 2 ** 50 })),
  san.run(ensureLogicalVolume({ ...volume, volumeGroup: "none", allowedBackings: ["none/*"], sizeBytes: mib })),
  san.run(ensureLogicalVolume({ ...volume, owner: other, sizeBytes: 64 * mib })),
  serve({ slot: 3, backing: "/dev/san/data" }),
  lookAtServer("lab-server-lvm"),
  san.run(deleteLogicalVolume(volume)),
  san.run(removeExport({ owner, shelf: 0, slot: 3, interface: "eth1" })),
  san.run(deleteLogicalVolume({ ...volume, owner: other })),
  san.run(deleteLogicalVolume(volume)),
  san.run(deleteLogicalVolume(volume)),
  lookAtServer(),
];
