import type { Scenario } from "../stage.ts";
import { missingEverywhere } from "./ground-truth.ts";
import { aoeServer, aoeVolume, at, device, file, keySecret, logicalVolume, xenHost } from "./objects.ts";
import { twoServers } from "./racks.ts";

export const backings: Scenario = {
  name: "backings",
  share: 0.2,
  says: "devices, files and logical volumes on two servers, grown, changed, deleted and made again while things break",
  rack: twoServers,
  manifests: () => [
    keySecret,
    aoeServer("san", 2210, ["/dev/vdb", "/srv/aoe/*.img", "san/*"]),
    aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc", "/srv/aoe/*"]),
    xenHost("bella", 2212),
    xenHost("brutus", 2213),
    xenHost("caesar", 2214),
    aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"]),
    aoeVolume("scratch", "san", [0, 2], file("/srv/aoe/scratch.img", "64Mi"), ["bella"], { deletionPolicy: "Delete" }),
    aoeVolume("root", "san", [0, 3], logicalVolume("root", "1Gi"), ["brutus", "caesar"], { deletionPolicy: "Delete" }),
    aoeVolume("archive", "oldie", [1, 1], device("/dev/sdb"), ["bella", "caesar"], { access: "ReadOnly" }),
    aoeVolume("spool", "oldie", [1, 2], file("/srv/aoe/spool", "32Mi"), ["caesar"]),
  ],
  edits: [
    {
      name: "grow the file",
      act: (stage) => stage.patch("AoeVolume", at("scratch"), { spec: { backing: { file: { size: "128Mi" } } } }),
    },
    {
      name: "grow the logical volume",
      act: (stage) => stage.patch("AoeVolume", at("root"), { spec: { backing: { logicalVolume: { size: "2Gi" } } } }),
    },
    {
      name: "write to the archive",
      act: (stage) => stage.patch("AoeVolume", at("archive"), { spec: { access: "ReadWrite" } }),
    },
    {
      name: "one client more",
      act: (stage) =>
        stage.patch("AoeVolume", at("spool"), { spec: { clientRefs: [{ name: "caesar" }, { name: "brutus" }] } }),
    },
    { name: "delete the file's volume", act: (stage) => stage.delete("AoeVolume", at("scratch")) },
    { name: "delete the archive, keep its disk", act: (stage) => stage.delete("AoeVolume", at("archive")) },
    {
      name: "the disk under another address",
      act: (stage) => stage.apply(aoeVolume("attic", "oldie", [1, 7], device("/dev/sdb"), ["bella"])),
    },
    {
      name: "a person edits a configuration",
      act: (stage) => {
        const path = [...stage.rack.host("san").rootFileSystem.nodes.keys()].find((name) =>
          /^\/etc\/vblade\.conf\.d\/e[^/]*\.conf$/.test(name),
        );
        const text = path === undefined ? undefined : stage.rack.readFile("san", path);
        // Nothing is exported at this moment.
        if (path === undefined || text === undefined) return;
        stage.rack.writeFile("san", path, text.replace(/^netif=.*$/m, "netif=eth0"));
      },
    },
  ],
  missing(stage, done) {
    const attic = done.has("the disk under another address") && !done.has("delete the archive, keep its disk");
    return missingEverywhere(stage, { notReady: attic ? ["AoeVolume/attic"] : [] });
  },
};
