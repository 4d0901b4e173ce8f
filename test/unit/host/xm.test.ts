import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { renderConfiguration } from "../../../src/controllers/xen-domain/configuration.ts";
import { startDomain, stopDomain, writeDomainConfiguration } from "../../../src/host/domain-actions.ts";
import { ensureImage } from "../../../src/host/image-actions.ts";
import { settleMigration, startMigration } from "../../../src/host/migration-actions.ts";
import { type FakeDom0, fakeDom0, filesystem, shells } from "./fake-dom0.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };

/**
 * xm over the table of the fake xl, according to the manual and the sources of xend 4.3: no host with xend was
 * available, so these tests check the scripts against the documentation, not against a machine.
 */
const xm = `#!/bin/sh
FAKE=@FAKE@
touch "$FAKE/domains" "$FAKE/calls"
if [ "$1" = list ]; then
	[ "$2" = --long ] || exit 1
	[ ! -f "$FAKE/broken" ] || { cat "$FAKE/broken" >&2; exit 1; }
	printf '(domain\\n    (domid 0)\\n    (name Domain-0)\\n    (state r-----)\\n)\\n'
	while read -r id name uuid state seconds; do
		printf '(domain\\n    (domid %s)\\n    (uuid %s)\\n    (vcpus 1)\\n    (name %s)\\n    (memory 128)\\n' "$id" "$uuid" "$name"
		printf '    (device (vif (bridge eth0) (uuid 11111111-0000-4000-8000-000000000000)))\\n'
		[ ! -f "$FAKE/disk" ] || cat "$FAKE/disk"
		printf '    (state %s)\\n    (cpu_time %s)\\n    (online_vcpus 1)\\n)\\n' "$state" "$seconds"
	done <"$FAKE/domains"
	exit 0
fi
echo "$*" >>"$FAKE/calls"
gone() { awk -v id="$1" '$1 != id' "$FAKE/domains" >"$FAKE/domains.new" && mv "$FAKE/domains.new" "$FAKE/domains"; }
case $1 in
create)
	[ ! -f "$FAKE/create-error" ] || { cat "$FAKE/create-error" >&2; exit 1; }
	cat "$FAKE/created" >>"$FAKE/domains"
	;;
shutdown | destroy) gone "$2" ;;
migrate) gone "$3" ;;
*) exit 1 ;;
esac
`;

