import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { shells } from "./fake-dom0.ts";

const shared = (name: string) => fileURLToPath(new URL(`../../../src/host/scripts/shared/${name}.sh`, import.meta.url));
const frame = shared("probe-frame");

/** Two sections of one part; the second prints its last line when the look has given up on it and is about to print. */
const lookThatGivesUp = `
set -eu
. ${shared("lock")}
. ${shared("probe-rows")}
. ${frame}
work=$1 run_dir=$1 deadline=0 tick=1
mkfifo "$work/go"
probe_quick() { row quick value 1; }
probe_slow() {
	row slow value 1
	read -r go <"$work/go"
	row slow value 2
}
tell() {
	echo go >"$work/go"
	until [ -e "$work/tools.over" ]; do sleep 0.01; done
	cat "$@"
}
start tools quick=quick slow=slow
until grep -qs "^slow" "$work/tools.out"; do sleep 0.01; done
collect
`;

/** A script runs as a part of the login shell, see src/ssh/wire.ts: that shell's pid is not the script's. */
const asSent = (script: string) => `(\n${script}\n)\nexit $?`;

describe.each(shells)("what a probe has given up, in %s", (...shell) => {
  it("ends once, and adds nothing to what is told", () => {
    const work = mkdtempSync(path.join(tmpdir(), "xensan-frame-"));
    onTestFinished(() => rmSync(work, { recursive: true }));
    const [program = "", ...args] = shell;
    const { stdout, stderr } = spawnSync(program, [...args, "-c", asSent(lookThatGivesUp), "sh", work], {
      timeout: 10_000,
    });
    expect([String(stdout).split("\n"), String(stderr)]).toEqual([
      [
        "quick\tvalue\t1",
        "end\tquick\tknown\t0\t",
        "slow\tvalue\t1",
        "end\tslow\tunknown\t124\tno answer within 0 seconds",
        "",
      ],
      "",
    ]);
  });
});

/** A section waits for a program that does not answer and is limited to a second; another section follows. */
const lookThatLimits = `
set -eu
. ${shared("lock")}
. ${shared("probe-rows")}
. ${frame}
work=$1 run_dir=$1 tick=1
mkfifo "$work/never"
probe_slow() { limited 1 cat "$work/never" || { echo "cat gave no answer" >&2 && return 1; }; }
probe_next() { row next value 1; }
tell() { cat "$@"; }
start tools slow=slow next=next
collect
`;

/** It gives up a part before the time of the program is over, and then reports whether the program has ended. */
const lookThatEndsWhatItGivesUp = `
set -eu
. ${shared("lock")}
. ${shared("probe-rows")}
. ${frame}
work=$1 run_dir=$1 deadline=0 tick=1
mkfifo "$work/never"
probe_slow() { limited 600 cat "$work/never"; }
tell() { cat "$@"; }
start tools slow=slow
until [ -s "$work/limited."* ]; do :; done
collect
for file in "$work"/limited.*; do read -r pid birth _ <"$file"; done
while still_running "$pid" "$birth"; do :; done
until [ -e "$work/tools.over" ]; do :; done
echo ended
`;

describe.each(shells)("a program that a probe waits for, in %s", (...shell) => {
  it("is ended when it has had its time, and what comes after it is told", () => {
    const work = mkdtempSync(path.join(tmpdir(), "xensan-frame-"));
    onTestFinished(() => rmSync(work, { recursive: true }));
    const [program = "", ...args] = shell;
    const { stdout, stderr } = spawnSync(program, [...args, "-c", lookThatLimits, "sh", work], { timeout: 20_000 });
    expect([String(stdout).split("\n"), String(stderr)]).toEqual([
      ["end\tslow\tunknown\t1\tcat gave no answer", "next\tvalue\t1", "end\tnext\tknown\t0\t", ""],
      "",
    ]);
  });
  it("does not outlive the look that has given it up", () => {
    const work = mkdtempSync(path.join(tmpdir(), "xensan-frame-"));
    onTestFinished(() => rmSync(work, { recursive: true }));
    const [program = "", ...args] = shell;
    const words = [...args, "-c", lookThatEndsWhatItGivesUp, "sh", work];
    const { stdout, stderr } = spawnSync(program, words, { timeout: 20_000 });
    expect([String(stdout), String(stderr)]).toEqual([
      "end\tslow\tunknown\t124\tno answer within 0 seconds\nended\n",
      "",
    ]);
  });
});

const processes = `
. ${shared("lock")}
mkfifo "$1/go"
true & ended=$!
wait "$ended"
says() { if "$@"; then echo yes; else echo no; fi; }
says still_running $$ "$(birth_of $$)"
says still_running $$ 1
says still_running $$ ''
says still_running "$ended" "$(birth_of "$ended")"
says still_running '' ''
says work_alive "$1/work.pid"
read -r line <"$1/go" &
record_work "$1/work.pid"
says work_alive "$1/work.pid"
[ "$worker_pid" = $! ]
echo go >"$1/go"
wait $!
says work_alive "$1/work.pid"
`;

describe.each(shells)("a recorded process, in %s", (...shell) => {
  it("runs still where the pid has the recorded birth; without one it had ended", () => {
    const work = mkdtempSync(path.join(tmpdir(), "xensan-processes-"));
    onTestFinished(() => rmSync(work, { recursive: true }));
    const [program = "", ...args] = shell;
    const { stdout, stderr } = spawnSync(program, [...args, "-euc", processes, "sh", work], { timeout: 10_000 });
    const recorded = ["no", "yes", "no"];
    expect([String(stdout).split("\n"), String(stderr)]).toEqual([
      ["yes", "no", "no", "no", "no", ...recorded, ""],
      "",
    ]);
  });
});
