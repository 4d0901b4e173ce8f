import { describe, expect, it } from "vitest";
import { memoryFor, memoryShortage } from "../../src/controllers/memory.ts";
import type { Dom0Memory, Toolstack } from "../../src/host/xen-facts.ts";
import type { RackFile } from "../../src/sim/rack-file.ts";
import { sharedFilesystem, xenDomain } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import { eventually, message, rig, word } from "./rig.ts";

const host = (free: number, dom0Memory?: Dom0Memory): Toolstack => ({
  kind: "xl",
  dom0: true,
  info: {
    major: 4,
    minor: 17,
    extra: ".7",
    totalMemory: 2047,
    freeMemory: free,
    cpus: 2,
    hardwareCapabilities: "",
    virtualisation: [],
  },
  ...(dom0Memory === undefined ? {} : { dom0Memory }),
  automaticDomains: undefined,
  services: new Map(),
  bridges: [],
  xendConfiguration: undefined,
  xendPassword: undefined,
});
const grub = "(GRUB_CMDLINE_XEN in /etc/default/grub, then update-grub and reboot)";

describe("memory for a domain on a dom0", () => {
  it.each<[string, Toolstack, number | undefined]>([
    ["is what Xen has free", host(12), 12],
    ["is not what dom0 keeps by dom0_mem", host(12, { owned: 2000, available: 1800, autoballoon: false }), 12],
    ["is what xl can take from dom0 too", host(12, { owned: 2000, available: 1800, autoballoon: true }), 1500],
    ["is not what the programs of dom0 use", host(12, { owned: 2000, available: 400, autoballoon: true }), 156],
    ["is nothing of a small dom0", host(12, { owned: 400, available: 390, autoballoon: true }), 12],
    ["is not known without xl info", { ...host(12), info: undefined }, undefined],
  ])("%s", (_what, toolstack, has) => {
    expect(memoryFor(toolstack)).toBe(has);
  });

  it("is not short where it is enough, or nobody tells", () => {
    expect(memoryShortage(host(12, { owned: 2000, available: 1800, autoballoon: true }), 1500)).toBeUndefined();
    expect(memoryShortage({ ...host(0), info: undefined }, 512)).toBeUndefined();
  });

  it("is short, and it is said what it would take", () => {
    expect(memoryShortage(host(12), 512)).toEqual({ free: 12, remedy: "" });
    expect(memoryShortage(host(12, { owned: 2000, available: 1800, autoballoon: false }), 512)).toEqual({
      free: 12,
      remedy: `; dom0 owns 2000 of 2047 MiB, and xl takes nothing from it (dom0_mem is set, or autoballoon is off in /etc/xen/xl.conf). To make room, boot Xen with dom0_mem=1500M,max:1500M ${grub}`,
    });
    expect(memoryShortage(host(12, { owned: 2000, available: 400, autoballoon: true }), 512)).toEqual({
      free: 12,
      remedy: `; dom0 owns 2000 of 2047 MiB, of which xl can take 144 MiB (autoballoon is on: usually dom0_mem is not set on Xen's command line, and dom0 started with all memory). To make room, boot Xen with dom0_mem=1500M,max:1500M ${grub}`,
    });
    expect(memoryShortage(host(12, { owned: 1024, available: 900, autoballoon: false }), 1000)).toEqual({
      free: 12,
      remedy:
        "; dom0 owns 1024 of 2047 MiB, and xl takes nothing from it (dom0_mem is set, or autoballoon is off in /etc/xen/xl.conf). To make room, stop or move other domains, or add memory (dom0 would keep 36 MiB and needs 512)",
    });
  });
});

/** Dom0s as Debian installs them own all memory: 2000 MiB of 2 GiB. */
function allOfIt(autoballoon: boolean): RackFile {
  const rack = twoServers();
  const own = { dom0Memory: 2000 * 2 ** 20, autoballoon };
  const hosts = Object.entries(rack.hosts).map(
    ([name, one]) => [name, { ...one, memory: 2 ** 31, xen: { ...one.xen, ...own } }] as const,
  );
  return { ...rack, hosts: Object.fromEntries(hosts) };
}

describe("a domain where dom0 owns all memory", () => {
  const nodes = ["bella", "brutus"];
  const room = (autoballoon: boolean) =>
    rig({
      rack: () => allOfIt(autoballoon),
      objects: [...sharedFilesystem(nodes), xenDomain("vm", nodes, { memory: "512Mi" })],
    });

  it("runs, with memory that xl takes from dom0", async () => {
    const stage = room(true);
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready");
    expect(nodes.flatMap((host) => stage.rack.xen.domains(host).map(({ name }) => name))).toEqual(["vm"]);
  });

  it("waits where xl takes none, and says which dom0_mem would do", async () => {
    const stage = room(false);
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Running"), "False/NoHostFits");
    const short = `24 MiB are free, 512 MiB are needed; dom0 owns 2000 of 2047 MiB, and xl takes nothing from it (dom0_mem is set, or autoballoon is off in /etc/xen/xl.conf). To make room, boot Xen with dom0_mem=1512M,max:1512M ${grub}`;
    expect(message(stage, "XenDomain", "vm", "Running")).toBe(
      `No host can run the domain now. bella: ${short}; brutus: ${short}`,
    );
  });
});
