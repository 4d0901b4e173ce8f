import { unpack } from "../../../src/sim/model/packages.ts";
import { writeText } from "../../../src/sim/model/storage.ts";
import { startUnit } from "../../../src/sim/model/systemd.ts";
import type { Scenario } from "../stage.ts";
import { conditionOf, type Stage } from "../stage.ts";
import { missingEverywhere } from "./ground-truth.ts";
import { aoeServer, aoeVolume, at, device, file, keySecret, xenHost } from "./objects.ts";
import { twoServers } from "./racks.ts";

const foreign = "shelf=5\nslot=5\nnetif=eth1\nfilename=/dev/vdd\noptions=\n";

export const rivals: Scenario = {
  name: "rivals",
  share: 0.2,
  says: "one address wanted twice, one disk wanted twice, an export that somebody else made, and wishes outside the bounds",
  rack: twoServers,
  prepare(stage) {
    const { world } = stage.rack;
    const san = stage.rack.host("san");
    unpack(san, "vblade");
    writeText(world, san, "/etc/vblade.conf.d/handmade.conf", foreign);
    startUnit(world, san, "handmade");
  },
  manifests: () => [
    keySecret,
    aoeServer("san", 2210, ["/dev/vdb", "/srv/aoe/*.img", "/dev/disk/by-id/*"]),
    aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"]),
    xenHost("bella", 2212),
    xenHost("brutus", 2213),
    aoeVolume("first", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"]),
    aoeVolume("taken", "san", [5, 5], file("/srv/aoe/taken.img", "16Mi"), ["bella"]),
    aoeVolume("outside", "san", [5, 6], device("/dev/vdd"), ["bella"]),
    aoeVolume("system", "san", [5, 7], device("/dev/vda"), []),
    aoeVolume("fine", "oldie", [2, 1], device("/dev/sdb"), ["bella"]),
  ],
  edits: [
    {
      name: "the same address from the other server",
      act: (stage) => stage.apply(aoeVolume("same-address", "oldie", [0, 1], device("/dev/sdc"), ["bella"])),
    },
    {
      name: "the same disk by another name",
      act: (stage) =>
        stage.apply(aoeVolume("same-disk", "san", [0, 9], device("/dev/disk/by-id/virtio-fast"), ["brutus"])),
    },
    { name: "the first one goes", act: (stage) => stage.delete("AoeVolume", at("first")) },
  ],
  missing(stage, done) {
    const gone = done.has("the first one goes");
    const refused = ["taken", "outside", "system"];
    if (done.has("the same address from the other server") && !gone) refused.push("same-address");
    if (done.has("the same disk by another name") && !gone) refused.push("same-disk");
    return [
      ...missingEverywhere(stage, { notReady: refused.map((name) => `AoeVolume/${name}`) }),
      ...(conditionOf(stage.find("AoeVolume", at("taken")), "Conflicted").status === "True"
        ? []
        : ["taken is not Conflicted"]),
      ...foreignStill(stage),
    ];
  },
};

/** The export that was made by hand must run unchanged. */
function foreignStill(stage: Stage): string[] {
  const running = stage.rack.exports().filter(({ process }) => process.instance === "handmade");
  const text = stage.rack.readFile("san", "/etc/vblade.conf.d/handmade.conf");
  return running.length === 1 && text === foreign ? [] : ["the handmade export is not as it was"];
}
