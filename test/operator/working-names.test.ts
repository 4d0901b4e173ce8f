import { expect, it } from "vitest";
import { backingAt } from "../../src/sim/model/storage.ts";
import { aoeServer, aoeVolume, file, xenHost } from "../simulation/scenarios/objects.ts";
import { eventually, message, rig, volumeReady } from "./rig.ts";

const server = aoeServer("san", 2210, ["/srv/aoe/*"]);
const bella = xenHost("bella", 2212);
const working = aoeVolume("working", "san", [0, 5], file("/srv/aoe/disk.img.xensan-new", "1Mi"), ["bella"]);
const plain = aoeVolume("plain", "san", [0, 6], file("/srv/aoe/disk.img", "1Mi"), ["bella"]);

it("a volume whose file would be taken for another's working copy is refused; the other is served", async () => {
  const stage = rig({ objects: [server, bella, working, plain] });
  await eventually(stage, () => [volumeReady(stage, "working"), volumeReady(stage, "plain")], [
    "False/BackingNotUsable",
    "True/Ready",
  ]);
  expect(message(stage, "AoeVolume", "working", "Ready")).toContain("has a name that xensan reserves for files");
  expect(backingAt(stage.rack.host("san"), "/srv/aoe/disk.img.xensan-new").kind).toBe("Missing");
});
