import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gapIn } from "../../../src/host/facts.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { concernsDevice } from "../../../src/host/unread-rows.ts";
import { shells } from "./fake-dom0.ts";

const shared = (name: string) => fileURLToPath(new URL(`../../../src/host/scripts/shared/${name}.sh`, import.meta.url));

/** The awk of both sections, on what a probe has found in a directory that stands for sysfs. */
const look = `
set -eu
work=$1
state_dir=$1
. ${shared("awk-words")}
. ${shared("probe-storage")}
. ${shared("probe-aoe")}
awk -v work="$work" "$escape_fields$target_words$storage_words$aoe_words"'BEGIN {
	print "probe\\t1"
	print "end\\tmounts\\tknown\\t0\\t"
	block()
	print "end\\tblock\\tknown\\t0\\t"
	aoe_devices()
	print "end\\taoe-devices\\tknown\\t0\\t"
	print "end\\tprobe"
}'
`;

/** More targets than are told. */
const announced = 1050;

/** The number of a device that is mounted on this machine. */
const mounted = readFileSync("/proc/self/mountinfo", "utf8").split(" ")[2];

describe.each(shells)("a dom0 on whose segment somebody announces thousands of targets, in %s", (...shell) => {
  let work: string;
  beforeEach(() => {
    work = mkdtempSync(path.join(tmpdir(), "xensan-flood-"));
  });
  afterEach(() => rmSync(work, { recursive: true }));
  const put = (file: string, ...lines: string[]) =>
    writeFileSync(path.join(work, file), lines.map((line) => `${line}\n`).join(""));
  const sys = (name: string) => path.join(work, `etherd!${name}`);

  it("tells those that are asked for or in use, a thousand others, and that there are more", () => {
    const others = Array.from({ length: announced }, (_, index) => `e7.${index}`);
    const ours = ["e8.1", "e9.1", "e9.2", "e9.3", "e9.4"];
    for (const name of [...others, ...ours, "e9.2p1"]) mkdirSync(sys(name));
    for (const [index, name] of [...others, ...ours].entries()) {
      put(`etherd!${name}/dev`, `152:${16 * index}`);
      put(`etherd!${name}/size`, "2048");
      put(`etherd!${name}/state`, "up");
    }
    put("etherd!e9.2p1/dev", mounted ?? "");
    mkdirSync(path.join(work, "dm-0"));
    put("blocks", ...[...others, ...ours, "e9.2p1"].map(sys), `${sys("e9.3")} dm-0`);
    put(
      "etherd",
      ...[...others, ...ours].map((name) => `device ${sys(name)}`),
      `part ${sys("e9.2")} ${sys("e9.2p1")}`,
      `holder ${sys("e9.3")} dm-0`,
    );
    put("targets", "e8.1");
    put("devices", "/dev/etherd/e9.4");
    put("asked", "/srv/aoe/a.img");
    for (const file of ["loops", "openers", "xenstore"]) put(file);
    const [program = "", ...args] = shell;
    const { stdout, stderr } = spawnSync(program, [...args, "-c", look, "sh", work], { maxBuffer: 2 ** 24 });
    expect(String(stderr)).toBe("");
    const { aoeDevices, blockDevices } = parseProbe(String(stdout));
    expect([aoeDevices.state, blockDevices.state]).toEqual(["known", "known"]);
    if (aoeDevices.state !== "known" || blockDevices.state !== "known") return;
    const names = aoeDevices.value.map(({ shelf, slot }) => `e${shelf}.${slot}`);
    expect(names.filter((name) => !name.startsWith("e7."))).toEqual(["e8.1", "e9.2", "e9.3", "e9.4"]);
    expect(names).toHaveLength(1004);
    expect(aoeDevices.value.flatMap(({ users }) => users)).toContain("holder dm-0");
    const paths = blockDevices.value.map((device) => device.path.replace("/dev/etherd/", ""));
    expect(paths.filter((one) => !one.startsWith("e7."))).toEqual(["e8.1", "e9.2", "e9.3", "e9.4", "e9.2p1"]);
    expect(paths).toHaveLength(1005);
    const more = (what: string) => [
      { why: `more than 1000 ${what} that are neither asked for nor in use`, row: "others" },
    ];
    expect([aoeDevices.unread, blockDevices.unread]).toEqual([more("devices"), more("AoE disks and partitions")]);
    expect(gapIn(aoeDevices, concernsDevice({ shelf: 8, slot: 1 }))).toBeUndefined();
  });
});
