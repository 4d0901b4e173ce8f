import { expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import {
  addNodeSlots,
  type ClusterRequest,
  clusterOnline,
  configureCluster,
  type FormatRequest,
  formatFilesystem,
  growFilesystem,
  mountFilesystem,
  removeCluster,
  unmountFilesystem,
} from "../../../src/host/ocfs2-actions.ts";
import { device, ocfs2Requests, uuid } from "../../contract-hosts/ocfs2-requests.ts";
import { twins } from "./bench.ts";

const owner = { namespace: "san", name: "disks", uid: "0a1b" };
const { cluster: request, format, mount: shared } = ocfs2Requests(owner);
const mount = { ...shared, mountPoint: "/srv/data" };
const done = (detail: string) => ({ kind: "done", detail });
const conf = "/etc/ocfs2/cluster.conf";

twins(
  [
    "configure-cluster",
    "cluster-online",
    "remove-cluster",
    "format-filesystem",
    "mount-filesystem",
    "unmount-filesystem",
    "grow-filesystem",
    "add-node-slots",
  ],
  "a host without ocfs2-tools",
  (dom0) => {
    it("says so", async () => {
      const missing = { kind: "refused", reason: "OcfsToolsMissing" };
      expect(await dom0.act(configureCluster(request))).toMatchObject(missing);
      expect(await dom0.act(clusterOnline(request))).toMatchObject(missing);
      expect(await dom0.act(formatFilesystem(format))).toMatchObject(missing);
      expect(await dom0.act(mountFilesystem(mount))).toMatchObject(missing);
      expect(await dom0.act(growFilesystem({ device, uuid }))).toMatchObject(missing);
      expect(await dom0.act(addNodeSlots({ device, uuid, nodeSlots: 4 }))).toMatchObject(missing);
    });

    it("has nothing to take away", async () => {
      const absent = { kind: "done", detail: "absent" };
      expect(await dom0.act(unmountFilesystem({ owner, device, uuid, mountPoint: "/srv/data" }))).toEqual(absent);
      expect(await dom0.act(removeCluster({ owner, cluster: "labclus" }))).toEqual(absent);
    });
  },
  { shared: "NotMounted" },
);

twins(
  ["configure-cluster", "cluster-online", "remove-cluster", "grow-filesystem", "add-node-slots"],
  "a node of a cluster",
  (dom0) => {
    it("is configured once, and leaves nothing of it behind", async () => {
      expect(await dom0.act(clusterOnline(request))).toMatchObject({ kind: "refused", reason: "ClusterOffline" });
      expect(await dom0.act(configureCluster(request))).toEqual({ kind: "done", detail: "configured" });
      expect(await dom0.act(configureCluster(request))).toEqual({ kind: "done", detail: "unchanged" });
      const other = { ...owner, uid: "0c2d" };
      const remove = removeCluster({ owner: other, cluster: "labclus" });
      expect(await dom0.act(remove)).toMatchObject({ kind: "refused", reason: "NotOurs" });
      expect(await dom0.act(removeCluster({ owner, cluster: "labclus" }))).toEqual({ kind: "done", detail: "removed" });
      expect(await dom0.act(removeCluster({ owner, cluster: "labclus" }))).toEqual({ kind: "done", detail: "absent" });
    });

    it("gets the loop that mounts at boot of this release", async () => {
      const loop = "/var/lib/xensan/mount-at-boot";
      const stands = () => dom0.look(probe({ roles: ["Client"], backings: [], segments: [] }), ["o2cb boot-order"]);
      expect(await dom0.act(configureCluster(request))).toEqual(done("configured"));
      expect(await stands()).toBe("o2cb\tboot-order\tyes\n");
      const text = dom0.read(loop) ?? "";
      dom0.write(loop, text.replace(/^# revision \d+$/m, "# revision 1"));
      expect(await stands()).toBe("o2cb\tboot-order\tno\n");
      expect(await dom0.act(configureCluster(request))).toEqual(done("configured"));
      expect(dom0.read(loop)).toBe(text);
      expect(await stands()).toBe("o2cb\tboot-order\tyes\n");
    });

    it("comes online once, and then follows what is declared", async () => {
      const apply = async (change: Partial<ClusterRequest>) => {
        expect(await dom0.act(configureCluster({ ...request, ...change }))).toEqual(done("configured"));
        expect(await dom0.act(clusterOnline({ ...request, ...change }))).toEqual(done("updated"));
      };
      expect(await dom0.act(configureCluster(request))).toEqual(done("configured"));
      expect(await dom0.act(clusterOnline(request))).toEqual(done("online"));
      expect(await dom0.act(clusterOnline(request))).toEqual(done("unchanged"));
      await apply({ fenceMethod: "Panic" });
      const quick = { heartbeatThreshold: 31, idleMilliseconds: 6000, keepaliveMilliseconds: 1000 };
      const timeouts = { ...request.timeouts, ...quick };
      await apply({ timeouts });
      const third = { number: 2, name: "caesar", address: "10.99.0.13", port: 7777 };
      const changed = { timeouts, nodes: [...request.nodes, third] };
      await apply(changed);
      expect(await dom0.act(clusterOnline({ ...request, ...changed }))).toEqual(done("unchanged"));
      const look = probe({ roles: ["Client"], backings: [], segments: [] });
      expect(await dom0.look(look, ["o2cb active", "o2cb active-node"])).toBe(
        "o2cb\tactive\tlabclus\t31\t6000\t1000\t2000\treset\tlocal\n" +
          "o2cb\tactive-node\t0\tbella\t10.99.0.11\t7777\t1\n" +
          "o2cb\tactive-node\t1\tbrutus\t10.99.0.12\t7777\t0\n" +
          "o2cb\tactive-node\t2\tcaesar\t10.99.0.13\t7777\t0\n",
      );
    });

    it("grows a file system to its device, and gives it slots while nobody has it mounted", async () => {
      const at = { device: "/dev/etherd/e15.15", uuid: dom0.filesystem };
      const slots = (nodeSlots: number) => dom0.act(addNodeSlots({ ...at, nodeSlots }));
      dom0.ocfs2(4 * 2 ** 30 + 512, 2 ** 31, 2);
      const offline = { kind: "refused", reason: "GrowFailed" };
      expect(await dom0.act(growFilesystem(at))).toMatchObject(offline);
      expect(await slots(3)).toMatchObject(offline);
      await dom0.act(configureCluster(request));
      await dom0.act(clusterOnline(request));
      expect(await dom0.act(growFilesystem(at))).toEqual(done(`grown bytes ${2 ** 32}`));
      expect(await dom0.act(growFilesystem(at))).toEqual(done(`unchanged bytes ${2 ** 32}`));
      const other = { ...at, uuid };
      expect(await dom0.act(growFilesystem(other))).toMatchObject({ kind: "refused", reason: "WrongFilesystem" });
      expect(await slots(3)).toEqual(done("added"));
      expect(await slots(2)).toEqual(done("unchanged"));
      dom0.mountedElsewhere();
      expect(await slots(3)).toEqual(done("unchanged"));
      expect(await slots(4)).toMatchObject({ kind: "refused", reason: "GrowFailed" });
    });

    it("is one of the nodes that are declared", async () => {
      const nodes = [{ number: 1, name: "brutus", address: "10.99.0.12", port: 7777 }];
      const refused = { kind: "refused", reason: "HostNameMismatch" };
      expect(await dom0.act(configureCluster({ ...request, nodes }))).toMatchObject(refused);
      expect(await dom0.act(clusterOnline({ ...request, nodes }))).toMatchObject(refused);
    });

    it("keeps the cluster.conf that somebody else wrote", async () => {
      dom0.write(
        conf,
        "cluster:\n\tnode_count = 1\n\tname = web\n\nnode:\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tnumber = 0\n\tname = bella\n\tcluster = web\n",
      );
      const refused = { kind: "refused", reason: "ForeignCluster" };
      expect(await dom0.act(configureCluster(request))).toMatchObject(refused);
      const remove = removeCluster({ owner, cluster: "labclus" });
      expect(await dom0.act(remove)).toMatchObject({ kind: "refused", reason: "NotOurs" });
    });
  },
  { shared: "NotMounted", packages: ["ocfs2-tools"] },
);

twins(
  ["format-filesystem", "mount-filesystem", "unmount-filesystem", "grow-filesystem", "add-node-slots"],
  "a file system whose device is not there",
  (dom0) => {
    it("is neither made, nor mounted, nor grown", async () => {
      const missing = { kind: "refused", reason: "DeviceMissing" };
      expect(await dom0.act(formatFilesystem(format))).toMatchObject(missing);
      expect(await dom0.act(mountFilesystem(mount))).toMatchObject(missing);
      expect(await dom0.act(growFilesystem({ device, uuid }))).toMatchObject(missing);
      expect(await dom0.act(addNodeSlots({ device, uuid, nodeSlots: 4 }))).toMatchObject(missing);
    });

    it.each<[string, string[], string]>([
      ["/mnt/data", ["/srv/*"], "MountPointOutsideBounds"],
      ["/etc/data", ["/etc/*"], "MountPointNotUsable"],
      ["/srv", ["/srv*"], "MountPointNotUsable"],
      // The owner gave the directory to xensan by its name, so only the device is missing.
      ["/srv", ["/srv/*", "/srv"], "DeviceMissing"],
    ])("is not mounted on %s, where %j is allowed", async (mountPoint, allowedMountPoints, reason) => {
      const command = mountFilesystem({ ...mount, mountPoint, allowedMountPoints });
      expect(await dom0.act(command)).toMatchObject({ kind: "refused", reason });
    });

    it.each([
      "suid",
      "exec",
      "dev",
      "x-systemd.requires=reboot.target",
      "commit=1x",
      "bind",
      "errors=panic",
      "localflocks",
    ])("is not mounted with %s", async (option) => {
      const command = mountFilesystem(mount);
      const args = command.args.map((word) => word.replace("noatime", option));
      expect(await dom0.act({ ...command, args })).toMatchObject({
        kind: "refused",
        reason: "MountOptionOutsideBounds",
      });
    });

    it("loses its line of /etc/fstab, and the record of what that means", async () => {
      const root = "/dev/vda / ext4 rw,relatime 0 1\n";
      dom0.write("/etc/fstab", `${root}# xensan: san/disks 0a1b\n${device} /srv/data ocfs2 _netdev,noauto 0 0\n`);
      dom0.write("/var/lib/xensan/mounts", `${uuid} /srv/data\n${uuid} /srv/data2\n`);
      const command = unmountFilesystem({ owner, device, uuid, mountPoint: "/srv/data" });
      expect(await dom0.act(command)).toEqual(done("unmounted"));
      expect(dom0.read("/etc/fstab")).toBe(root);
      expect(dom0.read("/var/lib/xensan/mounts")).toBe(`${uuid} /srv/data2\n`);
      expect(await dom0.act(command)).toEqual(done("absent"));
    });

    it("is not taken from somebody else's line of /etc/fstab", async () => {
      dom0.write("/etc/fstab", "/dev/vda / ext4 rw,relatime 0 1\n/dev/etherd/e0.1 /srv/data ocfs2 _netdev 0 0\n");
      const command = unmountFilesystem({ owner, device, uuid, mountPoint: "/srv/data" });
      expect(await dom0.act(command)).toMatchObject({ kind: "refused", reason: "NotOurs" });
    });
  },
  { shared: "NotMounted", packages: ["ocfs2-tools", "aoetools"] },
);

twins(
  ["format-filesystem"],
  "a device that is to be formatted",
  (dom0) => {
    const refused = (reason: string, message: string) => ({ kind: "refused", reason, message });
    const record = `/var/lib/xensan/formats/${uuid}`;
    const look = probe({ roles: ["Client"], sharedDevices: [device], backings: [], segments: [] });
    const found = () => dom0.look(look, ["filesystems", "formats"]);
    const seen = (rows: readonly string[]) => [...rows, ""].join("\n");
    const ends = { filesystems: "end\tfilesystems\tknown\t0\t", formats: "end\tformats\tknown\t0\t" };

    it("is, once", async () => {
      dom0.served("e0.1", format.sizeBytes);
      expect(await found()).toBe(
        seen([ends.formats, `filesystems\tdevice\t${device}\tBlank\t-\t${format.sizeBytes}`, ends.filesystems]),
      );
      expect(await dom0.act(formatFilesystem(format))).toEqual(done("formatted"));
      expect(dom0.read(record)).toMatch(
        new RegExp(`^${device}\nsan/disks 0a1b\nbegan ${dom0.bootId} [0-9]+ [0-9]+\ndone\n$`),
      );
      const made = await found();
      expect(made).toBe(
        seen([
          `formats\t${uuid}\t${device}\tDone\tsan/disks 0a1b`,
          ends.formats,
          `filesystems\tdevice\t${device}\tOcfs2\tocfs2\t${format.sizeBytes}`,
          `filesystems\tocfs2\t${device}\t${uuid}\tDATA\to2cb\tlabclus\tlocal\t2\t${format.sizeBytes}\t4096\t4096`,
          ends.filesystems,
        ]),
      );
      expect(await dom0.act(formatFilesystem(format))).toEqual(done("unchanged"));
      expect(await found()).toBe(made);
    });

    it.each<[string, Partial<FormatRequest>, number, string]>([
      ["of 512 MiB", {}, 2 ** 29, "536870912\t2048\t4096"],
      ["of 128 MiB", {}, 2 ** 27, "134217728\t1024\t4096"],
      ["for machines", { type: "vmstore" }, 2 ** 31, "2147483648\t4096\t131072"],
      ["of sizes that are asked for", { blockSize: 2048, clusterSize: 2 ** 16 }, 2 ** 30, "1073741824\t2048\t65536"],
    ])("gets blocks and clusters as mkfs.ocfs2 chooses them: one %s", async (_what, change, sizeBytes, sizes) => {
      dom0.served("e0.1", sizeBytes);
      expect(await dom0.act(formatFilesystem({ ...format, ...change, sizeBytes }))).toEqual(done("formatted"));
      expect(await found()).toContain(`\tlabclus\tlocal\t2\t${sizes}\n`);
    });

    it("is not where mkfs.ocfs2 would not begin, and no record says that it did", async () => {
      const sizeBytes = 2 ** 27;
      dom0.served("e0.1", sizeBytes);
      for (const [change, message] of [
        [{ type: "vmstore" }, "mkfs.ocfs2: Selected file system type requires a device of at least 2 gigabytes"],
        [
          { journalSize: 2 ** 26 },
          "NOTE: Feature extended slot map may be enabled Journal size too big for filesystem.",
        ],
      ] as const) {
        const outcome = await dom0.act(formatFilesystem({ ...format, ...change, sizeBytes }));
        expect(outcome).toMatchObject({
          kind: "refused",
          reason: "FormatFailed",
          message: expect.stringMatching(new RegExp(`^mkfs.ocfs2 refuses: ${message} *$`)),
        });
        expect(dom0.read(record)).toBe(undefined);
      }
    });

    it("is not while something is on it", async () => {
      const sizeBytes = 2 ** 30;
      const act = () => dom0.act(formatFilesystem({ ...format, sizeBytes }));
      dom0.served("e0.1", sizeBytes, "Data");
      expect(await act()).toEqual(refused("NotBlank", "no signature, but its first or last MiB is not zero"));
    });

    it("is not while it has a signature", async () => {
      const sizeBytes = 2 ** 30;
      dom0.served("e0.1", sizeBytes, "Ext4");
      expect(await dom0.act(formatFilesystem({ ...format, sizeBytes }))).toMatchObject({
        kind: "refused",
        reason: "NotBlank",
        message: expect.stringMatching(/^ext4: LABEL=OLD UUID=[0-9a-f-]{36} TYPE=ext4$/),
      });
    });

    it("is not a second time, under another UUID", async () => {
      dom0.served("e0.1", format.sizeBytes);
      expect(await dom0.act(formatFilesystem(format))).toEqual(done("formatted"));
      const other = formatFilesystem({ ...format, uuid: "00000000-0000-4000-8000-000000000001" });
      const there = `OCFS2, label DATA, UUID ${uuid}, cluster labclus`;
      expect(await dom0.act(other)).toEqual(refused("NotBlank", there));
      dom0.beatsElsewhere("e0.1");
      const why = `a node has it mounted and writes a heartbeat: ${there}`;
      expect(await dom0.act(other)).toEqual(refused("HeartbeatActive", why));
    });

    it("is neither mounted nor given slots while a node writes to it that this host does not hear", async () => {
      dom0.served("e0.1", format.sizeBytes);
      expect(await dom0.act(formatFilesystem(format))).toEqual(done("formatted"));
      const [bella] = request.nodes;
      const alone = { ...request, nodes: bella === undefined ? [] : [bella] };
      await dom0.act(configureCluster(alone));
      await dom0.act(clusterOnline(alone));
      dom0.beatsElsewhere("e0.1");
      const here = { ...mount, device, uuid, mountPoint: "/srv/data" };
      expect(await dom0.act(mountFilesystem(here))).toEqual(
        refused(
          "HeartbeatActive",
          `node number 1 writes a heartbeat to ${device}, and the kernel of this host would take that node for dead and replay its journal: unmount the file system there, or declare the node in the cluster`,
        ),
      );
      expect(await dom0.act(addNodeSlots({ device, uuid, nodeSlots: 8 }))).toEqual(
        refused(
          "HeartbeatActive",
          `node number 1, which this host does not know, writes a heartbeat to ${device}: unmount the file system there`,
        ),
      );
    });

    it("is not where it is another's, or of another size", async () => {
      dom0.served("e0.1", format.sizeBytes);
      const act = (change: Partial<FormatRequest>) => dom0.act(formatFilesystem({ ...format, ...change }));
      expect(await act({ server: "nas" })).toEqual(refused("WrongServer", "e0.1 is served by san, not by nas"));
      expect(await act({ sizeBytes: 2 ** 30 })).toEqual(
        refused("SizeDiffers", `${device} has ${format.sizeBytes} bytes, the volume ${2 ** 30}`),
      );
      await dom0.act(configureCluster({ ...request, cluster: "web" }));
      await dom0.act(clusterOnline({ ...request, cluster: "web" }));
      expect(await act({})).toEqual(refused("ForeignCluster", "the cluster web is active on this host"));
    });

    it("is not after a format that did not come to its end, nor after one whose file system is gone", async () => {
      dom0.served("e0.1", format.sizeBytes);
      dom0.write(record, `${device}\nsan/disks 0a1b\nbegan 00000000-0000-4000-8000-00000000000b 7 8\n`);
      const how = `a format of ${device} as ${uuid} started on this host and did not finish`;
      expect(await dom0.act(formatFilesystem(format))).toEqual(
        refused(
          "FormatInterrupted",
          `${how}; it is not repeated. Look at the device; to allow a new format, remove ${record}`,
        ),
      );
      dom0.write(record, `${device}\nsan/disks 0a1b\nbegan 00000000-0000-4000-8000-00000000000b 7 8\ndone\n`);
      expect(await dom0.act(formatFilesystem(format))).toEqual(
        refused("WrongFilesystem", `${uuid} was made on ${device} but is no longer there: no signature`),
      );
      // The content of a device that the driver has given up is unknown.
      dom0.aoeDevice("e0.1", "down", format.sizeBytes);
      expect(await dom0.act(formatFilesystem(format))).toEqual(refused("DeviceMissing", `${device} is down`));
    });
  },
  { shared: "NotMounted", packages: ["ocfs2-tools", "aoetools"] },
);

twins(
  ["mount-filesystem"],
  "a file system that is mounted already",
  (dom0) => {
    const fstab = "/dev/vda / ext4 rw,relatime 0 1\n";
    const mounted = (options: readonly string[], allowed: readonly string[] = []) =>
      dom0.act(
        mountFilesystem({
          ...{ ...mount, device: "/dev/etherd/e15.15", mountPoint: "/srv/xen", uuid: dom0.filesystem },
          ...{ options, allowedMountOptions: allowed },
        }),
      );

    it("gets the suid, dev and exec of the spec while it stays mounted", async () => {
      dom0.write("/etc/fstab", fstab);
      expect(dom0.mountedWith()).toBe("suid,dev,exec");
      expect(await mounted(["exec"], ["exec"])).toEqual({ kind: "done", detail: "adopted" });
      expect(dom0.mountedWith()).toBe("nosuid,nodev,exec");
      expect(await mounted(["exec"], ["exec"])).toEqual({ kind: "done", detail: "unchanged" });
      // The owner forbids exec again, and the spec follows.
      expect(await mounted([])).toEqual({ kind: "done", detail: "remounted" });
      expect(dom0.mountedWith()).toBe("nosuid,nodev,noexec");
      expect(dom0.read("/etc/fstab")).toContain(
        "/srv/xen ocfs2 _netdev,noauto,x-systemd.requires=o2cb.service,nosuid,nodev,noexec 0 0",
      );
      expect(await mounted([])).toEqual({ kind: "done", detail: "unchanged" });
      expect(await mounted(["noatime"])).toEqual({ kind: "done", detail: "repaired" });
    });

    it("takes over the line of a former object of the name, whatever its device, and of nobody else", async () => {
      const line = (mark: string) => `${fstab}# xensan: ${mark}\n/dev/etherd/e9.9 /srv/xen ocfs2 _netdev,noauto 0 0\n`;
      for (const mark of ["san/disks2 0a1b", "san2/disks 0a1b"]) {
        dom0.write("/etc/fstab", line(mark));
        expect(await mounted([])).toEqual({
          kind: "refused",
          reason: "MountPointInUse",
          message: "/etc/fstab mounts /dev/etherd/e9.9 on /srv/xen",
        });
        expect(dom0.read("/etc/fstab")).toBe(line(mark));
      }
      dom0.write("/etc/fstab", line("san/disks former"));
      expect(await mounted([])).toEqual(done("adopted"));
      expect(dom0.read("/etc/fstab")).toBe(
        `${fstab}# xensan: san/disks 0a1b\n/dev/etherd/e15.15 /srv/xen ocfs2 _netdev,noauto,x-systemd.requires=o2cb.service,nosuid,nodev,noexec 0 0\n`,
      );
      expect(await mounted([])).toEqual(done("unchanged"));
    });

    it("is recorded by its UUID for the mount at boot, also where an older xensan did not", async () => {
      const records = "/var/lib/xensan/mounts";
      const other = "00000000-0000-4000-8000-000000000001 /srv/other\n";
      const own = `${dom0.filesystem} /srv/xen\n`;
      dom0.write("/etc/fstab", fstab);
      expect(await mounted([])).toEqual(done("adopted"));
      expect(dom0.read(records)).toBe(own);
      const entries = dom0.read("/etc/fstab");
      dom0.remove(records);
      expect(await mounted([])).toEqual(done("repaired"));
      expect(dom0.read(records)).toBe(own);
      dom0.write(records, `${uuid} /srv/xen\n${other}`);
      expect(await mounted([])).toEqual(done("repaired"));
      expect(dom0.read(records)).toBe(`${other}${own}`);
      expect(await mounted([])).toEqual(done("unchanged"));
      expect(dom0.read("/etc/fstab")).toBe(entries);
    });

    it("is not loosened by a spec that the owner of the host does not follow", async () => {
      dom0.write("/etc/fstab", fstab);
      expect(await mounted([])).toEqual({ kind: "done", detail: "adopted" });
      expect(await mounted(["exec"])).toMatchObject({ kind: "refused", reason: "MountOptionOutsideBounds" });
      expect(dom0.mountedWith()).toBe("nosuid,nodev,noexec");
    });
  },
  { shared: "Beating", packages: ["ocfs2-tools", "aoetools"] },
);
