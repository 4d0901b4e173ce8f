import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportRequest, ensureExport, ensureFile, interfaceUp, removeExport } from "../../src/host/actions.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

const owner = { namespace: "san", name: "old-disk", uid: "66666666-ffff" };
const other = { namespace: "san", name: "other", uid: "77777777-0000" };
const allowedBackings = ["/srv/aoe/*"];
const request: ExportRequest = {
  owner,
  shelf: 3,
  slot: 1,
  interface: "eth0",
  interfaces: [{ name: "eth0", segment: "rack" }],
  backing: "/srv/aoe/a.img",
  options: ["-r"],
  restart: "Forbidden",
  allowedBackings,
};

describe("an export from a host with sysvinit", () => {
  let server: TestHost;
  let inittab: string;
  beforeAll(async () => {
    server = await startHost({ image: "sysvinit" });
    inittab = await server.sh("mkdir -p /srv/aoe; cat /etc/inittab");
    await server.act(ensureFile({ owner, path: "/srv/aoe/a.img", sizeBytes: 2 ** 20, allowedBackings }));
  });
  afterAll(() => server?.stop());
  const act = (changes: Partial<ExportRequest> = {}) => server.act(ensureExport({ ...request, ...changes }));
  const exports = async () => known((await server.probe()).exports);
  const at = async (slot: number) => (await exports()).find((found) => found.slot === slot);

  it("is a respawn line that init starts at once", async () => {
    expect(await act()).toEqual({ kind: "done", detail: expect.stringMatching(/^started pid [0-9]+$/) });
    expect(await server.sh("cat /etc/inittab")).toBe(
      `${inittab}# xensan: san/old-disk 66666666-ffff\nx000:2345:respawn:/bin/sh /var/lib/xensan/guard x000 vblade -r 3 1 eth0 /srv/aoe/a.img\n`,
    );
    expect(await at(1)).toMatchObject({
      persistence: "Inittab",
      instance: "x000",
      owner: "san/old-disk 66666666-ffff",
      unitState: "running",
      runningDiffers: false,
    });
    expect(known((await server.probe()).system).init).toBe("sysvinit");
  });

  it("is left alone when it is asked for again, and respawned when it is killed", async () => {
    const before = (await at(1))?.pid;
    expect(await act()).toEqual({ kind: "done", detail: `unchanged pid ${before}` });
    await server.sh(`kill -9 ${before}`);
    await eventually("init starts vblade again", async () => ![undefined, before].includes((await at(1))?.pid));
  });

  it("comes back after a reboot while nobody looks", async () => {
    await server.reboot();
    await eventually("init starts vblade", async () => (await at(1))?.unitState === "running");
  });

  it("is replaced with other options only when that is allowed", async () => {
    expect(await act({ options: [] })).toMatchObject({ kind: "refused", reason: "RestartForbidden" });
    expect(await act({ options: [], restart: "IfNeeded" })).toMatchObject({
      kind: "done",
      detail: expect.stringMatching(/^restarted/),
    });
    expect(await at(1)).toMatchObject({ options: [], runningDiffers: false });
  });

  it("is adopted from an admin's line, which gets the owner's mark and the guard, without a restart", async () => {
    await server.sh(`
      truncate -s 1M /srv/aoe/hand.img
      echo 'e0:2345:respawn:/usr/sbin/vblade 3 2 eth0 /srv/aoe/hand.img' >>/etc/inittab; telinit q`);
    await eventually("the admin's vblade runs", async () => (await at(2))?.pid !== undefined);
    const [before, found] = [await server.sh("cat /etc/inittab"), await at(2)];
    expect(found).toMatchObject({ owner: "", instance: "e0" });
    const outcome = await act({ slot: 2, options: [], backing: "/srv/aoe/hand.img" });
    expect(outcome).toEqual({ kind: "done", detail: `adopted pid ${found?.pid}` });
    expect(await server.sh("cat /etc/inittab")).toBe(
      before.replace(
        "e0:2345:respawn:/usr/sbin/vblade",
        "# xensan: san/old-disk 66666666-ffff\ne0:2345:respawn:/bin/sh /var/lib/xensan/guard e0 vblade",
      ),
    );
  });

  it("is taken from a bare vblade only when that may be restarted, so that there are never two", async () => {
    await server.sh(
      "truncate -s 1M /srv/aoe/bare.img; setsid vblade 3 3 eth0 /srv/aoe/bare.img </dev/null >/dev/null 2>&1 &",
    );
    await eventually("the bare vblade runs", async () => (await at(3))?.pid !== undefined);
    const bare = { slot: 3, options: [], backing: "/srv/aoe/bare.img" };
    expect(await act(bare)).toMatchObject({ kind: "refused", reason: "RestartForbidden" });
    expect(await act({ ...bare, restart: "IfNeeded" })).toMatchObject({ kind: "done" });
    expect((await exports()).filter(({ slot }) => slot === 3)).toMatchObject([
      { persistence: "Inittab", unitState: "running" },
    ]);
  });

  it("is not served when a file takes the place of an allowed one at the last moment, and does not come back", async () => {
    const before = await server.sh("cat /etc/inittab");
    await server.sh(`
      mkdir -p /srv/secret; truncate -s 1M /srv/aoe/swap.img /srv/secret/evil.img
      printf '#!/bin/sh\\n[ ! -e /srv/secret/evil.img ] || mv /srv/secret/evil.img /srv/aoe/swap.img\\nexec /sbin/telinit "$@"\\n' >/usr/local/sbin/telinit
      chmod +x /usr/local/sbin/telinit`);
    expect(await act({ slot: 4, options: [], backing: "/srv/aoe/swap.img" })).toMatchObject({
      kind: "refused",
      reason: "BackingChanged",
    });
    await server.sh("rm /usr/local/sbin/telinit; telinit q");
    expect(await at(4)).toBe(undefined);
    expect(await server.sh("cat /etc/inittab")).toBe(before);
  });

  it("is refused to another owner, and removed for its own", async () => {
    expect(await act({ owner: other, options: [] })).toMatchObject({ kind: "refused", reason: "AddressTaken" });
    const address = { shelf: 3, interface: "eth0" };
    expect(await server.act(removeExport({ ...address, slot: 1, owner: other }))).toEqual({
      kind: "done",
      detail: "absent",
    });
    for (const slot of [1, 2, 3]) {
      expect(await server.act(removeExport({ ...address, slot, owner }))).toEqual({ kind: "done", detail: "removed" });
    }
    expect(await exports()).toEqual([]);
    expect(await server.sh("cat /etc/inittab")).toBe(inittab);
  });

  it("an interface that is down is switched on, now and at the next boot", async () => {
    await server.sh("ip link add san0 type veth peer name san1");
    expect(await server.act(interfaceUp("san0"))).toEqual({ kind: "done", detail: "up" });
    expect(await server.act(interfaceUp("san0"))).toEqual({ kind: "done", detail: "unchanged" });
    expect(await server.sh("tail -n 2 /etc/inittab")).toMatch(
      /^# xensan: interface san0\nx000:2345:once:\S+\/ip link set dev san0 up\n$/,
    );
  });
});
