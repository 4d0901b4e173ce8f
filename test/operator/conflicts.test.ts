import { describe, expect, it } from "vitest";
import { aoeServer, aoeVolume, at, device, file, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { clients, eventually, exportsOf, message, minutes, rig, volumeReady, word } from "./rig.ts";

const server = aoeServer("san", 2210, ["/dev/vdb", "/dev/disk/by-id/*", "/srv/aoe/*.img"]);
const oldie = aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"]);
const bella = xenHost("bella", 2212);
const first = aoeVolume("first", "san", [0, 1], device("/dev/vdb"), ["bella"]);
const conflicted = (stage: Stage, name: string) => word(stage, "AoeVolume", name, "Conflicted");

describe("an address wanted twice", () => {
  const second = aoeVolume("second", "oldie", [0, 1], device("/dev/sdb"), ["bella"]);

  it("belongs to the older volume; the newer one names it and follows when it goes", async () => {
    const stage = rig({ objects: [server, oldie, bella, first] });
    await stage.advance(2_000);
    stage.apply(second);
    await eventually(stage, () => [volumeReady(stage, "first"), conflicted(stage, "second")], [
      "True/Ready",
      "True/DuplicateAddress",
    ]);
    expect(message(stage, "AoeVolume", "second", "Ready")).toContain("is used by the older AoeVolume san/first");
    await stage.advance(minutes(3));
    expect([exportsOf(stage, "san"), exportsOf(stage, "oldie")]).toEqual([["e0.1 eth1 /dev/vdb"], []]);
    stage.delete("AoeVolume", at("first"));
    await eventually(stage, () => volumeReady(stage, "second"), "True/Ready");
  });

  it("in one second is still exported once", async () => {
    const stage = rig({ objects: [server, oldie, bella, first, second] });
    await stage.advance(minutes(5));
    const ready = ["first", "second"].filter((name) => volumeReady(stage, name) === "True/Ready");
    expect(ready).toHaveLength(1);
    expect([...exportsOf(stage, "san"), ...exportsOf(stage, "oldie")]).toHaveLength(1);
  });

  it("on two segments is fine", async () => {
    const elsewhere = aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"], {
      interfaces: [{ name: "eth1", segment: "elsewhere" }],
    });
    const alone = aoeVolume("second", "oldie", [0, 3], device("/dev/sdb"), ["brutus"]);
    const stage = rig({ objects: [server, elsewhere, bella, xenHost("brutus", 2213), first, alone] });
    await eventually(stage, () => [conflicted(stage, "first"), conflicted(stage, "second")], [
      "False/NoConflict",
      "False/NoConflict",
    ]);
  });
});

describe("a volume on another card of its server", () => {
  const both = {
    interfaces: [
      { name: "eth1", segment: "rack" },
      { name: "eth0", segment: "rack" },
    ],
  };
  const onEth0 = (name: string, slot: number) =>
    aoeVolume(name, "oldie", [0, slot], device("/dev/sdb"), ["bella"], { interface: "eth0" });

  it("is not started where the owner of the server does not list the card", async () => {
    const stage = rig({ objects: [oldie, bella, onEth0("lost", 3)] });
    await eventually(stage, () => word(stage, "AoeVolume", "lost", "Exported"), "False/InterfaceOutsideBounds");
    expect(message(stage, "AoeVolume", "lost", "Ready")).toBe(
      "eth0 is not in interfaces of AoeServer oldie (eth1). Use a listed interface, or ask the owner of the server to add this one with its segment.",
    );
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "oldie")).toEqual([]);
  });

  it("does not get the address of another team on the same segment", async () => {
    const stage = rig({ objects: [server, bella, first] });
    await eventually(stage, () => volumeReady(stage, "first"), "True/Ready");
    stage.apply(aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"], both));
    stage.apply(onEth0("second", 1));
    await eventually(stage, () => conflicted(stage, "second"), "True/DuplicateAddress");
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "oldie")).toEqual([]);
  });

  it("gets an address of its own, and what already runs is left where the card is taken off the list", async () => {
    const stage = rig({
      objects: [aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"], both), bella, onEth0("second", 3)],
    });
    await eventually(stage, () => exportsOf(stage, "oldie"), ["e0.3 eth0 /dev/sdb"]);
    stage.patch("AoeServer", at("oldie"), { spec: { interfaces: [{ name: "eth1", segment: "rack" }] } });
    await eventually(stage, () => word(stage, "AoeVolume", "second", "Exported"), "False/InterfaceOutsideBounds");
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "oldie")).toEqual(["e0.3 eth0 /dev/sdb"]);
    stage.delete("AoeVolume", at("second"));
    await eventually(stage, () => exportsOf(stage, "oldie"), []);
  });

  it("may not share an address with a volume of another segment when one XenHost is a client of both", async () => {
    const elsewhere = { interfaces: [{ name: "eth1", segment: "elsewhere" }] };
    const second = aoeVolume("second", "oldie", [0, 1], device("/dev/sdb"), ["bella"]);
    const stage = rig({
      objects: [server, aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"], elsewhere), bella, first],
    });
    await stage.advance(2_000);
    stage.apply(second);
    await eventually(stage, () => conflicted(stage, "second"), "True/DuplicateAddress");
    expect(message(stage, "AoeVolume", "second", "Ready")).toContain("on XenHost bella, a client of both, is used by");
  });
});

