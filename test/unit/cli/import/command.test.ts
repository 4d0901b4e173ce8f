import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../../../src/cli/commands.ts";
import { readManifests } from "../../../../src/cli/manifests.ts";
import { systemClock } from "../../../../src/clock.ts";
import { createRack, type Rack } from "../../../../src/sim/rack.ts";
import { type RackServer, serveRack } from "../../../../src/sim/ssh-server.ts";
import { typeCommand } from "../../../command-line.ts";
import { changedRack } from "../../sim/tutorial.ts";

let directory: string;
let rack: Rack;
let server: RackServer;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "xensan-import-"));
  const file = changedRack(({ hosts }) => {
    for (const [name, host] of Object.entries(hosts)) {
      host.ssh.port = 0;
      host.packages = name === "san" ? ["vblade"] : ["aoetools", "ocfs2-tools"];
    }
  });
  rack = createRack(file, { clock: systemClock, timings: { boot: 300, process: 1 } });
  server = await serveRack(rack);
  rack.writeFile(
    "san",
    "/etc/vblade.conf.d/data.conf",
    "shelf=0\nslot=1\nnetif=eth1\nfilename=/dev/vdb\noptions='-s'\n",
  );
  rack.setAoeInterfaces("bella", ["eth1"]);
  writeFileSync(join(directory, "key"), server.clientKey, { mode: 0o600 });
  const keys = [...server.endpoints].filter(([name]) => name !== "brutus");
  const line = ([, { host, port, hostKey }]: (typeof keys)[number]) => `[${host}]:${port} ${hostKey}\n`;
  writeFileSync(join(directory, "known_hosts"), keys.map(line).join(""));
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

function run(...args: string[]) {
  const files = ["--identity", join(directory, "key"), "--known-hosts", join(directory, "known_hosts"), "-n", "san"];
  return typeCommand(commands, ["import", ...files, ...args]);
}

const at = (name: string) => {
  const { host = "", port = 0, user = "" } = server.endpoints.get(name) ?? {};
  return `${user}@${host}:${port}`;
};

describe("xensan import over SSH", () => {
  it("writes what it finds into a new directory, and replaces nothing there", async () => {
    const output = join(directory, "rack");
    const before = rack.events.length;
    const { code, stdout, stderr } = await run("--san", at("san"), "--host", at("bella"), "--output", output);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("not imported: AoeVolume e0-1: no vblade is running for it; xensan would start one\n");
    expect(stderr).toContain(`3 objects of 2 hosts in ${output}.`);
    expect(readdirSync(output).sort()).toEqual([
      ...["aoeservers.yaml", "aoevolumes.yaml", "kustomization.yaml", "xenhosts.yaml"],
    ]);
    const objects = await readManifests(output);
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
      ...["AoeServer san/san", "AoeVolume san/e0-1", "XenHost san/bella"],
    ]);
    const changed = rack.events.slice(before).filter(({ kind }) => !kind.startsWith("Command"));
    expect(changed).toEqual([]);

    const was = readFileSync(join(output, "aoevolumes.yaml"), "utf8");
    const again = await run("--san", at("san"), "--output", output);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("aoeservers.yaml cannot be written: EEXIST");
    expect(readFileSync(join(output, "aoevolumes.yaml"), "utf8")).toBe(was);
  });

  it("names a host whose key is not known, and prints the others", async () => {
    const { code, stdout, stderr } = await run("--san", at("san"), "--host", at("brutus"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^not probed: root@127\.0\.0\.1:\d+: .*host key/);
    expect(stdout.match(/^kind: .*$/gm)).toEqual(["kind: AoeServer", "kind: AoeVolume"]);
  });

  it.each([
    [["--san", "x y"], '--san is "x y"; it must be [USER@]HOST[:PORT]'],
    [[], "--san and --host are missing: name at least one host"],
  ])("says what is wrong with %j", async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
