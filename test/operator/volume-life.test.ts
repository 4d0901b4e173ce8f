import { describe, expect, it } from "vitest";
import { placeFile } from "../../src/sim/model/filesystem.ts";
import { backingAt, readText } from "../../src/sim/model/storage.ts";
import { aoeServer, aoeVolume, at, device, file, logicalVolume, xenHost } from "../simulation/scenarios/objects.ts";
import { clients, commands, eventually, exportsOf, message, minutes, rig, status, volumeReady, word } from "./rig.ts";

const server = aoeServer("san", 2210, ["/dev/vdb", "/dev/disk/by-id/*", "/srv/aoe/*.img", "san/*"]);
const bella = xenHost("bella", 2212);
const brutus = xenHost("brutus", 2213);
const data = aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"]);
const scratch = (size: string, rest: object = {}) =>
  aoeVolume("scratch", "san", [0, 2], file("/srv/aoe/scratch.img", size), ["bella"], rest);

describe("a new volume", () => {
  it("is exported by the server and seen by every client", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
    expect(status(stage, "AoeVolume", "data")).toMatchObject({
      observedGeneration: 1,
      target: "e0.1",
      devicePath: "/dev/etherd/e0.1",
      size: "2Gi",
      server: { interface: "eth1", mac: "52:54:00:99:01:10", backing: "/dev/vdb" },
      clients: [
        { hostRef: { name: "bella" }, state: "Attached" },
        { hostRef: { name: "brutus" }, state: "Attached" },
      ],
    });
    expect(word(stage, "AoeServer", "san", "Ready")).toBe("True/Ready");
    expect(word(stage, "XenHost", "bella", "AoeReady")).toBe("True/AoeReady");
    expect(word(stage, "XenHost", "bella", "ToolstackReady")).toBe("True/ToolstackReady");
  });

  it("is asked for by its name at its clients, whose neighbours may announce thousands of others", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    const asked = new Set<string>();
    stage.rack.subscribe((event) => {
      if (event.kind === "CommandBegun" && event.args.includes("target=e0.1"))
        asked.add(`${event.host} ${event.script}`);
    });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect([...asked].sort()).toEqual(["bella probe", "brutus probe"]);
  });

  it("may live in a file or a logical volume, which are created", async () => {
    const lv = aoeVolume("root", "san", [0, 3], logicalVolume("aoe-root", "128Mi"), ["brutus"]);
    const stage = rig({ objects: [server, bella, brutus, scratch("64Mi"), lv] });
    await eventually(stage, () => [volumeReady(stage, "scratch"), volumeReady(stage, "root")], [
      "True/Ready",
      "True/Ready",
    ]);
    expect(exportsOf(stage, "san")).toEqual(["e0.2 eth1 /srv/aoe/scratch.img", "e0.3 eth1 /dev/san/aoe-root"]);
  });

  it("then costs one command per host and interval, and no write", async () => {
    const stage = rig({ objects: [server, bella, brutus, data, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    await stage.advance(minutes(2));
    const sent = commands(stage);
    const effects = stage.effects.done.length;
    await stage.advance(minutes(5));
    const perHost = ["san", "bella", "brutus"].map((host) => sent.filter((one) => one.startsWith(`${host} `)).length);
    expect(perHost).toEqual([10, 10, 10]);
    expect(new Set(sent.map((one) => one.split(" ")[1]))).toEqual(new Set(["probe"]));
    expect(stage.effects.done.slice(effects)).toEqual([]);
  });
});

describe("drift", () => {
  it("is repaired: vblade killed, configuration edited, interface down, module unloaded", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const configuration = "/etc/vblade.conf.d/";
    const name = stage.rack.exports()[0]?.process.instance ?? "";
    const original = stage.rack.readFile("san", `${configuration}${name}.conf`) ?? "";

    stage.rack.killVblade("san");
    await stage.advance(minutes(1));
    await eventually(stage, () => [volumeReady(stage, "data"), ...exportsOf(stage, "san")], [
      "True/Ready",
      "e0.1 eth1 /dev/vdb",
    ]);

    stage.rack.writeFile("san", `${configuration}${name}.conf`, original.replace(/options=.*/, "options='-r'"));
    await eventually(stage, () => stage.rack.readFile("san", `${configuration}${name}.conf`), original);

    stage.rack.setInterface("bella", "eth1", "Down");
    expect(stage.rack.unloadModule("brutus")).toBe("Unloaded");
    await stage.advance(minutes(2));
    await eventually(stage, () => [volumeReady(stage, "data"), clients(stage, "data")], [
      "True/Ready",
      { bella: "Attached", brutus: "Attached" },
    ]);
    expect(stage.rack.host("bella").interfaces.get("eth1")?.adminUp).toBe(true);
  });

  it.each([
    ["interface", "netif=eth1", "netif=eth0"],
    ["slot", "slot=1", "slot=9"],
    ["shelf", "shelf=0", "shelf=7"],
  ])("of the %s in a configuration is no stranger on the wire", async (_what, declared, edited) => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const path = "/etc/vblade.conf.d/e0.1.conf";
    const text = stage.rack.readFile("san", path) ?? "";
    expect(text).toContain(declared);
    stage.rack.writeFile("san", path, text.replace(declared, edited));
    await eventually(stage, () => [stage.rack.readFile("san", path), volumeReady(stage, "data")], [text, "True/Ready"]);
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  });

  it.each([
    [
      "san",
      "Exported",
      "InterfaceDown",
      "e0.1 is served by AoeServer san, but no client can reach it: network interface eth1 has no carrier",
    ],
    [
      "brutus",
      "Attached",
      "ClientNotReady",
      "brutus: XenHost brutus is not ready as an AoE client: Network interface eth1 has no carrier",
    ],
  ])("of a cable is told while nothing is read or written: %s", async (host, type, reason, words) => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const vblade = stage.rack.exports()[0]?.process.pid;
    const sent = commands(stage);
    stage.rack.setCable(host, "eth1", "Pulled");
    await stage.advance(minutes(1));
    expect(volumeReady(stage, "data")).toBe(`False/${reason}`);
    expect(message(stage, "AoeVolume", "data", type)).toContain(words);
    await stage.advance(minutes(5));
    stage.rack.setCable(host, "eth1", "Plugged");
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready", 2);
    expect(sent.filter((line) => !line.endsWith("probe"))).toEqual([]);
    expect(stage.rack.exports()[0]?.process.pid).toBe(vblade);
  });

  it("of a server that rebooted needs no operator", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.life.end();
    stage.rack.reset("san");
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  });
});

