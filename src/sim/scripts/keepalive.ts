import { exportsDirectory, guardDropin, guardFile, guardText } from "../model/guard.ts";
import { rereadInittab } from "../model/inittab.ts";
import { list, readText } from "../model/storage.ts";
import { restartUnit } from "../model/systemd.ts";
import { endVblade } from "../model/vblade.ts";
import type { ScriptRun } from "../script.ts";
import { refuse, replaceFile } from "./answer.ts";
import { freeId, replaceInittab } from "./inittab.ts";

/** The export that keepalive.sh works on, and what is known of its configuration. */
export interface Wanted {
  readonly owner: string;
  readonly shelf: string;
  readonly slot: string;
  readonly net: string;
  /** In canonical form; `-` for none. */
  readonly options: string;
  /** The path to configure. */
  readonly configured: string;
}

/** The vblade@ instance's configuration file. */
export const confPath = (name: string) => `/etc/vblade.conf.d/${name}.conf`;

function confOwner(run: ScriptRun, name: string): string {
  return /^# xensan: (.*)$/m.exec(readText(run.host, confPath(name)) ?? "")?.[1] ?? "";
}

/** keepalive_name: the name of a new instance or inittab line. */
export function newName(run: ScriptRun, wanted: Wanted): string {
  if (run.host.init === "sysvinit")
    return freeId(readText(run.host, "/etc/inittab") ?? "", list(run.host, exportsDirectory));
  const short = `e${wanted.shelf}.${wanted.slot}`;
  const free = readText(run.host, confPath(short)) === undefined || confOwner(run, short) === wanted.owner;
  return free ? short : `${short}.${wanted.net.replaceAll("-", "_")}`;
}

/** keepalive_write: the configuration, or only the mark when the rest is already right. */
export function writeConfiguration(run: ScriptRun, wanted: Wanted, name: string, same: boolean, known: boolean): void {
  if (run.host.init === "systemd") writeConf(run, wanted, name, same, known);
  else writeLine(run, wanted, name, same);
}

function writeConf(run: ScriptRun, wanted: Wanted, name: string, same: boolean, known: boolean): void {
  const path = confPath(name);
  const text = readText(run.host, path);
  if (same) {
    const rest = (text ?? "").split("\n").filter((line) => !line.startsWith("# xensan: "));
    replaceFile(run, path, `# xensan: ${wanted.owner}\n${rest.join("\n")}`);
    return;
  }
  if (text !== undefined && confOwner(run, name) === "" && !known) {
    refuse(run, "AddressTaken", `${path} exists, is incomplete and was not written by xensan`);
  }
  const plain = wanted.options === "-" ? "" : wanted.options;
  const lines = [
    `# xensan: ${wanted.owner}`,
    `shelf=${wanted.shelf}`,
    `slot=${wanted.slot}`,
    `netif=${wanted.net}`,
    `filename=${wanted.configured}`,
    `options='${plain}'`,
    ...(text ?? "").split("\n").filter((line) => line.startsWith("ionice=")),
  ];
  replaceFile(run, path, `${lines.join("\n")}\n`);
}

/** /etc/inittab, with each line and the mark above it as one entry. */
function entries(text: string): { mark: string | undefined; line: string; id: string }[] {
  const found: { mark: string | undefined; line: string; id: string }[] = [];
  let mark: string | undefined;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    if (line.startsWith("# xensan: ")) {
      if (mark !== undefined) found.push({ mark: undefined, line: mark, id: "" });
      mark = line;
      continue;
    }
    found.push({ mark, line, id: line.startsWith("#") ? "" : (line.split(":")[0] ?? "") });
    mark = undefined;
  }
  return found;
}

const join = (list: ReturnType<typeof entries>) =>
  list.map(({ mark, line }) => (mark === undefined ? `${line}\n` : `${mark}\n${line}\n`)).join("");

/** inittab_without: the file without that line and its mark. */
export function inittabWithout(text: string, id: string): string {
  return join(entries(text).filter((entry) => entry.id !== id));
}

function writeLine(run: ScriptRun, wanted: Wanted, name: string, same: boolean): void {
  const text = readText(run.host, "/etc/inittab") ?? "";
  const mark = `# xensan: ${wanted.owner}`;
  if (same) {
    replaceInittab(run, join(entries(text).map((entry) => (entry.id === name ? { ...entry, mark } : entry))));
    return;
  }
  const plain = wanted.options === "-" ? "" : `${wanted.options} `;
  const process = `/bin/sh ${guardFile} ${name} vblade ${plain}${wanted.shelf} ${wanted.slot} ${wanted.net} ${wanted.configured}`;
  if (process.length > 127) {
    refuse(run, "InvalidArgument", `init accepts commands of at most 127 characters: ${process}`);
  }
  replaceInittab(run, `${inittabWithout(text, name)}${mark}\n${name}:2345:respawn:${process}\n`);
}

/** ensure_guard: installs the guard, and makes systemd run it before every vblade. */
export function ensureGuard(run: ScriptRun): void {
  if (readText(run.host, guardFile) !== guardText) replaceFile(run, guardFile, guardText);
  if (run.host.init !== "systemd" || readText(run.host, guardDropin) !== undefined) return;
  const comment = "# vblade opens a backing only when it is the one that was recorded for it.";
  replaceFile(run, guardDropin, `${comment}\n[Service]\nExecStartPre=/bin/sh ${guardFile} %I\n`);
}

/** is_guarded: whether the line of inittab runs the guard. */
export const isGuarded = (run: ScriptRun, id: string) =>
  new RegExp(`^${id}:[^:#]*:[^:]*:/bin/sh ${guardFile} ${id} `, "m").test(readText(run.host, "/etc/inittab") ?? "");

/** keepalive_pid: pid of the vblade that would be restarted. */
export function keptPid(run: ScriptRun, name: string, running: number | undefined): number | undefined {
  const { host } = run;
  if (host.init === "systemd") return host.running.units.get(name)?.pid;
  // A child of init, as every program that a user left in the background is.
  return running;
}

/** Starts the export that keepalive.sh configured under this name. */
export function start(run: ScriptRun, name: string): void {
  // Not `start`: between two attempts of an instance that waits until the ten seconds are over.
  if (run.host.init === "systemd") restartUnit(run.world, run.host, name);
  else rereadInittab(run.world, run.host);
}

/** Restarts the export that keepalive.sh configured; under sysvinit by ending the vblade with the pid `kept`. */
export function restart(run: ScriptRun, name: string, kept: number | undefined): void {
  if (run.host.init === "systemd") {
    restartUnit(run.world, run.host, name);
    return;
  }
  rereadInittab(run.world, run.host);
  if (kept !== undefined) endVblade(run.world, run.host, kept, "killed by ensure-export");
}

/** last_words: vblade's last messages before it ended. */
export function lastWords(run: ScriptRun, name: string): string {
  if (run.host.init === "sysvinit") return "init starts it again and again; its message is on the console";
  const unit = run.host.running.units.get(name);
  const messages = unit?.messages.slice(-2).map((message) => `${message} `) ?? [];
  if (messages.length > 0) return messages.join("");
  return `no message; ActiveState=${unit?.activeState ?? "inactive"} SubState=${unit?.subState ?? "dead"} Result=exit-code `;
}
