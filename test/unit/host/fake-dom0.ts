import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostCommand, Outcome } from "../../../src/host/command.ts";
import { outcomeOf } from "../../../src/host/outcome.ts";

/** UUID that the fake blkid finds on the file system at `share`. */
export const filesystem = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";

/** A directory in which our scripts see a dom0: xl and the like are shell scripts with the output of the real ones. */
export interface FakeDom0 {
  readonly directory: string;
  /** A directory on a file system of its own, used as the shared one. */
  readonly share: string;
  readonly mountPoint: string;
  act(command: HostCommand): Outcome;
  run(command: HostCommand): { readonly stdout: string; readonly stderr: string; readonly status: number | null };
  /** Rows of `xl list -v`: ID NAME UUID STATE SECONDS; the state is that of xl, six letters. */
  domains(...rows: readonly (readonly [number, string, string, string, number])[]): void;
  /** NAME STATE of each domain now. */
  listed(): readonly string[];
  /** Commands of xl that change something. */
  calls(): readonly string[];
  write(file: string, text: string): string;
  read(file: string): string;
  has(file: string): boolean;
  program(name: string, text: string): void;
  sh(text: string): { readonly stdout: string; readonly stderr: string; readonly status: number | null };
  /** A copy of a program under another name. */
  link(program: string, file: string): void;
  end(): void;
}

const mountPoint = "/dev/shm";

/**
 * xl over a table of domains in $FAKE/domains; `list --long` prints $FAKE/long, `create` returns what is in
 * $FAKE/created, `migrate` runs $FAKE/migrate.
 */
const xl = `#!/bin/sh
FAKE=@FAKE@
touch "$FAKE/domains" "$FAKE/calls"
verb=$1
case $verb in
list)
	[ ! -f "$FAKE/broken" ] || { cat "$FAKE/broken" >&2; exit 1; }
	[ "$2" != --long ] || { cat "$FAKE/long" 2>/dev/null || echo '[ ]'; exit 0; }
	printf 'Name                                        ID   Mem VCPUs\\tState\\tTime(s)   UUID                            Reason-Code\\tSecurity Label\\n'
	printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' Domain-0 0 1024 1 r----- 456.0 00000000-0000-0000-0000-000000000000 - -
	while read -r id name uuid state seconds; do
		printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' "$name" "$id" 128 1 "$state" "$seconds" "$uuid" - -
	done <"$FAKE/domains"
	exit 0
	;;
info) exit 1 ;;
help) cat "$FAKE/help" 2>/dev/null; exit 0 ;;
esac
echo "$*" >>"$FAKE/calls"
table() { awk -v id="$1" -v set="$2" -v value="$3" '$1 == id && set == "gone" { next } $1 == id { $set = value } { print }' "$FAKE/domains" >"$FAKE/domains.new" && mv "$FAKE/domains.new" "$FAKE/domains"; }
[ ! -f "$FAKE/deaf" ] || exit 0
case $verb in
destroy) table "$2" gone 0 ;;
rename) table "$2" 2 "$3" ;;
unpause|resume) table "$2" 4 -b---- ;;
shutdown) [ "$2" != -F ] || shift; table "$2" gone 0 ;;
create)
	echo "Parsing config from $3" >&2
	if [ -f "$FAKE/create-error" ]; then cat "$FAKE/create-error" >&2; exit 3; fi
	cat "$FAKE/created" >>"$FAKE/domains"
	;;
migrate) . "$FAKE/migrate" ;;
*) exit 1 ;;
esac
`;

export function fakeDom0(shell: readonly string[]): FakeDom0 {
  const directory = mkdtempSync(join(tmpdir(), "xensan-dom0-"));
  const share = mkdtempSync(join(mountPoint, "xensan-share-"));
  const file = (name: string) => (name.startsWith("/") ? name : join(directory, name));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text);
    return file(name);
  };
  const program = (name: string, text: string) => chmodSync(write(`bin/${name}`, text), 0o755);
  mkdirSync(join(directory, "run"));
  program("xl", xl.replace("@FAKE@", directory));
  program("blkid", `#!/bin/sh\ncase $1 in -V) echo "blkid from util-linux" ;; *) echo ${filesystem} ;; esac\n`);
  write("hypervisor", "xen\n");
  write("passwd", `root:x:0:0:root:${directory}/root:/bin/sh\n`);
  const run = (command: HostCommand) => {
    const text = command.script.text
      .replaceAll("PATH=/usr/local/sbin:", `PATH=${directory}/bin:/usr/local/sbin:`)
      .replaceAll("run_dir=/run/xensan", `run_dir=${directory}/run`)
      .replaceAll("state_dir=/var/lib/xensan", `state_dir=${directory}/state`)
      .replaceAll("/run/systemd/system", `${directory}/no-systemd`)
      .replaceAll("/sys/hypervisor/type", `${directory}/hypervisor`)
      .replaceAll("/etc/passwd", `${directory}/passwd`)
      .replaceAll("/etc/default/", `${directory}/default/`)
      .replaceAll("/etc/xen/", `${directory}/xen/`)
      .replaceAll("/etc/init.d/", `${directory}/init.d/`)
      .replaceAll("/usr/local/lib/xensan", `${directory}/lib`);
    const [program = "sh", ...args] = shell;
    const done = spawnSync(program, [...args, "-s", "--", ...command.args], { input: text, encoding: "utf8" });
    return { stdout: done.stdout, stderr: done.stderr, status: done.status };
  };
  return {
    directory,
    share,
    mountPoint,
    run,
    act(command) {
      const { stdout, stderr, status } = run(command);
      return outcomeOf({ stdout, stderr, exitCode: status ?? -1 });
    },
    domains(...rows) {
      write("domains", rows.map((row) => `${row.slice(0, 4).join(" ")} ${row[4].toFixed(1)}\n`).join(""));
    },
    listed() {
      const rows = readFileSync(file("domains"), "utf8").trimEnd().split("\n");
      return rows
        .filter((row) => row !== "")
        .map((row) =>
          row
            .split(" ")
            .filter((_word, at) => at === 1 || at === 3)
            .join(" "),
        );
    },
    calls: () =>
      (existsSync(file("calls")) ? readFileSync(file("calls"), "utf8").trimEnd().split("\n") : []).filter(
        (call) => call !== "",
      ),
    write,
    program,
    sh(text) {
      const { stdout, stderr, status } = spawnSync("sh", ["-c", text], { encoding: "utf8" });
      return { stdout, stderr, status };
    },
    read: (name) => readFileSync(file(name), "utf8"),
    has: (name) => existsSync(file(name)),
    link(program, name) {
      copyFileSync(program, file(name));
      chmodSync(file(name), 0o755);
    },
    end() {
      rmSync(directory, { recursive: true, force: true });
      rmSync(share, { recursive: true, force: true });
    },
  };
}

/** The shells under which our scripts must run, as far as they are installed. */
export const shells = [["dash"], ["busybox", "sh"]].filter(([program = "", ...args]) => {
  const here = spawnSync(program, [...args, "-c", "exit 0"]).status === 0;
  if (!here) console.warn(`not tested with ${program}: it is not installed`);
  return here;
});
