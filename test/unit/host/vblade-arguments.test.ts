import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { canonicalOptions } from "../../../src/host/vblade-arguments.ts";
import { parseWords } from "../../../src/sim/scripts/export-rows.ts";

const keepalive = readFileSync(new URL("../../../src/host/scripts/shared/keepalive.sh", import.meta.url), "utf8");
const [canonical = ""] = /^canonical_options\(\) \{\n[\s\S]*?\n\}\n/m.exec(keepalive) ?? [];

describe("vblade's options", () => {
  const cases = [
    ["-m 00:16:3E:AA:bb:0C,00:16:3e:00:00:01", "-m 00:16:3e:aa:bb:0c,00:16:3e:00:00:01"],
    ["-r -b 16 -d", "-b 16 -d -r"],
    ["-l 4 -o 8 -s", "-l 4 -o 8 -s"],
    ["", ""],
  ] as const;

  it.each(cases)("%j mean the same in any order, and MAC addresses in capitals or not", (given, same) => {
    expect(canonicalOptions(given.split(" "))).toBe(canonicalOptions(same.split(" ")));
    expect(parseWords(given.split(" ")).options).toBe(parseWords(same.split(" ")).options);
  });

  it.each(["dash", "busybox"])("are put in one order by the script in %s as by the simulated rack", (shell) => {
    const program = shell === "busybox" ? ["busybox", "sh"] : ["dash"];
    for (const [given] of cases) {
      const input = `${canonical}canonical_options '${given}'\n`;
      const { stdout } = spawnSync(program[0] ?? "sh", [...program.slice(1), "-s"], { input, encoding: "utf8" });
      expect(stdout.trim()).toBe(parseWords(given.split(" ")).options || "-");
    }
  });
});
