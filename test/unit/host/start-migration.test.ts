import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { probe } from "../../../src/host/actions.ts";
import { abortMigration, awaitMigration, startMigration } from "../../../src/host/migration-actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import type { MigrationRun } from "../../../src/host/xen-facts.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const started = { kind: "done", detail: "started" };

/** xl 4.17's output for a successful migration, cut where a test needs to look. */
const begun = `
cat >&2 <<'SAID'
migration target: Ready to receive domain.
Saving to migration stream new xl format (info 0x3/0x0/1052)
xc: info: Saving domain 1, type x86 HVM
SAID
`;
const permitted = `
cat >&2 <<'SAID'
migration target: Transfer complete, requesting permission to start domain.
migration sender: Target has acknowledged transfer.
migration sender: Giving target permission to start.
SAID
`;
/** Like xl: a child that sends, and a resume when the stream is cut. */
const sends = `
${"$FAKE"}/bin/ssh 600 &
wait $!
echo 'libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading ipc msg header from domain 1 save/restore helper stdout pipe' >&2
echo 'migration sender: libxl_domain_suspend failed (rc=-3)' >&2
echo 'Migration failed, resuming at sender.' >&2
exit 1
`;

describe.each(shells)("a migration, begun in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.domains([1, "vm2", uuid, "-b----", 20]);
    // A process called ssh, like the transport of xl.
    dom0.link("/bin/sleep", "bin/ssh");
  });
  afterEach(() => dom0.end());
  const bounds = {
    owner: undefined,
    time: "2026-11-28T09:30:00Z",
    allowedBridges: ["xenbr*"],
    allowedBootFiles: ["/boot/vmlinuz-*", "/boot/initrd.img-*"],
    shared: { mountPoints: [], hidden: [], devices: [] },
  };
  const begin = (operation = "op-1", timeoutSeconds = 600) =>
    dom0.act(startMigration({ operation, uuid, address: "10.99.0.12", timeoutSeconds, ...bounds }));
  const abort = (operation = "op-1") => dom0.act(abortMigration({ operation }));
  const wait = (seconds: number, operation = "op-1") => dom0.act(awaitMigration({ operation, seconds }));
  const runs = () => {
    const facts = parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [] })).stdout).migrations;
    if (facts.state !== "known") throw new Error(JSON.stringify(facts));
    return facts.value;
  };
  const until = async (holds: (run: MigrationRun) => boolean) => {
    const deadline = systemClock.monotonic() + 20_000;
    for (;;) {
      const [run] = runs();
      if (run !== undefined && holds(run)) return run;
      if (systemClock.monotonic() > deadline) throw new Error(`it stays ${JSON.stringify(run)}`);
      await systemClock.sleep(50);
    }
  };

  const runsWith = (change: Record<string, string>) => {
    const { bridge, kernel, ramdisk, more } = {
      bridge: "xenbr0",
      kernel: "/boot/vmlinuz-6.1",
      ramdisk: "/boot/initrd.img-6.1",
      more: "",
      ...change,
    };
    dom0.write(
      "long",
      `[\n    {\n        "domid": 1,\n        "config": {\n            "b_info": {\n                "kernel": "${kernel}",\n                "cmdline": "console=hvc0",\n                "ramdisk": "${ramdisk}",\n${more}                "type.pvh": {}\n            },\n            "nics": [\n                {\n                    "devid": 0,\n                    "mac": "00:16:3e:00:00:01",\n                    "bridge": "${bridge}",\n                    "script": "vif-bridge"\n                }\n            ]\n        }\n    }\n]\n`,
    );
  };

  const withDisk = (disk: string) =>
    `[\n{\n"domid": 1,\n"config": {\n"b_info": {\n"type.pvh": {}\n},\n"disks": [\n{\n${disk}}\n]\n}\n}\n]\n`;

  it.each([
    [
      "BridgeOutsideBounds",
      { bridge: "br-dmz" },
      "vm2 is connected to br-dmz, which is not in allowed.bridges of the target; add br-dmz to it to allow this",
    ],
    [
      "BootFileOutsideBounds",
      { kernel: "/root/vmlinuz" },
      "vm2 boots from /root/vmlinuz, which is not in allowed.bootFiles of the target",
    ],
    [
      "BootFileOutsideBounds",
      { ramdisk: "/boot/../etc/shadow" },
      "vm2 boots from /boot/../etc/shadow, which is not in allowed.bootFiles of the target",
    ],
  ])(
    "is refused when the owner of the target does not allow what the domain runs with: %s %j",
    (reason, change, message) => {
      runsWith(change);
      expect(begin()).toEqual({ kind: "refused", reason, message });
      expect(dom0.has("state/migrations/op-1")).toBe(false);
      expect(dom0.calls()).toEqual([]);
    },
  );

  it.each([
    ["another host's backend", '"backend_domname": "storage",', "/srv/xen/a.img (backend_domname storage)"],
    ["a driver domain", '"backend_domid": 3,', "/srv/xen/a.img (of another domain than dom0)"],
    ["a script", '"script": "block-drbd",', "/srv/xen/a.img (script block-drbd)"],
    ["another format", '"format": "vhd",', "/srv/xen/a.img (format vhd)"],
  ])("is refused of a domain that nobody declared with a disk of %s", (_what, line, shown) => {
    const text = withDisk(`"pdev_path": "/srv/xen/a.img",\n${line}\n`);
    dom0.write("long", text);
    const message = expect.stringContaining(`vm2 has the disk ${shown}, and nothing proves that it is the same`);
    expect(begin()).toMatchObject({ kind: "refused", reason: "DiskNotShared", message });
    expect(dom0.calls()).toEqual([]);
  });

  it("needs nothing of the target for an empty drive", () => {
    dom0.write("long", withDisk('"format": "empty",\n"is_cdrom": "True"\n'));
    dom0.write("migrate", `${begun}${permitted}exit 0`);
    expect(begin()).toEqual(started);
  });

  it("is refused while xenstore has more disks of the domain than the toolstack shows", () => {
    dom0.write("long", withDisk('"format": "empty"\n'));
    dom0.program("xenstore-list", "#!/bin/sh\n[ $1 = /local/domain/1/device/vbd ] && echo 51712 && echo 51728\n");
    const message = "xl list --long shows 1 disks of vm2, and xenstore 2: it is unknown whether the target has them";
    expect(begin()).toEqual({ kind: "refused", reason: "DomainStateDiffers", message });
    expect(dom0.calls()).toEqual([]);
  });

  it("is refused while the toolstack says nothing of the domain", () => {
    dom0.write("long", "");
    expect(begin()).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
  });

  it("asks nothing of the target's files for a domain whose kernel comes out of its image", async () => {
    runsWith({ kernel: "/var/run/xen/boot_kernel.x1", more: '                "bootloader": "pygrub",\n' });
    dom0.write("migrate", `${begun}${permitted}exit 0`);
    expect(begin()).toEqual(started);
    await until(({ state }) => state === "Ended");
  });

  it("is begun once, and leaves its log and its exit code", async () => {
    dom0.write("migrate", `${begun}${permitted}echo 'Migration successful.' >&2; exit 0`);
    expect(begin()).toEqual(started);
    const run = await until(({ state }) => state === "Ended");
    expect(run).toMatchObject({
      operation: "op-1",
      uuid,
      exitCode: 0,
      phase: "Succeeded",
      message: "Migration successful.",
    });
    expect(run.now).toBeGreaterThanOrEqual(run.startedAt);
    expect(begin()).toEqual({ kind: "done", detail: "unchanged" });
    expect(abort()).toEqual({ kind: "done", detail: "ended" });
    expect(dom0.calls()).toEqual([`migrate -s ssh -F ${dom0.directory}/state/ssh/config 1 10.99.0.12`]);
    expect(readdirSync(`${dom0.directory}/state/migrations`).filter((name) => /new$/.test(name))).toEqual([]);
  });

  it("wakes whoever waits for its end", async () => {
    dom0.write("migrate", `${begun}while [ ! -e ${dom0.directory}/go ]; do sleep 0.1; done; ${permitted}exit 0`);
    expect(begin()).toEqual(started);
    expect(wait(1)).toEqual({ kind: "done", detail: "running" });
    expect(runs()).toMatchObject([{ state: "Running" }]);
    dom0.write("go", "");
    expect(wait(60)).toEqual({ kind: "done", detail: "ended" });
    expect(runs()).toMatchObject([{ state: "Ended", exitCode: 0 }]);
    expect(wait(60)).toEqual({ kind: "done", detail: "ended" });
    expect(wait(60, "never-begun")).toEqual({ kind: "done", detail: "ended" });
  });

  it("wakes whoever waits when its process goes without a word, though xl is still at work", async () => {
    dom0.write("migrate", `${begun}${sends}`);
    expect(begin()).toEqual(started);
    await until(({ phase }) => phase === "Sending");
    const [wrapper = "", , sender = ""] = dom0.read("state/migrations/op-1.pid").split(" ");
    process.kill(Number(wrapper), "SIGKILL");
    expect(wait(60)).toEqual({ kind: "done", detail: "ended" });
    expect(runs()).toMatchObject([{ state: "Lost" }]);
    process.kill(Number(sender), "SIGKILL");
  });

  it("is cut before the point of no return, and xl resumes the domain by itself", async () => {
    dom0.write("migrate", begun + sends);
    expect(begin()).toEqual(started);
    await until(({ phase, state }) => phase === "Sending" && state === "Running");
    expect(begin("op-2")).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    expect(abort()).toEqual({ kind: "done", detail: "aborted" });
    const run = await until(({ state }) => state === "Ended");
    expect(run).toMatchObject({
      exitCode: 1,
      phase: "Failed",
      message: expect.stringContaining("Migration failed, resuming at sender."),
    });
  });

  it("is left alone once the target may start the domain", async () => {
    dom0.write("migrate", `${begun}${permitted}echo $$ >$FAKE/xl.pid; ${sends}`);
    expect(begin()).toEqual(started);
    await until(({ phase }) => phase === "Permission");
    expect(abort()).toMatchObject({ kind: "refused", reason: "PastPointOfNoReturn" });
    expect((await until(() => true)).state).toBe("Running");
    process.kill(Number(dom0.read("xl.pid")), "SIGKILL");
    expect(await until(({ state }) => state === "Ended")).toMatchObject({ exitCode: 137, phase: "Permission" });
  });

  it("is cut on the host itself when its time is over", async () => {
    dom0.write("migrate", begun + sends);
    expect(begin("op-1", 1)).toEqual(started);
    const run = await until(({ state }) => state === "Ended");
    expect(run.message).toContain("xensan: not finished after 1 s: the connection is cut");
  });

  it("is lost when its process went without a word", async () => {
    dom0.write("migrate", `${begun}echo $$ >$FAKE/xl.pid; ${sends}`);
    expect(begin()).toEqual(started);
    await until(({ phase }) => phase === "Sending");
    const [wrapper = "", , sender = ""] = dom0.read("state/migrations/op-1.pid").split(" ");
    for (const pid of [wrapper, sender]) process.kill(Number(pid), "SIGKILL");
    expect(await until(({ state }) => state !== "Running")).toMatchObject({ state: "Lost", exitCode: undefined });
    expect(abort()).toEqual({ kind: "done", detail: "ended" });
  });

  it("says what xl gave as the cause when it fails", async () => {
    dom0.write(
      "migrate",
      "echo 'Host key verification failed.' >&2; echo 'libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading banner from migration receiver stream' >&2; echo 'libxl: info: libxl_exec.c:117:libxl_report_child_exitstatus: migration transport process [3119] exited with error status 255' >&2; exit 1",
    );
    expect(begin()).toEqual(started);
    expect(await until(({ state }) => state === "Ended")).toMatchObject({
      exitCode: 1,
      phase: "Failed",
      message:
        "Host key verification failed.; libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading banner from migration receiver stream",
    });
  });

  it.each<[string, [number, string, string, string, number] | undefined, string]>([
    ["is not there", undefined, "DomainMissing"],
    ["is paused", [1, "vm2", uuid, "--p---", 9], "DomainNotRunning"],
    ["is suspended", [1, "vm2", uuid, "---ss-", 9], "DomainNotRunning"],
    ["has a number for a name", [1, "42", uuid, "-b----", 9], "DomainNameUnsafe"],
    ["has no name", [1, "(null)", uuid, "-b----", 9], "DomainNameUnsafe"],
    ["arrives", [1, "vm2--incoming", uuid, "--p---", 0], "DomainMigrating"],
  ])("is not begun when the domain %s", (_how, row, reason) => {
    dom0.domains(...(row === undefined ? [] : [row]));
    expect(begin()).toMatchObject({ kind: "refused", reason });
    expect(dom0.calls()).toEqual([]);
    expect(runs()).toEqual([]);
  });
});