describe("a change of the spec", () => {
  it("of the access waits until no client holds the device", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    const release = stage.hold("bella", "e0.2", "mount /srv/xen");
    await stage.advance(minutes(1));
    stage.apply(scratch("64Mi", { access: "ReadOnly" }));
    await eventually(stage, () => volumeReady(stage, "scratch"), "False/ClientHoldsDevice");
    expect(word(stage, "AoeVolume", "scratch", "Exported")).toBe("True/ClientHoldsDevice");
    expect(message(stage, "AoeVolume", "scratch", "Ready")).toContain("XenHost bella (mount /srv/xen)");
    expect(stage.rack.exports()[0]?.process.access).toBe("ReadWrite");
    release?.();
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    expect(stage.rack.exports()[0]?.process.access).toBe("ReadOnly");
  });

  it("is decided anew when the server lets the command wait: a client may have opened the device meanwhile", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    await stage.advance(minutes(1));
    let release: (() => void) | undefined;
    stage.rack.faults = ({ script, at }) => {
      if (script !== "ensure-export" || at !== "Connect" || release !== undefined) return undefined;
      release = stage.hold("bella", "e0.2", "mount /srv/xen");
      return { kind: "Delay", ms: 40_000 };
    };
    stage.apply(scratch("64Mi", { access: "ReadOnly" }));
    await eventually(stage, () => volumeReady(stage, "scratch"), "False/ClientHoldsDevice");
    await stage.advance(minutes(2));
    expect(stage.rack.exports()[0]?.process.access).toBe("ReadWrite");
    release?.();
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    expect(stage.rack.exports()[0]?.process.access).toBe("ReadOnly");
  });

  it("of the size grows backing, vblade and clients once no process holds the device", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    const release = stage.hold("bella", "e0.2", "mount /srv/xen");
    await stage.advance(minutes(1));
    stage.apply(scratch("128Mi"));
    await eventually(stage, () => volumeReady(stage, "scratch"), "False/ClientHoldsDevice");
    expect(status(stage, "AoeVolume", "scratch").size).toBe("64Mi");
    release?.();
    await eventually(stage, () => [volumeReady(stage, "scratch"), status(stage, "AoeVolume", "scratch").size], [
      "True/Ready",
      "128Mi",
    ]);
    expect(clients(stage, "scratch")).toEqual({ bella: "Attached" });
  });

  it("may take in another client", async () => {
    const stage = rig({ objects: [server, bella, brutus, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    stage.apply(scratch("64Mi", { clientRefs: [{ name: "bella" }, { name: "brutus" }] }));
    await eventually(stage, () => [volumeReady(stage, "scratch"), clients(stage, "scratch")], [
      "True/Ready",
      { bella: "Attached", brutus: "Attached" },
    ]);
  });
});

describe("a deleted volume", () => {
  const fileExists = (stage: ReturnType<typeof rig>, path: string) =>
    backingAt(stage.rack.host("san"), path).kind === "File";
  const gone = (stage: ReturnType<typeof rig>, name: string) => stage.find("AoeVolume", at(name)) === undefined;

  it("leaves its data with Retain", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => gone(stage, "scratch"), true);
    expect(exportsOf(stage, "san")).toEqual([]);
    expect(fileExists(stage, "/srv/aoe/scratch.img")).toBe(true);
  });

  it("takes its file along with Delete", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi", { deletionPolicy: "Delete" })] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => gone(stage, "scratch"), true);
    expect(fileExists(stage, "/srv/aoe/scratch.img")).toBe(false);
  });

  it("never takes along a file that was there before", async () => {
    const stage = rig({
      objects: [server, bella, scratch("1Mi", { deletionPolicy: "Delete" })],
      prepare: ({ rack }) => rack.writeFile("san", "/srv/aoe/scratch.img", "x".repeat(2 ** 20)),
    });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => gone(stage, "scratch"), true);
    expect(fileExists(stage, "/srv/aoe/scratch.img")).toBe(true);
  });

  it("stays while a client holds the device, and says who", async () => {
    const stage = rig({ objects: [server, bella, data, brutus] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const release = stage.hold("brutus", "e0.1", "mount /srv/xen");
    await stage.advance(minutes(1));
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => word(stage, "AoeVolume", "data", "DeletionBlocked"), "True/ClientHoldsDevice");
    expect(message(stage, "AoeVolume", "data", "DeletionBlocked")).toContain("XenHost brutus (mount /srv/xen)");
    await stage.advance(minutes(5));
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
    release?.();
    await eventually(stage, () => gone(stage, "data"), true);
    expect(exportsOf(stage, "san")).toEqual([]);
  });

  it("stays while a host that nobody declared writes its heartbeat to it, whatever the clients say", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi", { deletionPolicy: "Delete" })] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    const device = String(status(stage, "AoeVolume", "scratch").devicePath);
    const found = { label: "data", cluster: "theirs", nodeSlots: 2 };
    stage.rack.ocfs2.overwrite("bella", device, { signature: "ocfs2", ocfs2: found });
    stage.rack.ocfs2.strangerBeats("bella", device, 7);
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => word(stage, "AoeVolume", "scratch", "DeletionBlocked"), "True/BackingWritten");
    await stage.advance(minutes(10));
    expect([exportsOf(stage, "san").length, fileExists(stage, "/srv/aoe/scratch.img")]).toEqual([1, true]);
    expect(message(stage, "AoeVolume", "scratch", "DeletionBlocked")).toContain("/srv/aoe/scratch.img");
    // Also while its vblade runs as it was configured before somebody edited that.
    const host = stage.rack.host("san");
    const conf = `/etc/vblade.conf.d/${status(stage, "AoeVolume", "scratch").target}.conf`;
    placeFile(host.rootFileSystem, conf, {
      text: `${readText(host, conf)?.replace(/^options=.*\n/m, "")}options='-r'\n`,
    });
    await stage.advance(minutes(10));
    expect([exportsOf(stage, "san").length, fileExists(stage, "/srv/aoe/scratch.img")]).toEqual([1, true]);
    stage.rack.ocfs2.strangerStops("bella", device, 7);
    await eventually(stage, () => gone(stage, "scratch"), true);
    expect(fileExists(stage, "/srv/aoe/scratch.img")).toBe(false);
  });

  it("keeps its logical volume as long as there are snapshots of it", async () => {
    const lv = aoeVolume("lv", "san", [0, 3], logicalVolume("lv", "64Mi"), ["bella"], { deletionPolicy: "Delete" });
    const stage = rig({ objects: [server, bella, lv] });
    await eventually(stage, () => volumeReady(stage, "lv"), "True/Ready");
    const volumes = stage.rack.host("san").volumeGroups.get("san")?.volumes;
    volumes?.set("before", { name: "before", device: "253:99", tags: new Set(), origin: "lv" });
    stage.delete("AoeVolume", at("lv"));
    await eventually(stage, () => word(stage, "AoeVolume", "lv", "DeletionBlocked"), "True/SnapshotsExist");
    await stage.advance(minutes(10));
    expect(volumes?.has("lv")).toBe(true);
    expect(message(stage, "AoeVolume", "lv", "DeletionBlocked")).toContain("before");
    volumes?.delete("before");
    await eventually(stage, () => gone(stage, "lv"), true);
    expect(volumes?.has("lv")).toBe(false);
  });

  it("stays while a client cannot be reached: unknown is not absent", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.rack.powerOff("brutus");
    await stage.advance(minutes(2));
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => word(stage, "AoeVolume", "data", "DeletionBlocked"), "True/ClientUnknown");
    stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/abandon": "data" } } });
    await eventually(stage, () => gone(stage, "data"), true);
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  });
});

