import {
  deleteFile,
  type ExportRequest,
  ensureExport,
  ensureFile,
  installPackages,
  interfaceUp,
  probe,
  removeExport,
} from "../../src/host/actions.ts";
import { makeDirectories, placeFile } from "../../src/sim/model/filesystem.ts";
import { startVblade } from "../../src/sim/model/vblade.ts";
import type { Rack } from "../../src/sim/rack.ts";
import { parseRack, type RackFile } from "../../src/sim/rack-file.ts";
import { type Step, stepsOn, wait } from "./step.ts";

export type Init = "systemd" | "sysvinit";

/** A machine like the containers of test/containers: one interface without configuration, vblade installed. */
export function contractRack(init: Init): RackFile {
  return parseRack({
    hosts: {
      san: {
        roles: ["server"],
        ssh: { port: 0 },
        init,
        interfaces: [{ name: "eth0", mac: "52:54:00:99:01:10", state: "Down", segment: "san" }],
        disks: [{ path: "/dev/vda", size: "64Gi", signature: "ext4", mountPoint: "/" }],
        directories: ["/srv/aoe"],
        packages: ["vblade"],
      },
    },
  });
}

const mib = 2 ** 20;
const allowedBackings = ["/srv/aoe/*"];
const owner = { namespace: "san", name: "data", uid: "0a1b" };
const other = { namespace: "san", name: "other", uid: "0c2d" };
const data = { owner, path: "/srv/aoe/data.img", allowedBackings };

const { run, admin } = stepsOn("san");
const look = run(probe({ roles: ["Server"], backings: [data.path, "/srv/aoe/none"], segments: [] }));
const serve = (change: Partial<ExportRequest> = {}): Step =>
  run(
    ensureExport({
      owner,
      shelf: 0,
      slot: 1,
      interface: "eth0",
      interfaces: [
        { name: "eth0", segment: "rack" },
        { name: "eth9", segment: "rack" },
      ],
      backing: data.path,
      options: [],
      restart: "Forbidden",
      allowedBackings,
      ...change,
    }),
  );
const image = (rack: Rack, path: string, sizeBytes: number) =>
  placeFile(rack.host("san").rootFileSystem, path, { sizeBytes });

/** All requests to a server in an eventful life. */
export const serverLife: readonly Step[] = [
  admin("mkdir -p /srv/aoe; ip link set eth0 up", (rack) => rack.setInterface("san", "eth0", "Up")),
  run(installPackages(["vblade"])),
  run(ensureFile({ ...data, sizeBytes: 64 * mib })),
  run(ensureFile({ ...data, sizeBytes: 64 * mib })),
  run(ensureFile({ ...data, sizeBytes: 128 * mib })),
  run(ensureFile({ ...data, path: "/srv/aoe/huge.img", sizeBytes: 2 ** 51 })),
  run(ensureFile({ ...data, path: "/srv/aoe/no/where.img", sizeBytes: mib })),
  run(ensureFile({ ...data, path: "/root/data.img", sizeBytes: mib })),
  admin(
    `cd /srv/aoe; ln -s /etc/shadow shadow.img; ln -s /nope nowhere; : >empty.img; mkdir dir
truncate -s 1M hard.img; ln hard.img hard2.img; truncate -s 1M five.img seven.img`,
    (rack) => {
      const root = rack.host("san").rootFileSystem;
      image(rack, "/etc/shadow", 900);
      root.nodes.set("/srv/aoe/shadow.img", { kind: "Symlink", inode: root.nextInode++, target: "/etc/shadow" });
      root.nodes.set("/srv/aoe/nowhere", { kind: "Symlink", inode: root.nextInode++, target: "/nope" });
      image(rack, "/srv/aoe/empty.img", 0);
      makeDirectories(root, "/srv/aoe/dir");
      const hard = image(rack, "/srv/aoe/hard.img", mib);
      hard.links = 2;
      root.nodes.set("/srv/aoe/hard2.img", hard);
      image(rack, "/srv/aoe/five.img", mib);
      image(rack, "/srv/aoe/seven.img", mib);
    },
  ),
  ...["shadow.img", "nowhere", "empty.img", "dir", "hard.img", "none"].map((name) =>
    serve({ backing: `/srv/aoe/${name}` }),
  ),
  serve({ backing: "/etc/shadow", allowedBackings: ["/etc/*"] }),
  serve({ interface: "eth9" }),
  look,
  serve(),
  serve(),
  serve({ owner: other, backing: "/srv/aoe/five.img" }),
  serve({ owner: other, slot: 2 }),
  serve({ options: ["-r"] }),
  serve({ options: ["-r"], restart: "IfNeeded" }),
  look,
  run(deleteFile(data)),
  admin("kill $(pgrep -x vblade); sleep 0.3", (rack) => rack.killVblade("san")),
  wait(11),
  serve({ options: ["-r"] }),
  admin("setsid vblade 0 5 eth0 /srv/aoe/five.img </dev/null >/dev/null 2>&1 & sleep 1", (rack) => {
    const argv = ["0", "5", "eth0", "/srv/aoe/five.img"];
    startVblade(rack.world, rack.host("san"), argv, { by: "None", instance: "" });
  }),
  serve({ slot: 5, owner: other, backing: "/srv/aoe/seven.img" }),
  serve({ slot: 5, owner: other, backing: "/srv/aoe/five.img" }),
  serve({ slot: 5, owner: other, backing: "/srv/aoe/five.img", restart: "IfNeeded" }),
  look,
  admin("[ ! -d /run/systemd/system ] || echo shelf=0 >/etc/vblade.conf.d/e0.7.conf", (rack) => {
    if (rack.host("san").init === "systemd") rack.writeFile("san", "/etc/vblade.conf.d/e0.7.conf", "shelf=0\n");
  }),
  serve({ slot: 7, owner: other, backing: "/srv/aoe/seven.img" }),
  admin("ip link set eth0 down; sleep 0.5", (rack) => rack.setInterface("san", "eth0", "Down")),
  serve({ options: ["-r"] }),
  run(interfaceUp("eth0")),
  run(interfaceUp("eth0")),
  wait(12),
  run(removeExport({ owner: other, shelf: 0, slot: 1, interface: "eth0" })),
  run(removeExport({ owner, shelf: 0, slot: 1, interface: "eth0" })),
  run(removeExport({ owner, shelf: 0, slot: 1, interface: "eth0" })),
  run(deleteFile({ ...data, owner: other })),
  run(deleteFile(data)),
  run(deleteFile(data)),
  look,
];
