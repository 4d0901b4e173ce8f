import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** What one run of a script started. */
export interface Counted {
  /** Processes, subshells included. */
  readonly forks: number;
  /** Names of the programs that were executed, in their order. */
  readonly programs: readonly string[];
}

/** Runs in a pid namespace of its own, where each new process has the next number. */
const alone = ["unshare", ...(process.getuid?.() === 0 ? [] : ["-Ur"]), "--pid", "--fork", "--mount-proc"];

/** Why processes cannot be counted on this machine; undefined where they can. */
export function processesCountable(): string | undefined {
  const [program = "", ...args] = alone;
  const { status, stderr, error } = spawnSync(program, [...args, "true"], { encoding: "utf8" });
  if (status === 0) return undefined;
  return `${alone.join(" ")} needs root, or user namespaces: ${(error?.message ?? stderr).trim()}`;
}

/** The words in front of a shell, so that afterwards {@link readCount} returns what it started. */
export function countingWords(fake: string): readonly string[] {
  const last = 'exit=0; "$@" || exit=$?; sh -c \'echo $$\' >"$0"; exit "$exit"';
  return [...alone, "sh", "-c", last, join(fake, "last-process")];
}

/** Replaces each program of a fake host by one that records its name and then executes the original. */
export function announcePrograms(fake: string): void {
  writeFileSync(join(fake, "bin/xenstore-ls"), "", { mode: 0o755 });
  for (const directory of ["bin", "tools"]) {
    for (const name of readdirSync(join(fake, directory))) {
      const path = join(fake, directory, name);
      if (directory === "bin") {
        const text = cheap[name] ?? readFileSync(path, "utf8").replace(/^#!.*\n/, "");
        const says = name === "stat" ? "" : `echo ${name} >>${fake}/executed\n`;
        writeFileSync(path, `#!/bin/sh\n${says}${text.replaceAll("@FAKE@", fake).replaceAll("@ROOT@", dirname(fake))}`);
        continue;
      }
      if (!lstatSync(path).isSymbolicLink()) continue;
      const real = realpathSync(path);
      const applet = basename(real) === "busybox" ? ` ${name}` : "";
      rmSync(path);
      writeFileSync(path, `#!/bin/sh\necho ${name} >>${fake}/executed\nexec ${real}${applet} "$@"\n`);
      chmodSync(path, 0o755);
    }
  }
}

/** The count of the run that has just ended; `own` is the number of the bench's processes. */
export function readCount(fake: string, own: number): Counted {
  const executed = join(fake, "executed");
  const programs = existsSync(executed) ? readFileSync(executed, "utf8").split("\n").slice(0, -1) : [];
  rmSync(executed, { force: true });
  // Not counted: the waiting parent and the shell before the script, and the process after it that prints its number.
  return { forks: Number(readFileSync(join(fake, "last-process"), "utf8")) - 3 - own, programs };
}

/** Programs of a fake host that start no processes. */
const cheap: Readonly<Record<string, string>> = {
  xl: `FAKE=@FAKE@
case $1 in
info) while IFS= read -r line; do printf '%s\\n' "$line"; done <"$FAKE/info" ;;
list)
	echo 'Name                                        ID   Mem VCPUs	State	Time(s)   UUID                            Reason-Code	Security Label'
	echo 'Domain-0                                     0  1024     1     r-----     456.0 00000000-0000-0000-0000-000000000000                -                -'
	while read -r id name uuid state seconds; do
		printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' "$name" "$id" 128 1 "$state" "$seconds" "$uuid" - -
	done <"$FAKE/domains"
	;;
esac
`,
  systemctl: `case $1 in
is-system-running) echo running ;;
show)
	for unit; do
		case $unit in
		shutdown.target) printf 'Id=%s\\nLoadState=loaded\\nActiveState=inactive\\nSubState=dead\\n\\n' "$unit" ;;
		*.service) printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=0\\n\\n' "$unit" ;; esac
	done
	;;
esac
`,
  "dpkg-query": `printf 'installed\\tsystemd\\t252\\n'\n`,
  blkid: `case $1 in -V) echo 'blkid from util-linux 2.38.1' ;; *) printf 'DEVNAME=/dev/etherd/e0.1\\nTYPE=ocfs2\\n' ;; esac\n`,
  "xenstore-ls": `echo '/local/domain/0/backend/vbd/1/51712/physical-device = "7:0"'
echo '/local/domain/0/backend/vbd/2/51712/params = "@ROOT@/dev/etherd/e0.1"'\n`,
  aoecfg: `exit 0\n`,
  lvs: `exit 0\n`,
  "debugfs.ocfs2": `echo "debugfs: stats
	Block Size Bits: 12   Cluster Size Bits: 12
	Max Node Slots: 2
	Label: DATA
	UUID: 7A3C2F105B1D4C7E9A660D1E2F3A4B5C
	Cluster stack: classic o2cb
	Inode: 2   Links: 0   Clusters: 262144
debugfs: hb
	   0:    0 000000006929a3f4
debugfs: slotmap
	0      0"
`,
  // Executes the other program, which records its name.
  stat: `for file; do :; done
case $1$2$3$file in
*%F*/dev/etherd/e0.1) echo stat >>@FAKE@/executed; echo 'block special file|98 f0' ;;
*) exec @FAKE@/tools/stat "$@" ;;
esac
`,
  lsattr: `echo "--------------e------- $3"\n`,
};