describe("a deleted host", () => {
  it("of a server stays while volumes refer to it", async () => {
    const stage = rig({ objects: [server, bella, scratch("64Mi")] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    stage.delete("AoeServer", at("san"));
    await eventually(stage, () => word(stage, "AoeServer", "san", "DeletionBlocked"), "True/ReferencedByVolumes");
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => [stage.find("AoeVolume", at("scratch")), stage.find("AoeServer", at("san"))], [
      undefined,
      undefined,
    ]);
  });

  it("of a client goes unless it holds a device; the volume says so and the others go on", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const release = stage.hold("bella", "e0.1", "mount /srv/xen");
    await stage.advance(minutes(1));
    stage.delete("XenHost", at("bella"));
    await eventually(stage, () => word(stage, "XenHost", "bella", "DeletionBlocked"), "True/ClientHoldsDevice");
    release?.();
    await eventually(stage, () => stage.find("XenHost", at("bella")), undefined);
    await eventually(stage, () => [word(stage, "AoeVolume", "data", "Attached"), clients(stage, "data")], [
      "False/ClientNotFound",
      { bella: "Unknown", brutus: "Attached" },
    ]);
  });
});

describe("a look from before", () => {
  it("does not let a client go that has opened the device since", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.hold("bella", "e0.1", "mount /srv/xen");
    stage.delete("XenHost", at("bella"));
    await eventually(stage, () => word(stage, "XenHost", "bella", "DeletionBlocked"), "True/ClientHoldsDevice");
  });

  it("does not justify restarting a vblade that has come back under a client", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.hold("bella", "e0.1", "mount /srv/xen");
    await stage.advance(minutes(1));
    const modes: (string | undefined)[] = [];
    stage.rack.subscribe((event) => {
      if (event.kind === "CommandBegun" && event.script === "ensure-export") modes.push(event.args[6]);
    });
    for (let round = 0; round < 20 && modes.length === 0; round++) {
      stage.rack.killVblade("san");
      await stage.advance(7_000);
    }
    expect(new Set(modes)).toEqual(new Set(["forbidden"]));
  });
});

