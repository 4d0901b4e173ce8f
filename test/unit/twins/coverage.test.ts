import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scriptNames } from "../../../src/host/scripts.ts";
import { contractTable, contractText } from "../../contract-hosts/table.ts";
import { mapPaths, unmappedPaths } from "./paths.ts";

describe("the scripts on hosts", () => {
  it("are those that can be run", () => {
    const files = readdirSync(new URL("../../../src/host/scripts/", import.meta.url));
    const scripts = files.filter((file) => file.endsWith(".sh")).map((file) => file.slice(0, -".sh".length));
    expect(scripts.sort()).toEqual([...scriptNames].sort());
  });

  it("have each a case that runs in every shell and on the simulated rack", () => {
    const without = contractTable().flatMap(({ script, twins }) => (twins.length === 0 ? [script] : []));
    expect(without).toEqual([]);
  });

  it("are told by the contract table", () => {
    const [heading, ...rows] = contractText().trimEnd().split("\n");
    expect(heading).toBe("script                       dash   busybox  simulated  lab  ocfs2  systemd  sysvinit  xen");
    expect(rows).toHaveLength(scriptNames.length);
  });

  it.each(contractTable())("$script was answered by a real host as by the rack", ({ recorded }) => {
    expect([...recorded.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(1);
  });
});

describe("the paths of a host", () => {
  it.each([
    [
      'file=/etc/fstab; cat "/run/x" </proc/self/mountinfo',
      'file=/R/etc/fstab; cat "/R/run/x" </R/proc/self/mountinfo',
    ],
    ["case $1 in /bin/* | /lib*/* | /dev/*) ;; esac", "case $1 in /R/bin/* | /R/lib*/* | /R/dev/*) ;; esac"],
    ['x=${x#/proc/} y=${y:-/root} z="$a/dev" </dev/null', 'x=${x#/R/proc/} y=${y:-/R/root} z="$a/dev" </dev/null'],
    ['read -r x <"/proc/$1/stat"; echo /proc/[0-9]*', 'read -r x <"/proc/$1/stat"; echo /R/proc/[0-9]*'],
    ["sub(/^\\/proc\\//, x)", "sub(/^\\/R\\/proc\\//, x)"],
  ])("in %j are mapped", (text, mapped) => {
    expect(mapPaths(text, "/R")).toBe(mapped);
    expect(unmappedPaths(text)).toEqual([]);
  });

  it.each([
    ["cat /cgroup/cpu", ["/cgroup/cpu"]],
    ['x="/xenfs/capabilities"', ["/xenfs/capabilities"]],
  ])("in %j lead out of the fake host", (text, paths) => {
    expect(unmappedPaths(text)).toEqual(paths);
  });
});
