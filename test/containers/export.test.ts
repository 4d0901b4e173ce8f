import { Network, type StartedNetwork } from "testcontainers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportRequest, ensureExport, ensureFile, removeExport } from "../../src/host/actions.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

const MiB = 2 ** 20;
const owner = { namespace: "san", name: "vm-disk", uid: "11111111-aaaa" };
const other = { namespace: "san", name: "other", uid: "22222222-bbbb" };
const allowedBackings = ["/srv/aoe/*"];
const volume = { owner, path: "/srv/aoe/a.img", sizeBytes: 64 * MiB, allowedBackings };
const request: ExportRequest = {
  owner,
  shelf: 0,
  slot: 1,
  interface: "eth0",
  interfaces: [
    { name: "eth0", segment: "rack" },
    { name: "down0", segment: "rack" },
  ],
  backing: "/srv/aoe/a.img",
  options: [],
  restart: "Forbidden",
  allowedBackings,
};
/** vblade's answers are 32 bytes plus the config string; aoecfg drops those under 60, and a veth does not pad. */
const config = "a config string of more than 28 bytes";

describe.each([
  { tools: "dash and coreutils", busybox: false },
  { tools: "busybox", busybox: true },
])("an export from a systemd host with $tools", ({ busybox }) => {
  let network: StartedNetwork;
  let server: TestHost;
  let client: TestHost;
  beforeAll(async () => {
    network = await new Network().start();
    [server, client] = await Promise.all([
      startHost({ image: "host", network, busybox }),
      startHost({ image: "host", network, busybox }),
    ]);
    await server.sh("mkdir -p /srv/aoe");
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), client?.stop()]);
    await network?.stop();
  });

  const act = (changes: Partial<ExportRequest> = {}) => server.act(ensureExport({ ...request, ...changes }));
  const exports = async () => known((await server.probe()).exports);
  const pid = async () => (await exports()).find((found) => found.slot === 1)?.pid;

  it("is made of a sparse file, served by vblade, and answers on the wire", async () => {
    expect(await server.act(ensureFile(volume))).toEqual({ kind: "done", detail: "created" });
    expect(await server.sh("du -k /srv/aoe/a.img | cut -f1")).toMatch(/^[0-8]\s/);
    expect(await act()).toEqual({ kind: "done", detail: expect.stringMatching(/^started pid [0-9]+$/) });
    await client.sh(`aoecfg -t 1 -c set -s '${config}' 0 1 eth0`);
    const heard = { state: "known", value: [{ interface: "eth0", shelf: 0, slot: 1, config }] };
    for (const role of ["Client", "Server"] as const)
      expect((await client.probe({ roles: [role], segments: ["eth0"] })).responders).toEqual(heard);
    const own = await server.probe({ roles: ["Server"], segments: ["eth0"] });
    expect(own.responders).toEqual({ state: "known", value: [] });
    const hostname = known((await server.probe()).identity).hostname;
    expect(await client.sh("aoeping -I -s 3 0 1 eth0")).toContain(`serial_number: 0.1:${hostname}`);
  });

  it("is seen by the probe as what it is", async () => {
    const facts = await server.probe({ backings: ["/srv/aoe/a.img", "/srv/aoe/none"] });
    const backings = new Map(known(facts.backings).map((backing) => [backing.path, backing]));
    const [file, none] = [backings.get("/srv/aoe/a.img"), backings.get("/srv/aoe/none")];
    expect(none).toEqual({
      path: "/srv/aoe/none",
      realPath: "",
      kind: "Missing",
      sizeBytes: 0,
      identity: "",
      lasting: "",
      owner: "",
    });
    expect(file).toEqual({
      path: "/srv/aoe/a.img",
      realPath: "/srv/aoe/a.img",
      kind: "File",
      sizeBytes: 64 * MiB,
      identity: expect.stringMatching(/^file:[0-9]+:[0-9]+$/),
      lasting: expect.stringMatching(/^file:[^:]+:[0-9]+:[0-9]+$/),
      owner: "san/vm-disk 11111111-aaaa",
    });
    expect(known(facts.exports)).toEqual([
      {
        shelf: 0,
        slot: 1,
        interface: "eth0",
        backing: "/srv/aoe/a.img",
        backingIdentity: file?.identity,
        recorded: file?.lasting,
        guarded: true,
        options: [],
        persistence: "Systemd",
        instance: "e0.1",
        owner: "san/vm-disk 11111111-aaaa",
        unitState: "active/running",
        pid: expect.any(Number),
        runningDiffers: false,
      },
    ]);
    expect(known(facts.system)).toMatchObject({ init: "systemd", osId: "debian", packageManager: "apt" });
    expect(known(facts.packages).get("vblade")).toMatch(/^25-/);
    expect(known(facts.interfaces).map(({ name, adminUp, carrier }) => ({ name, adminUp, carrier }))).toContainEqual({
      name: "eth0",
      adminUp: true,
      carrier: true,
    });
  });

  it("is left alone when it is asked for again", async () => {
    const before = await pid();
    expect(await server.act(ensureFile(volume))).toEqual({ kind: "done", detail: "unchanged" });
    expect(await act()).toEqual({ kind: "done", detail: `unchanged pid ${before}` });
  });

  it("is started again when vblade was killed", async () => {
    await server.sh(`kill -9 ${await pid()}`);
    expect(await act()).toEqual({ kind: "done", detail: expect.stringMatching(/^(started|unchanged) pid [0-9]+$/) });
    expect((await exports())[0]).toMatchObject({ unitState: "active/running" });
  });

  it("is brought back by systemd alone when nobody asks", async () => {
    const before = await pid();
    await server.sh(`kill -9 ${before}`);
    await eventually("systemd starts vblade again", async () => ![undefined, before].includes(await pid()));
  });

  it("has its configuration repaired, without touching a process that is right", async () => {
    const before = await pid();
    await server.sh("sed -i 's/^options=.*/options=-r/' /etc/vblade.conf.d/e0.1.conf");
    expect((await exports())[0]).toMatchObject({ options: ["-r"], runningDiffers: true });
    expect(await act()).toEqual({ kind: "done", detail: `repaired pid ${before}` });
    expect((await exports())[0]).toMatchObject({ options: [], runningDiffers: false, pid: before });
  });

  it("is not restarted with other options while that is forbidden, and is once it may be", async () => {
    const before = await pid();
    const changed: Partial<ExportRequest> = { options: ["-r", "-b", "32"] };
    expect(await act(changed)).toMatchObject({ kind: "refused", reason: "RestartForbidden" });
    expect((await exports())[0]).toMatchObject({ options: [], pid: before });
    expect(await act({ ...changed, restart: "IfNeeded" })).toMatchObject({
      kind: "done",
      detail: expect.stringMatching(/^restarted /),
    });
    expect((await exports())[0]).toMatchObject({ options: ["-b", "32", "-r"], runningDiffers: false });
    expect(await act({ restart: "IfNeeded" })).toMatchObject({ detail: expect.stringMatching(/^restarted /) });
  });

  it("serves the new size after its file grew", async () => {
    expect(await server.act(ensureFile({ ...volume, sizeBytes: 96 * MiB }))).toEqual({ kind: "done", detail: "grown" });
    expect(await act({ restart: "Always" })).toMatchObject({ detail: expect.stringMatching(/^restarted pid /) });
    const log = await server.sh(`journalctl -q -o cat -t vblade | grep 'pid ${await pid()}:'`);
    expect(log).toContain(`e0.1, ${(96 * MiB) / 512} sectors`);
    expect(await server.act(ensureFile(volume))).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("comes back after a reboot while nobody looks", async () => {
    await server.reboot();
    expect((await exports())[0]).toMatchObject({ slot: 1, unitState: "active/running", runningDiffers: false });
    await client.sh(`aoecfg -t 1 -c set -s '${config}' 0 1 eth0`);
    expect(await client.sh("aoecfg -t 1 eth0")).toContain("0.1");
  });

  it("is adopted from an admin, with the owner's mark as the only change", async () => {
    const conf = 'shelf=0\\nslot=5\\nnetif=eth0\\nfilename=/srv/aoe/hand.img\\noptions="-s -r"\\nionice=-c3\\n';
    await server.sh(`truncate -s 1M /srv/aoe/hand.img && printf '${conf}' >/etc/vblade.conf.d/hand-made.conf`);
    await server.sh("systemctl daemon-reload && systemctl start 'vblade@hand\\x2dmade'");
    const before = (await exports()).find(({ slot }) => slot === 5);
    expect(before).toMatchObject({ owner: "", instance: "hand-made", unitState: "active/running" });
    const outcome = await act({ slot: 5, backing: "/srv/aoe/hand.img", options: ["-r", "-s"] });
    expect(outcome).toEqual({ kind: "done", detail: `adopted pid ${before?.pid}` });
    expect(await server.sh("cat /etc/vblade.conf.d/hand-made.conf")).toBe(
      `# xensan: san/vm-disk 11111111-aaaa\n${conf.replaceAll("\\n", "\n")}`,
    );
    expect((await exports()).find(({ slot }) => slot === 5)).toEqual({
      ...before,
      owner: "san/vm-disk 11111111-aaaa",
      recorded: expect.stringMatching(/^file:[^:]+:[0-9]+:[0-9]+$/),
      guarded: true,
    });
  });

  it("is adopted from a bare vblade, and handed to systemd once it may be restarted", async () => {
    await server.sh(
      "truncate -s 1M /srv/aoe/bare.img; setsid vblade 0 6 eth0 /srv/aoe/bare.img </dev/null >/dev/null 2>&1 &",
    );
    await eventually("the bare vblade runs", async () => (await exports()).some(({ slot }) => slot === 6));
    const bare = (await exports()).find(({ slot }) => slot === 6);
    expect(bare).toMatchObject({ persistence: "None", unitState: "running" });
    const wanted = { slot: 6, backing: "/srv/aoe/bare.img" };
    expect(await act(wanted)).toEqual({ kind: "done", detail: `adopted pid ${bare?.pid}` });
    expect(await act({ ...wanted, restart: "IfNeeded" })).toMatchObject({
      detail: expect.stringMatching(/^restarted pid /),
    });
    expect((await exports()).find(({ slot }) => slot === 6)).toMatchObject({
      persistence: "Systemd",
      unitState: "active/running",
    });
  });

  it("is refused where somebody else has the address", async () => {
    const foreign = "shelf=0\\nslot=7\\nnetif=eth0\\nfilename=/srv/aoe/foreign.img\\noptions=\\n";
    await server.sh(
      `truncate -s 1M /srv/aoe/foreign.img /srv/aoe/mine.img; printf '${foreign}' >/etc/vblade.conf.d/f.conf`,
    );
    expect(await act({ slot: 7, backing: "/srv/aoe/mine.img" })).toEqual({
      kind: "refused",
      reason: "AddressTaken",
      message: "e0.7 on eth0 is configured as conf f, with other parameters, not by xensan",
    });
    expect(await act({ owner: other, backing: "/srv/aoe/mine.img" })).toEqual({
      kind: "refused",
      reason: "AddressTaken",
      message: "e0.1 on eth0 belongs to san/vm-disk 11111111-aaaa",
    });
    expect(await server.sh("cat /etc/vblade.conf.d/f.conf")).toBe(foreign.replaceAll("\\n", "\n"));
  });

  it("is refused where the same file is served already, also by a symbolic link", async () => {
    await server.sh("ln -sf a.img /srv/aoe/alias.img");
    for (const backing of ["/srv/aoe/a.img", "/srv/aoe/alias.img"]) {
      expect(await act({ owner: other, slot: 8, backing })).toMatchObject({
        kind: "refused",
        reason: "BackingExported",
      });
    }
  });

  it("reports what vblade said when it does not stay up", async () => {
    await server.sh("ip link add down0 type veth peer name down1; truncate -s 1M /srv/aoe/d.img");
    const outcome = await act({ slot: 9, interface: "down0", backing: "/srv/aoe/d.img" });
    expect(outcome).toEqual({
      kind: "refused",
      reason: "ExportFailed",
      message: expect.stringContaining("Network is down"),
    });
    expect((await exports()).find(({ slot }) => slot === 9)).toMatchObject({ unitState: "activating/auto-restart" });
    await server.sh("ip link del down0");
    expect(await act({ slot: 9, interface: "down0", backing: "/srv/aoe/d.img" })).toMatchObject({
      reason: "InterfaceMissing",
    });
    expect(await server.act(removeExport({ owner, shelf: 0, slot: 9, interface: "down0" }))).toMatchObject({
      detail: "removed",
    });
  });

  it("is taken down only for its owner, and stays down over a reboot", async () => {
    const gone = { shelf: 0, slot: 1, interface: "eth0" };
    expect(await server.act(removeExport({ ...gone, owner: other }))).toEqual({ kind: "done", detail: "absent" });
    expect(await pid()).toEqual(expect.any(Number));
    expect(await server.act(removeExport({ ...gone, owner }))).toEqual({ kind: "done", detail: "removed" });
    expect(await server.act(removeExport({ ...gone, owner }))).toEqual({ kind: "done", detail: "absent" });
    expect((await exports()).map(({ slot }) => slot).sort()).toEqual([5, 6, 7]);
    await server.sh("systemctl restart vblade.service");
    expect((await server.try("systemctl is-active vblade@e0.1")).output.trim()).toBe("inactive");
  });
});
