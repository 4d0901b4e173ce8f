import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FormatRequest, formatFilesystem } from "../../src/host/ocfs2-actions.ts";
import type { FormatRecord, SharedDevice } from "../../src/host/ocfs2-facts.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

const MiB = 2 ** 20;
const bytes = 128 * MiB;
const owner = { namespace: "san", name: "disks", uid: "66666666-ffff" };
const text = "san/disks 66666666-ffff";
const uuidOf = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`;
const format = (slot: number, changes: Partial<FormatRequest> = {}): FormatRequest => ({
  owner,
  device: `/dev/etherd/e0.${slot}`,
  uuid: uuidOf(slot),
  label: "DATA",
  cluster: "labclus",
  heartbeatMode: "Local",
  nodeSlots: 2,
  journalSize: 8 * MiB,
  sizeBytes: bytes,
  server: "san",
  interface: "eth0",
  ...changes,
});
const refusal = (reason: string, message: string) => ({
  kind: "refused",
  reason,
  message: expect.stringContaining(message),
});

describe.each([
  { tools: "dash and coreutils", busybox: false },
  { tools: "busybox", busybox: true },
])("a format on a host with $tools", ({ busybox }) => {
  let host: TestHost;
  /** Loop devices of the machine that runs the container: released at the end. */
  const loops: string[] = [];
  beforeAll(async () => {
    host = await startHost({ image: "ocfs2", busybox });
    // Only one check needs a wire: which server serves a target. A file per target tells it.
    await host.sh(`
      mkdir -p /srv/disks /dev/etherd
      [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
      for i in $(seq 0 63); do [ -e /dev/loop$i ] || mknod /dev/loop$i b 7 $i; done
      cat >/usr/local/sbin/aoeping <<'END'
#!/bin/sh
eval "slot=\\\${$(($# - 1))}"
echo "serial_number: $(cat "/srv/disks/$slot.serial" 2>/dev/null || echo "0.$slot:san")"
END
      chmod +x /usr/local/sbin/aoeping; rm -f /usr/local/sbin/aoecfg`);
  });
  afterAll(async () => {
    for (const loop of loops) await host.try(`losetup -d ${loop}`);
    await host?.stop();
  });

  /** A disk as e0.SLOT; `prepare` runs before the script looks at it. */
  const disk = async (slot: number, prepare = "") => {
    await host.sh(`truncate -s ${bytes} /srv/disks/${slot}.img`);
    const loop = (await host.sh(`/sbin/losetup -f --show /srv/disks/${slot}.img`)).trim();
    loops.push(loop);
    const device = `/dev/etherd/e0.${slot}`;
    await host.sh(`rm -f ${device}; mknod ${device} b 7 ${loop.slice("/dev/loop".length)}; ${prepare}`);
    return device;
  };
  const act = (request: FormatRequest) => host.act(formatFilesystem(request));
  const look = async (device: string): Promise<SharedDevice | undefined> => {
    const facts = await host.probe({ roles: ["Client"], sharedDevices: [device] });
    return known(facts.sharedDevices)[0];
  };
  const records = async (): Promise<readonly FormatRecord[]> =>
    known((await host.probe({ roles: ["Client"] })).formats);
  /** An mkfs.ocfs2 that begins, writes, and waits for a file before it runs the real one. */
  const slowTool = `cat >/usr/local/sbin/mkfs.ocfs2 <<'END'
#!/bin/sh
case " $* " in *" --dry-run "*) exec /sbin/mkfs.ocfs2 "$@" ;; esac
echo run >>/srv/disks/runs
until [ -e /srv/disks/go ]; do sleep 0.1; done
exec /sbin/mkfs.ocfs2 "$@"
END
    chmod +x /usr/local/sbin/mkfs.ocfs2; rm -f /srv/disks/go /srv/disks/runs`;

  it("makes what was asked for of a blank device, once, and says on disk that it did", async () => {
    const device = await disk(1);
    expect(await look(device)).toMatchObject({ content: "Blank", signature: "", sizeBytes: bytes });
    const request = format(1, { blockSize: 4096, clusterSize: 65_536, nodeSlots: 4 });
    expect(await act(request)).toEqual({ kind: "done", detail: "formatted" });
    const made: SharedDevice = {
      path: device,
      content: "Ocfs2",
      signature: "ocfs2",
      sizeBytes: bytes,
      superblock: {
        uuid: uuidOf(1),
        label: "DATA",
        stack: "o2cb",
        cluster: "labclus",
        globalHeartbeat: false,
        nodeSlots: 4,
        sizeBytes: bytes,
        blockSize: 4096,
        clusterSize: 65_536,
      },
      heartbeats: [],
      slots: [],
      mounts: [],
    };
    expect(await look(device)).toEqual(made);
    expect(await act(request)).toEqual({ kind: "done", detail: "unchanged" });
    expect(await look(device)).toEqual(made);
    expect(await records()).toEqual([{ uuid: uuidOf(1), device, state: "Done", owner: text }]);
    expect(await host.sh(`mounted.ocfs2 -d ${device}`)).toMatch(
      /o2cb +labclus +00000000000040008000000000000001 +DATA/,
    );
  });

  it("is refused over everything that is somebody's, and leaves it as it was", async () => {
    const found: readonly (readonly [number, string, string])[] = [
      [2, "mkfs.ext4 -q -L OLD DEVICE", "ext4"],
      [3, "LVM_SUPPRESS_FD_WARNINGS=1 pvcreate -q -y DEVICE", "LVM2_member"],
      [4, "echo 'size=16M' | sfdisk -q --no-reread DEVICE", "dos"],
      [
        5,
        "printf secret | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 DEVICE -",
        "crypto_LUKS",
      ],
      [
        6,
        "mkfs.ocfs2 -q -L THEIRS -N 2 -J size=8M --cluster-stack=o2cb --cluster-name=othercl DEVICE </dev/null",
        "cluster othercl",
      ],
      [7, "printf x | dd of=DEVICE bs=1 seek=700000", "first or last MiB is not zero"],
      [8, `printf x | dd of=DEVICE bs=1 seek=${bytes - 1}`, "first or last MiB is not zero"],
    ];
    for (const [slot, prepare, message] of found) {
      const device = await disk(slot, `{ ${prepare.replace("DEVICE", `/dev/etherd/e0.${slot}`)}; } >/dev/null 2>&1`);
      const before = await host.sh(`sync; md5sum <${device}`);
      expect([slot, await act(format(slot))]).toEqual([slot, refusal("NotBlank", message)]);
      expect([slot, await host.sh(`md5sum <${device}`)]).toEqual([slot, before]);
    }
    expect((await records()).map(({ uuid }) => uuid)).toEqual([uuidOf(1)]);
  });

  it("is refused where the device is not the one that was meant", async () => {
    const device = await disk(9);
    expect(await act(format(9, { sizeBytes: bytes - 512 }))).toEqual(refusal("SizeDiffers", `${bytes} bytes`));
    await host.sh("echo 0.9:impostor >/srv/disks/9.serial");
    expect(await act(format(9))).toEqual(refusal("WrongServer", "served by impostor, not by san"));
    // A serial number of 19 characters may have been cut off there.
    await host.sh("echo 0.9:b-long-host-nam >/srv/disks/9.serial");
    expect(await act(format(9, { server: "a-long-host-name-cut-off" }))).toEqual(
      refusal("WrongServer", "b-long-host-nam"),
    );
    await host.sh(`
      rm /srv/disks/9.serial
      printf '#!/bin/sh\\nprintf "0.9\\\\t\\\\n0.9\\\\t\\\\n0.8\\\\t\\\\n"\\n' >/usr/local/sbin/aoecfg; chmod +x /usr/local/sbin/aoecfg`);
    expect(await act(format(9))).toEqual(refusal("WrongServer", "2 servers answer for e0.9"));
    await host.sh("rm /usr/local/sbin/aoecfg");
    expect(await act(format(9, { device: "/dev/etherd/e7.7" }))).toEqual(
      refusal("DeviceMissing", "not a block device"),
    );
    expect(await act(format(9, { type: "vmstore" }))).toEqual(refusal("FormatFailed", "at least 2 gigabytes"));
    expect(await look(device)).toMatchObject({ content: "Blank" });
    expect((await records()).map(({ uuid }) => uuid)).toEqual([uuidOf(1)]);
  });

  it("is not begun where ocfs2-tools would run twice: without modprobe", async () => {
    await host.sh("mv /sbin/modprobe /sbin/modprobe.away");
    expect(await act(format(9))).toEqual(refusal("ToolMissing", "/sbin/modprobe"));
    await host.sh("mv /sbin/modprobe.away /sbin/modprobe");
  });

  it("goes on when the command that began it is killed, is busy meanwhile, and is done afterwards", async () => {
    await host.sh(slowTool);
    const cut = act(format(9)).catch((error: unknown) => error);
    const of = (uuid: string) => async () => (await records()).find((record) => record.uuid === uuid)?.state;
    await eventually("the record says Running", async () => (await of(uuidOf(9))()) === "Running");
    expect(await act(format(9))).toEqual({ kind: "busy", message: expect.any(String) });
    // Kills the whole process group of the script, as the end of its time limit does.
    await host.sh(`
      runner=$(sed -n 's/^began [^ ]* \\([0-9]*\\) .*/\\1/p' /var/lib/xensan/formats/${uuidOf(9)})
      script=$(awk '{ print $4 }' /proc/$runner/stat)
      kill -9 -"$(awk '{ print $5 }' /proc/$script/stat)"`);
    await cut;
    expect(await of(uuidOf(9))()).toBe("Running");
    await host.sh("touch /srv/disks/go");
    await eventually("the record says Done", async () => (await of(uuidOf(9))()) === "Done");
    expect(await act(format(9))).toEqual({ kind: "done", detail: "unchanged" });
    expect(await host.sh("cat /srv/disks/runs")).toBe("run\n");
  });

  it("that was interrupted is never begun again, whatever the device holds by then", async () => {
    const device = await disk(10);
    const request = format(10, { uuid: "00000000-0000-4000-8000-000000000010" });
    await host.sh(slowTool);
    const cut = act(request).catch((error: unknown) => error);
    const state = async () => (await records()).find((record) => record.device === device)?.state;
    await eventually("the record says Running", async () => (await state()) === "Running");
    await host.sh(`
      runner=$(sed -n 's/^began [^ ]* \\([0-9]*\\) .*/\\1/p' /var/lib/xensan/formats/${request.uuid})
      kill -9 "$runner" $(cat /proc/$runner/task/*/children)`);
    expect(await cut).toEqual(refusal("FormatFailed", ""));
    expect(await state()).toBe("Interrupted");
    await host.sh("rm /usr/local/sbin/mkfs.ocfs2");
    for (const uuid of [request.uuid, uuidOf(3)]) {
      expect(await act({ ...request, uuid })).toEqual(refusal("FormatInterrupted", "it is not repeated"));
    }
    expect(await host.sh("cat /srv/disks/runs")).toBe("run\n");
    expect(await look(device)).toMatchObject({ content: "Blank" });
  });

  it("that was done once and is gone from the device is an alarm, not a reason for another", async () => {
    await host.sh("dd if=/dev/zero of=/dev/etherd/e0.1 bs=1M count=4 2>/dev/null; sync");
    expect(await act(format(1))).toEqual(refusal("WrongFilesystem", "is no longer there"));
    expect(await look("/dev/etherd/e0.1")).toMatchObject({ content: "Blank" });
  });
});