it("a volume with an invalid spec still keeps its server", async () => {
  const stage = rig({ objects: [server, bella, scratch("64Mi")] });
  await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
  expect(status(stage, "AoeServer", "san").exports).toMatchObject([{ unit: "vblade@e0.2.service" }]);
  stage.patch("AoeVolume", at("scratch"), { spec: { backing: { device: "/dev/vdb" } } });
  stage.delete("AoeServer", at("san"));
  await eventually(stage, () => word(stage, "AoeServer", "san", "DeletionBlocked"), "True/ReferencedByVolumes");
});

it("a volume with an invalid spec keeps a client that has a device open, for it may be its", async () => {
  const stage = rig({ objects: [server, bella, scratch("64Mi")] });
  await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
  const release = stage.hold("bella", "e0.2", "mount /srv/xen");
  stage.patch("AoeVolume", at("scratch"), { spec: { backing: { device: "/dev/vdb" } } });
  stage.delete("XenHost", at("bella"));
  await stage.advance(minutes(2));
  expect(word(stage, "XenHost", "bella", "DeletionBlocked")).toBe("True/ClientUnknown");
  expect(message(stage, "XenHost", "bella", "DeletionBlocked")).toContain(
    "The host holds e0.2, which may be AoeVolume scratch, whose spec is invalid: correct the spec, or release the device there.",
  );
  release?.();
  await eventually(stage, () => stage.find("XenHost", at("bella")), undefined);
});

