import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configureCluster, mountFilesystem, unmountFilesystem } from "../../src/host/ocfs2-actions.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

const owner = { namespace: "san", name: "disks", uid: "66666666-ffff" };
const uuid = "00000000-0000-4000-8000-000000000001";
const device = "/dev/etherd/e0.1";

describe.each(["ocfs2", "sysvinit"] as const)("after the boot of a host of the image %s", (image) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startHost({ image });
    const name = (await host.sh("cat /proc/sys/kernel/hostname")).trim();
    await host.sh(
      "for name in panic panic_on_oops; do echo 0 >/srv/$name; mount --bind /srv/$name /proc/sys/kernel/$name; done",
    );
    const outcome = await host.act(
      configureCluster({
        owner,
        cluster: "labclus",
        heartbeatMode: "Local",
        fenceMethod: "Reset",
        timeouts: {
          heartbeatThreshold: 31,
          idleMilliseconds: 30_000,
          keepaliveMilliseconds: 2000,
          reconnectMilliseconds: 2000,
        },
        nodes: [{ number: 0, name, address: "10.99.0.11", port: 7777 }],
        regions: [],
      }),
    );
    expect(outcome).toEqual({ kind: "done", detail: "configured" });
    // This kernel has no OCFS2: the record of the cluster, for which the loop would wait, is removed; discovery makes a
    // device when the SAN is said to be up, and mount mounts something else.
    await host.sh(`
      rm /var/lib/xensan/cluster
      mkdir -p /srv/xen /srv/other && printf '%s\\n' '# xensan: san/disks 66666666-ffff' \\
        '${device} /srv/xen ocfs2 _netdev,noauto,x-systemd.requires=o2cb.service 0 0' \\
        '/dev/etherd/e0.9 /srv/other ocfs2 _netdev,noauto 0 0' >>/etc/fstab
      printf '%s\\n' '#!/bin/sh' 'echo asked >>/srv/asked' '[ ! -e /srv/san-is-up ] || { mkdir -p /dev/etherd; mknod ${device} b 7 7; }' >/usr/local/sbin/aoe-discover
      printf '%s\\n' '#!/bin/sh' 'case $1 in /srv/xen) echo "$*" >>/srv/mounts; exec /bin/mount -t tmpfs tmpfs /srv/xen ;; esac' 'exec /bin/mount "$@"' >/usr/local/sbin/mount
      chmod +x /usr/local/sbin/*`);
  });
  afterAll(() => host?.stop());
  const lines = async (file: string) => (await host.sh(`cat ${file} 2>/dev/null || true`)).split("\n").filter(Boolean);

  it("asks for the device until the SAN is there, mounts what is ours, once, and is finished", async () => {
    await host.reboot();
    await eventually("it has asked twice", async () => (await lines("/srv/asked")).length >= 2);
    expect(await lines("/srv/mounts")).toEqual([]);
    await host.sh("touch /srv/san-is-up");
    await eventually("it is mounted", async () => (await host.sh("cat /proc/mounts")).includes(" /srv/xen tmpfs "));
    await eventually(
      "the loop has ended",
      async () =>
        !(await host.sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true")).includes("mount-at-boot"),
    );
    expect(await lines("/srv/mounts")).toEqual(["/srv/xen"]);
    if (image === "ocfs2") {
      expect((await host.sh("systemctl show -p Result --value xensan-mounts")).trim()).toBe("success");
    }
  });

  it("what is mounted there instead is neither adopted nor unmounted", async () => {
    const request = { owner, device, uuid, mountPoint: "/srv/xen" };
    const allowedMountPoints = ["/srv/*"];
    const mount = mountFilesystem({
      ...request,
      cluster: "labclus",
      options: [],
      allowedMountPoints,
      allowedMountOptions: [],
    });
    expect(await host.act(mount)).toMatchObject({ kind: "refused", reason: "MountPointInUse" });
    expect(await host.act(unmountFilesystem(request))).toMatchObject({ kind: "refused", reason: "WrongFilesystem" });
    await host.sh("umount /srv/xen");
    const [point] = known((await host.probe({ roles: ["Client"], mountPoints: ["/srv/xen"] })).mountPoints);
    expect(point).toMatchObject({
      kind: "Directory",
      empty: true,
      persisted: { source: device, owner: "san/disks 66666666-ffff" },
    });
    expect(await host.act(unmountFilesystem(request))).toEqual({ kind: "done", detail: "unmounted" });
    expect(await host.act(unmountFilesystem(request))).toEqual({ kind: "done", detail: "absent" });
    expect(await host.sh("grep ocfs2 /etc/fstab")).toBe("/dev/etherd/e0.9 /srv/other ocfs2 _netdev,noauto 0 0\n");
  });

  it("a directory outside of the bounds, of the system or behind a link is refused, and so is a missing device", async () => {
    await host.sh("mkdir -p /srv/real; ln -sfn /srv/real /srv/link; ln -sfn /etc /srv/etc");
    const mount = (mountPoint: string, allowedMountPoints = ["/srv/*", "/srv/*/*", "/etc/*"]) =>
      host.act(
        mountFilesystem({
          owner,
          device,
          uuid,
          cluster: "labclus",
          mountPoint,
          options: [],
          allowedMountPoints,
          allowedMountOptions: [],
        }),
      );
    const withOptions = (options: string[], allowedMountOptions: string[] = []) => {
      const request = { owner, device, uuid, cluster: "labclus", mountPoint: "/srv/link", options: [] };
      const command = mountFilesystem({ ...request, allowedMountPoints: ["/srv/*"], allowedMountOptions });
      const args = command.args.map((argument) => (argument.startsWith("nosuid,") ? options.join(",") : argument));
      return host.act({ ...command, args });
    };
    for (const option of ["x-systemd.requires=reboot.target", "errors=panic", "commit=5x", "remount", "exec"])
      expect(await withOptions([option])).toMatchObject({ reason: "MountOptionOutsideBounds" });
    expect(await withOptions(["exec", "commit=30"], ["exec"])).toMatchObject({ reason: "MountPointNotUsable" });
    expect(await mount("/srv/xen", ["/mnt/*"])).toMatchObject({ reason: "MountPointOutsideBounds" });
    expect(await mount("/srv/etc/x", ["/srv/*/*"])).toMatchObject({ reason: "MountPointOutsideBounds" });
    expect(await mount("/srv/etc/x")).toMatchObject({ reason: "MountPointNotUsable" });
    expect(await mount("/srv/link")).toMatchObject({ reason: "MountPointNotUsable" });
    await host.sh(`rm ${device}`);
    expect(await mount("/srv/real")).toMatchObject({ reason: "DeviceMissing" });
  });
});