describe.each(shells)("a domain of the toolstack of 2010, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.sh(`rm ${dom0.directory}/bin/xl`);
    dom0.program("xm", xm.replace("@FAKE@", dom0.directory));
    dom0.domains();
    dom0.write("boot/vmlinuz-2.6.32", "");
    dom0.write("created", `5 vm2 ${uuid} -b---- 0.4\n`);
  });
  afterEach(() => dom0.end());

  const rendered = () =>
    renderConfiguration(
      "Xm",
      {
        name: "vm2",
        uuid,
        spec: {
          hostRefs: [{ name: "bella" }],
          powerState: "Running",
          shutdown: { timeoutSeconds: 60, onTimeout: "Wait" },
          deletionPolicy: "Retain",
          priority: 0,
          onHostFailure: "Restart",
          memory: "128Mi",
          vcpus: 2,
          type: "PV",
          boot: { kernel: `${dom0.directory}/boot/vmlinuz-2.6.32`, commandLine: "root=/dev/xvda ro" },
          disks: [],
          cdroms: [],
          settings: [],
          networks: [],
          onPoweroff: "Destroy",
          onReboot: "Restart",
          onCrash: "CoredumpRestart",
        },
      },
      [
        { device: "xvda", access: "ReadWrite", image: `${dom0.share}/vm2.img` },
        { device: "xvdb", access: "ReadOnly", image: `${dom0.share}/iso.img` },
      ],
    ).text;
  const lock = () => ({ directory: `${dom0.share}/.xensan`, mountPoint: dom0.mountPoint, filesystem });
  const start = (text: string) => {
    expect(dom0.act(writeDomainConfiguration({ owner, uuid, text, adopt: false }))).toEqual({
      kind: "done",
      detail: "written",
    });
    for (const name of ["vm2.img", "iso.img"])
      dom0.act(
        ensureImage({
          ...{ owner, uuid, path: `${dom0.share}/${name}`, mountPoint: dom0.mountPoint, filesystem },
          ...{ sizeBytes: 512, mayFind: false },
        }),
      );
    const digest = createHash("sha256").update(text).digest("hex");
    const allowedBootFiles = [`${dom0.directory}/boot/vmlinuz-*`];
    return dom0.act(
      startDomain({
        owner,
        uuid,
        name: "vm2",
        digest,
        lock: lock(),
        shares: [{ mountPoint: dom0.mountPoint, filesystem }],
        allowedBootFiles,
        allowedBridges: ["xenbr*"],
      }),
    );
  };
  const begin = () =>
    dom0.act(
      startMigration({
        owner: undefined,
        time: "2026-11-28T09:30:00Z",
        operation: "op-1",
        uuid,
        address: "10.99.0.12",
        timeoutSeconds: 600,
        allowedBridges: ["eth0"],
        allowedBootFiles: [],
        shared: { mountPoints: [], hidden: [], devices: [] },
      }),
    );

  it("has a configuration as xmdomain.cfg(5) wants it: disks as file:, no type for PV", () => {
    expect(rendered().split("\n").slice(1)).toEqual([
      'name = "vm2"',
      `uuid = "${uuid}"`,
      "memory = 128",
      "vcpus = 2",
      `kernel = "${dom0.directory}/boot/vmlinuz-2.6.32"`,
      'extra = "root=/dev/xvda ro"',
      `disk = [ "file:${dom0.share}/vm2.img,xvda,w", "file:${dom0.share}/iso.img,xvdb,r" ]`,
      "vif = []",
      'on_poweroff = "destroy"',
      'on_reboot = "restart"',
      'on_crash = "coredump-restart"',
      "",
    ]);
  });

  it("is started by xm create under the lock, and stopped by xm shutdown", () => {
    expect(start(rendered())).toEqual({ kind: "done", detail: "started id 5" });
    expect(dom0.has(`${dom0.share}/.xensan/${uuid}.lock`)).toBe(true);
    const stop = stopDomain({ owner, uuid, how: "Shutdown", waitSeconds: 5, lockDirectory: lock().directory });
    expect(dom0.act(stop)).toEqual({ kind: "done", detail: "stopped" });
    expect(dom0.has(`${dom0.share}/.xensan/${uuid}.lock`)).toBe(false);
    expect(dom0.calls()).toEqual([`create -q ${dom0.directory}/run/${uuid}.cfg`, "shutdown 5"]);
  });

  it("that xm does not create is refused with what it said, and leaves no lock", () => {
    dom0.write("create-error", "Error: Device 51712 (vbd) could not be connected.\n");
    expect(start(rendered())).toEqual({
      kind: "refused",
      reason: "StartFailed",
      message: expect.stringContaining("Device 51712 (vbd) could not be connected."),
    });
    expect(dom0.has(`${dom0.share}/.xensan/${uuid}.lock`)).toBe(false);
  });

  it("is moved by xm migrate --live, by its id", async () => {
    dom0.domains([7, "vm2", uuid, "-b----", 20]);
    expect(begin()).toEqual({ kind: "done", detail: "started" });
    const deadline = systemClock.monotonic() + 20_000;
    while (!dom0.has("state/migrations/op-1.exit")) {
      if (systemClock.monotonic() > deadline) throw new Error("xm migrate does not end");
      await systemClock.sleep(50);
    }
    expect(dom0.read("state/migrations/op-1.exit")).toBe("0\n");
    expect(dom0.calls()).toEqual(["migrate --live 7 10.99.0.12"]);
    expect(begin()).toEqual({ kind: "done", detail: "unchanged" });
  });

  it.each([
    ["phy:/dev/vg0/vm1", "/dev/vg0/vm1"],
    ["phy:vg0/vm1", "/dev/vg0/vm1"],
    ["file:/var/lib/xen/a.img", "/var/lib/xen/a.img"],
    ["tap:aio:/var/lib/xen/a.img", "/var/lib/xen/a.img"],
    ["tap:qcow2:/dev/shm/a.img", "tap:qcow2:/dev/shm/a.img"],
    ["drbd:vm1", "drbd:vm1"],
  ])("with the disk %s that nobody shares is not moved", (uname, shown) => {
    dom0.write(
      "disk",
      `    (device (vbd (uuid 22222222-0000-4000-8000-000000000000)\n (dev xvda:disk)\n (uname ${uname})\n (mode w)))\n`,
    );
    dom0.domains([7, "vm2", uuid, "-b----", 20]);
    const message = expect.stringContaining(`vm2 has the disk ${shown}, and nothing proves`);
    expect(begin()).toMatchObject({ kind: "refused", reason: "DiskNotShared", message });
    expect(dom0.calls()).toEqual([]);
  });

  it.each([
    ["migrating-vm2", "-b----", "DomainMigrating"],
    ["vm2", "--p---", "DomainNotRunning"],
    ["77", "-b----", "DomainNameUnsafe"],
  ])("called %s in state %s is not moved (%s)", (name, state, reason) => {
    dom0.domains([7, name, uuid, state, 20]);
    expect(begin()).toMatchObject({ kind: "refused", reason });
    expect(dom0.calls()).toEqual([]);
  });

  it("that is on its way is not stopped", () => {
    dom0.domains([7, "migrating-vm2", uuid, "---s--", 20]);
    expect(dom0.act(stopDomain({ owner, uuid, how: "Destroy", waitSeconds: 1 }))).toMatchObject({
      reason: "DomainMigrating",
    });
    expect(dom0.calls()).toEqual([]);
  });

  it("that is suspended cannot be resumed: xm has no word for it", () => {
    dom0.domains([7, "vm2", uuid, "---s--", 20]);
    expect(dom0.act(settleMigration({ owner: undefined, uuid, name: "vm2", action: "ResumeSource" }))).toEqual({
      kind: "refused",
      reason: "DomainStateDiffers",
      message: "ResumeSource: domain 7 is called vm2, state s, 20.0 s of CPU time",
    });
    expect(dom0.listed()).toEqual(["vm2 ---s--"]);
  });

  it("is not told from none when xend does not answer", () => {
    const said = "Unable to connect to xend: No such file or directory. Is xend running?";
    dom0.write("broken", `${said}\n`);
    const refused = { kind: "refused", reason: "NotDom0", message: `this host is not a dom0: ${said}` };
    expect([begin(), start(rendered())]).toEqual([refused, refused]);
    expect(dom0.calls()).toEqual([]);
  });
});