describe("annotations", () => {
  const annotate = (name: string, value: string | null) => ({
    metadata: { annotations: { [`xensan.dev/${name}`]: value } },
  });

  it("paused changes nothing and says so", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.patch("AoeVolume", at("data"), annotate("paused", "true"));
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Paused"), "True/Paused");
    const { instance = "" } = stage.rack.exports()[0]?.process ?? {};
    stage.rack.removeFile("san", `/etc/vblade.conf.d/${instance}.conf`);
    stage.rack.killVblade("san");
    const sent = commands(stage);
    await stage.advance(minutes(5));
    expect(new Set(sent.map((one) => one.split(" ")[1]))).toEqual(new Set(["probe"]));
    stage.patch("AoeVolume", at("data"), annotate("paused", null));
    await stage.advance(minutes(1));
    await eventually(stage, () => [volumeReady(stage, "data"), word(stage, "AoeVolume", "data", "Paused")], [
      "True/Ready",
      "absent/",
    ]);
  });

  it("dry-run prints the plan and runs none of it", async () => {
    const rehearsed = { ...data, metadata: { ...data.metadata, annotations: { "xensan.dev/dry-run": "true" } } };
    const stage = rig({ objects: [server, bella, brutus, rehearsed] });
    await eventually(stage, () => status(stage, "AoeVolume", "data").plan, [
      {
        hostRef: { kind: "AoeServer", name: "san" },
        action: "ensure-export",
        summary: "/dev/vdb exported as e0.1 on eth1",
      },
    ]);
    await stage.advance(minutes(5));
    expect(exportsOf(stage, "san")).toEqual([]);
    expect(volumeReady(stage, "data")).toBe("False/DryRun");
    stage.patch("AoeVolume", at("data"), annotate("dry-run", null));
    await eventually(stage, () => [volumeReady(stage, "data"), status(stage, "AoeVolume", "data").plan], [
      "True/Ready",
      undefined,
    ]);
  });

  it("reconcile-at looks at the hosts at once", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    await stage.advance(minutes(2));
    const sent = commands(stage);
    stage.patch("AoeVolume", at("data"), annotate("reconcile-at", "now"));
    await stage.advance(2_000);
    expect(sent.sort()).toEqual(["bella probe", "brutus probe", "san probe"]);
  });
});
