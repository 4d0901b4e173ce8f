import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unreadable } from "../../../src/controllers/unreadable.ts";
import type { Fact, HostFacts } from "../../../src/host/facts.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";

const told = (section: string, ...rows: string[]): HostFacts =>
  parseProbe(
    `probe\t1\n${rows.map((row) => `${section}\t${row}\n`).join("")}end\t${section}\tknown\t0\t\nend\tprobe\n`,
  );
const domain = (id: string, vcpus = "1") =>
  `domain\t${id}\tvm\t37baabc6-98d5-48a2-9634-a38b12e29c45\t1\t${vcpus}\tb\t-\t1`;
const image = (identity: string) => `image\t/a\tFile\t1\t1\t${identity}\t-\t0\t-`;
const machine = "23f8a2ee29794487832127bfa896c53d";
const boot = "8d52dfb3-b698-4b25-886f-02228773b9c7";

describe("what identifies something, and a number, has its form, or its row is not read", () => {
  it.each<[string, keyof HostFacts, readonly string[], readonly string[]]>([
    [
      "interfaces",
      "interfaces",
      [
        "eth0\t52:54:00:99:00:11\t1500\t0x1003\t1",
        "tun0\t\t1500\t0x1003\t1",
        `ib0\t80${":00".repeat(19)}\t2044\t0x1003\t1`,
      ],
      [
        "eth0\t52:54:00:99:00:11\t4294967295\t0x1003\t1",
        "eth0\tno address\t1500\t0x1003\t1",
        `eth0\t52${":00".repeat(32)}\t1500\t0x1003\t1`,
        "a-name-of-16-bit\t52:54:00:99:00:11\t1500\t0x1003\t1",
        "\t52:54:00:99:00:11\t1500\t0x1003\t1",
      ],
    ],
    ["domains", "domains", [], [domain("9999999999"), domain("2147483648"), domain("1", "4294967295")]],
    ["domains", "domains", [], ["process\t4294967295\tmigrate\tvm"]],
    ["images", "images", [image("12 34")], [image("12"), image("12 -"), image(`12 ${"3".repeat(99)}`), image("")]],
    ["toolstack", "toolstack", ["kind\txl", "dom0\tyes"], ["watchdog\txenwatchdogd\t4294967295\tyes"]],
    ["relocation", "relocation", ["peer\ta\t10.0.0.1\tssh-ed25519 AAAA"], [`key\tssh-ed25519 ${"A".repeat(1024)}`]],
    [
      "backings",
      "backings",
      ["path\t/a\t/a\tFile\t1\tfile:1:2\tfile:ext4-tmp:2:0", "path\t/b\t\tMissing\t0\t\t"],
      [
        "path\t/a\t/a\tFile\t1\tfile:1:2:3\tx",
        `path\t/a\t/a\tFile\t1\tfile:1:2\t${"x".repeat(257)}`,
        "path\t/a\t/a\tFile\t1\tfile:1:2\ttwo words",
      ],
    ],
    [
      "exports",
      "exports",
      ["conf\ta\t0\t1\teth1\t/a\t\t", "recorded\ta\tserial:vda\tyes"],
      [
        "conf\tb\t99999999999999999999\t1\teth1\t/a\t\t",
        "conf\tb\t65536\t1\teth1\t/a\t\t",
        "conf\tb\t0\t256\teth1\t/a\t\t",
        "process\t7\t70000\t1\teth1\t/a",
        "process\t4294967295\t0\t1\teth1\t/a",
        `recorded\tb\t${"x".repeat(257)}\tyes`,
        "recorded\tb\tserial:vda\tperhaps",
      ],
    ],
    [
      "aoe-devices",
      "aoeDevices",
      ["device\te0.1\tup\t525400990110\teth1\t1024\t4194304"],
      ["device\te0.2\tup\t525400990110\teth1\t1024\t9007199254740991", "device\te0.3\tup\t52540099\teth1\t1024\t1"],
    ],
  ])("%s", (section, fact, good, odd) => {
    const before: Fact<unknown> = told(section, ...good)[fact];
    for (const row of odd) {
      const facts = told(section, ...good, row);
      expect(facts[fact]).toEqual({
        ...before,
        unread: [{ why: expect.any(String), row: expect.stringContaining(row.slice(0, 4).replaceAll("\t", " ")) }],
      });
      expect(unreadable(facts)).toMatchObject({ type: "FactsUnreadable", message: expect.stringMatching(/^1 row of/) });
    }
  });

  it.each([
    ["machine-id", "x".repeat(32), { machineId: undefined, bootId: boot }],
    ["machine-id", `${machine}0`, { machineId: undefined, bootId: boot }],
    ["machine-id", "uninitialized", { machineId: undefined, bootId: boot }],
    ["machine-id", boot.toUpperCase(), { machineId: boot.toUpperCase(), bootId: boot }],
    ["boot-id", `${boot}${boot}`, { machineId: machine, bootId: undefined }],
    ["boot-id", "", { machineId: machine, bootId: undefined }],
  ])("identity: a %s of %j", (key, value, rest) => {
    const rows = { hostname: "bella", "machine-id": machine, "boot-id": boot, [key]: value };
    const facts = told("identity", ...Object.entries(rows).map((row) => row.join("\t")));
    expect(facts.identity).toMatchObject({ state: "known", value: { hostname: "bella", ...rest } });
    const unread = Object.values(rest).includes(undefined);
    expect(unreadable(facts)?.message ?? "").toEqual(
      unread ? expect.stringContaining(`not understood and ignored: the host's identity: "${key} `) : "",
    );
  });

  it("no fixture has a row without its form", () => {
    const probe = readFileSync(new URL("../../fixtures/probe/lab-san-lvm.txt", import.meta.url), "utf8");
    expect(unreadable(parseProbe(probe))).toBeUndefined();
  });
});