describe("a backing wanted twice", () => {
  it("under another name belongs to the older volume", async () => {
    const alias = aoeVolume("alias", "san", [0, 2], device("/dev/disk/by-id/virtio-fast"), ["bella"]);
    const stage = rig({ objects: [server, bella, first] });
    await stage.advance(2_000);
    stage.apply(alias);
    await eventually(stage, () => [volumeReady(stage, "first"), conflicted(stage, "alias")], [
      "True/Ready",
      "True/DuplicateBacking",
    ]);
    expect(message(stage, "AoeVolume", "alias", "Ready")).toContain("san/first");
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  });

  it("through two AoeServers that are one machine", async () => {
    const twin = {
      ...server,
      metadata: at("twin"),
      spec: { ...(server.spec as object), interfaces: [{ name: "eth0", segment: "other" }] },
    };
    const again = aoeVolume("again", "twin", [0, 9], device("/dev/vdb"), []);
    const stage = rig({ objects: [server, twin, bella, first] });
    await stage.advance(2_000);
    stage.apply(again);
    await eventually(stage, () => [volumeReady(stage, "first"), conflicted(stage, "again")], [
      "True/Ready",
      "True/DuplicateBacking",
    ]);
  });
});

describe("an export that nobody declared", () => {
  it("on the wire keeps the address; ours does not start", async () => {
    const foreign = aoeVolume("foreign", "oldie", [0, 1], device("/dev/sdb"), ["brutus"]);
    const brutus = xenHost("brutus", 2213);
    const stage = rig({ objects: [server, oldie, bella, brutus, foreign] });
    await eventually(stage, () => volumeReady(stage, "foreign"), "True/Ready");
    stage.patch("AoeServer", at("oldie"), { spec: { interfaces: [{ name: "eth1", segment: "elsewhere" }] } });
    await stage.advance(minutes(1));
    stage.apply(first);
    await eventually(stage, () => conflicted(stage, "first"), "True/UndeclaredResponder");
    expect(message(stage, "AoeVolume", "first", "Ready")).toContain("XenHost bella sees");
    expect(exportsOf(stage, "san")).toEqual([]);
  });

  it("that does what a new volume asks for is adopted, its process untouched", async () => {
    const stage = rig({ objects: [server, bella, first] });
    await eventually(stage, () => volumeReady(stage, "first"), "True/Ready");
    const pid = stage.rack.exports()[0]?.process.pid;
    stage.patch("AoeVolume", at("first"), { metadata: { annotations: { "xensan.dev/abandon": "first" } } });
    stage.delete("AoeVolume", at("first"));
    await eventually(stage, () => stage.find("AoeVolume", at("first")), undefined);
    stage.apply(aoeVolume("first", "san", [0, 1], device("/dev/vdb"), ["bella"]));
    await eventually(stage, () => volumeReady(stage, "first"), "True/Ready");
    expect(stage.rack.exports()[0]?.process.pid).toBe(pid);
  });
});

describe("a client that is the server", () => {
  it("is refused; the other clients are served", async () => {
    const self = xenHost("self", 2210);
    const volume = aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["self", "bella"]);
    const stage = rig({ objects: [server, self, bella, volume] });
    await eventually(stage, () => [word(stage, "AoeVolume", "data", "Attached"), clients(stage, "data")], [
      "False/ClientIsServer",
      { self: "Missing", bella: "Attached" },
    ]);
    expect(word(stage, "AoeVolume", "data", "Exported")).toBe("True/Exported");
    expect(message(stage, "AoeVolume", "data", "Ready")).toContain("remove it from spec.clientRefs");
  });
});

describe("a volume without its server or client", () => {
  it("says which object to create", async () => {
    const stage = rig({
      objects: [bella, aoeVolume("data", "nowhere", [0, 1], file("/srv/aoe/a.img", "16Mi"), ["bella"])],
    });
    await eventually(stage, () => volumeReady(stage, "data"), "False/ServerNotFound");
    expect(message(stage, "AoeVolume", "data", "Ready")).toContain("AoeServer nowhere");
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined, 1);
  });
});
