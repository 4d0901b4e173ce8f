import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endLease, holdLease } from "../../src/host/domain-actions.ts";
import { startHost, type TestHost } from "./host.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const images = Array.from({ length: 8 }, (_item, index) => `/srv/xen/${index}.img`);
const row = (name: string, id: number, as: string) =>
  `printf '%-40s %5d %5d %5d     -b----  %8s %s %8s %16s\\n' ${name} ${id} 128 1 4.0 ${as} - -`;
/** xl of a dom0 without domains, or with the one in /root/here. */
const xl = `#!/bin/sh
echo 'Name ID Mem VCPUs State Time(s) UUID Reason-Code Security Label'
${row("Domain-0", 0, "00000000-0000-0000-0000-000000000000")}
[ ! -e /root/here ] || ${row("vm2", 1, uuid)}
`;

describe.each([
  { init: "systemd", image: "host" },
  { init: "sysvinit", image: "sysvinit" },
] as const)("the lease of a domain on a host with $init", ({ init, image }) => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startHost({ image });
    await host.sh(`mkdir -p /srv/xen/.xensan; for file in ${images.join(" ")}; do truncate -s 1M $file; done`);
    await host.sh(`cat >/usr/local/bin/xl <<'END'\n${xl}END\nchmod +x /usr/local/bin/xl`);
  });
  afterAll(() => host.stop());

  const hold = (arrivingSeconds: number) =>
    host.act(
      holdLease({
        ...{ owner, uuid, lockDirectory: "/srv/xen/.xensan", shares: [], arrivingSeconds },
        images: images.map((path) => ({ path, access: "ReadWrite" })),
      }),
    );
  const leased = async () => {
    const free = images.map((path) => `flock -n -x ${path} true && echo free || echo leased`).join("; ");
    return [...new Set((await host.sh(free)).trim().split("\n"))].join();
  };
  const drop = async () =>
    host.act(endLease({ owner, uuid, until: Number((await host.sh("cat /run/xensan/leases/*.until")).trim()) }));
  const pid = async () => (await host.sh("cut -d ' ' -f 1 /run/xensan/leases/*.pid")).trim();

  it("is held by a process that outlives the command, and by another one when it is killed", async () => {
    expect(await hold(600)).toEqual({ kind: "done", detail: "held" });
    expect(await leased()).toBe("leased");
    expect(await hold(600)).toEqual({ kind: "done", detail: "unchanged" });
    await host.sh(`kill -s KILL -- -${await pid()}; while [ -e /proc/${await pid()} ]; do :; done`);
    expect(await leased()).toBe("free");
    expect(await hold(1)).toEqual({ kind: "done", detail: "held" });
    expect(await leased()).toBe("leased");
  });

  if (init === "systemd")
    it("ends after the domains and before its file systems when the host goes down", async () => {
      const units = await host.sh("systemctl list-units --plain --no-legend 'xensan-lease-*' | cut -d ' ' -f 1");
      const shown = await host.sh(`systemctl show -p Before -p RequiresMountsFor ${units.trim()}`);
      expect(shown).toContain("xendomains.service");
      expect(shown).toContain("RequiresMountsFor=/srv/xen");
    });

  it("ends by itself when the domain has been absent for half a minute, not before", async () => {
    await host.sh("touch /root/here");
    expect(await hold(600)).toEqual({ kind: "done", detail: "unchanged" });
    expect(await drop()).toMatchObject({ kind: "refused", reason: "DomainRunning" });
    await host.sh("rm /root/here");
    expect(await drop()).toEqual({ kind: "done", detail: "ended" });
    expect(await leased()).toBe("free");
    expect(await hold(1)).toEqual({ kind: "done", detail: "held" });
    const began = Number((await host.sh("cut -d . -f 1 /proc/uptime")).trim());
    await host.sh(`while [ -e /proc/${await pid()} ]; do sleep 1; done`);
    const ended = Number((await host.sh("cut -d . -f 1 /proc/uptime")).trim());
    expect(ended - began).toBeGreaterThanOrEqual(29);
    expect(await leased()).toBe("free");
  });
});
