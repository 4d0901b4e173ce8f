import type { RunRequest, Script, SshTarget } from "./host-session.ts";

/**
 * The protocol on one SSH channel. The command line is a constant, so that no data of ours passes through the login
 * shell's parser or shows in a process list. Stdin carries one brace group: a shell parses the whole group before it
 * runs its first line, so a connection that is cut leaves a syntax error, never half a script. The script runs in a
 * subshell with its arguments as "$1" "$2" …, an empty stdin, and all its output between two marks that carry a random
 * nonce: a login banner or the output of a .bashrc stays outside of them.
 */
export const execLines = { None: "sh -s", Sudo: "sudo -n sh -s" } as const satisfies Record<
  SshTarget["become"],
  string
>;

/** Hexadecimal, new for every command. */
export type Nonce = string;

/** One script as it is sent. */
export interface WireRequest {
  readonly nonce: Nonce;
  readonly script: Script;
  readonly args: readonly string[];
}

/** The shell that runs a script: enough to find its process group later, and to verify that it is still the same. */
export interface RemoteProcess {
  readonly pid: number;
  readonly processGroup: number;
  /** Start time of the shell in clock ticks since boot (field 22 of /proc/PID/stat): a reused pid has another. */
  readonly startTicks: string;
}

/** One word of POSIX shell that evaluates to exactly this text. */
export function quote(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Why this request cannot be sent to a shell byte for byte; undefined if it can. */
export function requestProblem({ script, args }: Pick<RunRequest, "script" | "args">): string | undefined {
  if (!namePattern.test(script.name))
    return `script name ${JSON.stringify(script.name)} must match ${namePattern.source}`;
  if (script.text.includes("\0")) return `script ${script.name} must not contain a NUL byte`;
  for (const [index, argument] of args.entries()) {
    if (argument.includes("\0")) return `argument ${index + 1} of ${script.name} must not contain a NUL byte`;
    if (!argument.isWellFormed()) return `argument ${index + 1} of ${script.name} must be well-formed Unicode`;
  }
  return undefined;
}

const head = (name: string, nonce: Nonce) => `# xensan: ${name}
{
xensan_mark=${nonce} xensan_stat=
read -r xensan_stat 2>/dev/null </proc/$$/stat
set -- \${xensan_stat##*) }
printf '%s begin\\n' "$xensan_mark"
printf '%s begin %s %s %s\\n' "$xensan_mark" "$$" "\${3-}" "\${20-}" >&2
(
`;

const tail = `

) </dev/null
xensan_exit=$?
printf '%s end %s\\n' "$xensan_mark" "$xensan_exit"
printf '%s end %s\\n' "$xensan_mark" "$xensan_exit" >&2
exit "$xensan_exit"
}
`;

/** The bytes for a remote shell's stdin. Call {@link requestProblem} first. */
export function encodeRequest({ nonce, script, args }: WireRequest): string {
  return `${head(script.name, nonce)}${["set --", ...args.map(quote)].join(" ")}\n${script.text}${tail}`;
}

/**
 * The inverse of {@link encodeRequest}, for a server that answers by script name; undefined if the request is cut or
 * foreign.
 * @internal for the simulated rack.
 */
export function decodeRequest(stdin: string): WireRequest | undefined {
  const start = /^# xensan: (?<name>\S+)\n\{\nxensan_mark=(?<nonce>[0-9a-f]+) /.exec(stdin)?.groups;
  if (start?.name === undefined || start.nonce === undefined) return undefined;
  const opening = head(start.name, start.nonce);
  if (!stdin.startsWith(opening) || !stdin.endsWith(tail)) return undefined;
  const body = stdin.slice(opening.length, stdin.length - tail.length);
  const line = /^set --(?<words>(?: '[^']*'(?:\\'(?:'[^']*'))*)*)\n/.exec(body);
  const words = line?.groups?.words;
  if (line === null || words === undefined) return undefined;
  const args = [...words.matchAll(/ ('[^']*'(?:\\''[^']*')*)/g)].map(([, word = ""]) =>
    word.slice(1, -1).replaceAll("'\\''", "'"),
  );
  return { nonce: start.nonce, script: { name: start.name, text: body.slice(line[0].length) }, args };
}

/**
 * The marks before and after the output of a script, on each stream, for servers that act as a shell.
 * @internal for the simulated rack.
 */
export function outputMarks(nonce: Nonce, exitCode: number, process: RemoteProcess) {
  const end = `${nonce} end ${exitCode}\n`;
  const { pid, processGroup, startTicks } = process;
  return {
    stdout: { begin: `${nonce} begin\n`, end },
    stderr: { begin: `${nonce} begin ${pid} ${processGroup} ${startTicks}\n`, end },
  };
}

/** Name of the script that ends a process group: `$1` pid, `$2` process group, `$3` start ticks of its shell. */
export const killScriptName = "end-process-group";
