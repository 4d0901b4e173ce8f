import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { mapPaths } from "../twins/paths.ts";

const shells = [["dash"], ["busybox", "sh"]].filter(([command = "sh", ...args]) => {
  const here = spawnSync(command, [...args, "-c", "exit 0"]).status === 0;
  if (!here) console.warn(`not tested with ${command}: it is not installed`);
  return here;
});
const shared = (name: string): string =>
  readFileSync(new URL(`../../../src/host/scripts/shared/${name}`, import.meta.url), "utf8");
/** The program that stands on a host. */
const guard = (text = shared("guard.sh")): string =>
  text.replace(/^# include: (\S+)$/gm, (_line, name: string) => guard(shared(name)));

it("the guard has the revision of its text: hosts get a changed one only with another number", () => {
  const written = /^guard_revision='(.*)'$/m.exec(shared("export-record.sh"))?.[1];
  expect({
    revision: guard().split("\n")[1],
    written,
    digest: createHash("sha256").update(guard()).digest("hex"),
  }).toEqual({
    revision: "# revision 2",
    written: "# revision 2",
    digest: "96dd1326c3dda6020574096c1c37e107b96c254eccb1e27842239072ffee5651",
  });
});

const [a, b, c] = ["52:54:00:99:01:0a", "52:54:00:99:01:0b", "52:54:00:99:01:0c"];

/** A SAN with the cards eth1 and eth2; v1 is exported on eth1, v2 on eth2. */
function san([command = "sh", ...args]: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), "xensan-guard-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const nic = (name: string, mac: string, below: readonly string[] = []) => {
    rmSync(join(root, "sys/class/net", name), { recursive: true, force: true });
    if (mac === "") return;
    put(`sys/class/net/${name}/address`, `${mac}\n`);
    for (const lower of below) put(`sys/class/net/${name}/lower_${lower}`, "");
    if (below.length === 0) put(`sys/class/net/${name}/device/uevent`, "");
  };
  const program = join(root, "guard");
  const run = (name: string, ...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(command, [...args, program, name, ...words], { encoding: "utf8" });
    return { served: status === 0, said: `${stdout}${stderr}`.replaceAll(root, "").trim() };
  };
  const text = mapPaths(guard(), root).replace(/^PATH=.*$/m, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  writeFileSync(program, text.replace("sleep 20", "sleep 0"));
  const record = (name: string, card: string, identity = identities[name] ?? "") =>
    put(`var/lib/xensan/exports/${name}`, `${identity}\n${join(root, "srv", name)}\nsan/${name} 1\n${card}`);
  const identities: Record<string, string> = {};
  for (const [name, net] of [
    ["v1", "eth1"],
    ["v2", "eth2"],
  ] as const) {
    put(`srv/${name}`, "data");
    put(
      `etc/vblade.conf.d/${name}.conf`,
      `# xensan: san/${name} 1\nshelf=0\nslot=1\nnetif=${net}\nfilename=${join(root, "srv", name)}\noptions=''\n`,
    );
    record(name, "", "unknown");
    identities[name] = / is (\S+), recorded for/.exec(run(name).said)?.[1] ?? "";
  }
  nic("eth1", a);
  nic("eth2", b);
  record("v1", `eth1 ${a}\n`);
  record("v2", `eth2 ${b}\n`);
  return { run, nic, record, identities, file: (name: string) => join(root, "srv", name) };
}

const served = { served: true, said: "" };
const not = (net: string, name: string, why: string) => ({
  served: false,
  said: `xensan: ${net} is not the interface that was recorded for ${name}: ${why}: it is not served`,
});

describe.each(shells.map((words) => ({ name: words[0], words })))("the guard in $name", ({ words }) => {
  it("serves what was recorded, and not another file under its name", () => {
    const { run, record, identities } = san(words);
    expect([run("v1"), run("v2"), run("of-somebody-else")]).toEqual([served, served, served]);
    record("v1", `eth1 ${a}\n`, identities.v2);
    expect(run("v1")).toEqual({
      served: false,
      said: `xensan: /srv/v1 is ${identities.v1}, recorded for v1 was ${identities.v2}: it is not served`,
    });
  });

  it("serves nothing on a card that has another name now", () => {
    const { run, nic, record } = san(words);
    nic("eth1", b);
    nic("eth2", a);
    expect([run("v1"), run("v2")]).toEqual([
      not("eth1", "v1", `the recorded card ${a} is eth2 now`),
      not("eth2", "v2", `the recorded card ${b} is eth1 now`),
    ]);
    // A card is gone, and the other one has its name.
    nic("eth2", "");
    expect([run("v1"), run("v2")]).toEqual([
      not("eth1", "v1", `its card ${b} is recorded as eth2`),
      not("eth2", "v2", `the recorded card ${b} is eth1 now`),
    ]);
    // An earlier release recorded no card for this one.
    record("v1", "");
    expect(run("v1")).toEqual(not("eth1", "v1", `its card ${b} is recorded as eth2`));
  });

  it("asks the words of a line of inittab for the interface", () => {
    const { run, nic, file } = san(words);
    const start = (net: string) => run("v1", "echo", "-r", "0", "1", net, file("v1"));
    expect(start("eth1")).toEqual({ served: true, said: "-r 0 1 eth1 /srv/v1" });
    nic("eth1", b);
    nic("eth2", a);
    expect(start("eth1")).toEqual(not("eth1", "v1", `the recorded card ${a} is eth2 now`));
  });

  it("serves on a card that replaced the recorded one", () => {
    const { run, nic } = san(words);
    nic("eth1", c);
    expect([run("v1"), run("v2")]).toEqual([served, served]);
  });

  it("knows that a bond has the address of one of its cards", () => {
    const { run, nic, record } = san(words);
    record("v2", "");
    nic("eth1", b, ["eth2", "eth3"]);
    nic("eth3", a);
    expect(run("v1")).toEqual(served);
  });

  it("serves a VLAN on its card, whose address is that of its neighbour", () => {
    const { run, nic, record } = san(words);
    nic("eth1", a, ["eth3"]);
    nic("eth2", a, ["eth3"]);
    nic("eth3", a);
    record("v2", `eth2 ${a}\n`);
    expect([run("v1"), run("v2")]).toEqual([served, served]);
    // The card below both is replaced; the record of the first one already has the new one.
    for (const vlan of ["eth1", "eth2"]) nic(vlan, c, ["eth3"]);
    nic("eth3", c);
    record("v1", `eth1 ${c}\n`);
    expect([run("v1"), run("v2")]).toEqual([served, served]);
  });
});
