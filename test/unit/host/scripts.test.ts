import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusals } from "../../../src/host/refusals.ts";
import { loadScript, scriptNames } from "../../../src/host/scripts.ts";
import { globCases } from "./globs.ts";

const run = (argv: readonly string[], input: string) => {
  const [command = "sh", ...args] = argv;
  return spawnSync(command, args, { input, encoding: "utf8" });
};
const isHere = (argv: readonly string[]) => run([...argv, "-c", "exit 0"], "").status === 0;
const shells = [["dash"], ["busybox", "sh"]].filter((argv) => {
  const here = isHere(argv);
  if (!here) console.warn(`not tested with ${argv.join(" ")}: it is not installed`);
  return here;
});
const shared = (name: string) =>
  readFileSync(new URL(`../../../src/host/scripts/shared/${name}.sh`, import.meta.url), "utf8");

describe.each(scriptNames)("the script %s", (name) => {
  const { text } = loadScript(name);
  it("has everything in it, and says what it ensures, takes, prints and how it ends", () => {
    expect(text).not.toMatch(/^# include:/m);
    for (const part of ["#!/bin/sh\n# ", "# Arguments: ", "# Prints ", "# Exit codes: ", "\nset -eu\n"])
      expect(text).toContain(part);
  });
  it("is understood by every shell", () => {
    for (const shell of shells)
      expect({ shell, ...run([...shell, "-n"], text) }).toMatchObject({ status: 0, stderr: "" });
  });
  it("passes shellcheck", () => {
    if (run(["shellcheck", "--version"], "").status !== 0)
      return console.warn("not checked: shellcheck is not installed");
    // Shared functions that this script does not call are unreachable and their variables unused: this is allowed.
    expect(run(["shellcheck", "-s", "sh", "-e", "SC2034,SC2317", "-"], text).stdout).toBe("");
    return undefined;
  });
});

describe("the catalogue of refusals", () => {
  it("names exactly the reasons that scripts give", () => {
    const given = scriptNames.flatMap((name) =>
      [...loadScript(name).text.matchAll(/^[^#\n]*\brefuse ([A-Z][A-Za-z0-9]+)/gm)].map(([, reason]) => reason),
    );
    expect([...new Set(given)].sort()).toEqual(Object.keys(refusals).sort());
  });
});

describe.each(shells)("globs in %s", (...shell) => {
  const matches = (glob: string, text: string) => {
    const script = `${shared("prelude")}\n${shared("bounds")}\nglob_matches "$1" "$2"`;
    return run([...shell, "-c", script, "sh", glob, text], "").status === 0;
  };
  it.each(globCases)("%j on %j: %s", (glob, text, expected) => {
    expect(matches(glob, text)).toBe(expected);
  });
});

describe.each(shells)("the lock where there is no flock, in %s", (...shell) => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "xensan-lock-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const locked = (body: string) =>
    run(
      [...shell, "-s"],
      `${shared("prelude")}\n${shared("lock")}\nrun_dir=${directory}\nhave() { false; }\n(${body})\n`,
    );

  it("keeps a second one out, is free again afterwards, and survives a holder that was killed", () => {
    const second = `${shell.join(" ")} -c '${shared("lock").replaceAll("'", "'\\''")}
      run_dir=${directory}; have() { false; }; take_lock x 0; echo got it'`;
    expect(locked(`take_lock x 0; ${second} || echo "exit $?"`).stdout).toBe(
      "busy\tanother command holds the x lock of this host\nexit 4\n",
    );
    expect(locked("take_lock x 0; echo got it").stdout).toBe("got it\n");
    // A link to a process that never existed: its holder died without releasing it.
    expect(run(["ln", "-s", "999999999.1", join(directory, "x.lock.owner")], "").status).toBe(0);
    expect(locked("take_lock x 5; echo got it").stdout).toBe("got it\n");
  });

  it("is given back by a script that has more to do at its end, which comes first", () => {
    const ending = "take_lock x 0; at_exit 'echo tidy; ls $run_dir'; finish ok";
    expect(locked(ending).stdout).toBe("done\tok\ntidy\nx.lock.owner\n");
    expect(run(["ls", directory], "").stdout).toBe("");
    // No script may replace the trap that releases the lock.
    const own = scriptNames.filter((name) => /^\s*trap (?!"\$exit_commands").* EXIT$/m.test(loadScript(name).text));
    expect(own).toEqual(["probe"]);
  });
});
