import { announce } from "./aoe-driver.ts";
import type { Supervisor } from "./events.ts";
import type { VbladeProcess } from "./hardware.ts";
import { hasCarrier } from "./network.ts";
import type { Host, World } from "./state.ts";
import { backingAt } from "./storage.ts";
import { byItself, later, note, record } from "./world.ts";

/** What restarts vblade when it ends. */
export interface Launch {
  readonly by: Supervisor;
  readonly instance: string;
  /** Called when the process ends by itself or is killed, not when the host goes down. */
  readonly onExit?: (why: string) => void;
}

/** The process id of a new vblade, or its exit code and error output. */
export type Started = { readonly pid: number } | { readonly exitCode: number; readonly stderr: string };

const exits = new WeakMap<VbladeProcess, (why: string) => void>();

interface CommandLine {
  readonly options: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** getopt as vblade uses it: options may also follow the four words, because glibc permutes. */
function parse(argv: readonly string[]): CommandLine | undefined {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (/^-[dsr]$/.test(word)) options.set(word[1] ?? "", "");
    else if (/^-[bolm]$/.test(word)) {
      const value = argv[++at];
      if (value === undefined) return undefined;
      options.set(word[1] ?? "", value);
    } else if (word.startsWith("-")) return undefined;
    else words.push(word);
  }
  return words.length === 4 ? { options, words } : undefined;
}

/** atoi: 0 for text that is not a number. */
const atoi = (text: string) => Number.parseInt(text, 10) || 0;

/**
 * Runs `vblade ARGV…`. It takes no lock, checks no range, and does not check whether the address or the backing is in
 * use: a second vblade on the same address or backing starts without an error.
 */
export function startVblade(world: World, host: Host, argv: readonly string[], launch: Launch): Started {
  const fail = (stderr: string): Started => {
    note(world, host, { kind: "VbladeFailed", shelf: argv[0] ?? "", slot: argv[1] ?? "", message: stderr.trim() });
    return { exitCode: 1, stderr };
  };
  const line = parse(argv);
  if (line === undefined) {
    return fail(
      "usage: vblade [-b bufcnt] [-o offset] [-l length] [-d ] [-s] [-r] [ -m mac[,mac...] ] shelf slot netif filename\n",
    );
  }
  const [shelfWord = "", slotWord = "", nicName = "", filename = ""] = line.words;
  const backing = backingAt(host, filename);
  const readOnly = line.options.has("r");
  if (backing.kind === "Missing") return fail("open: No such file or directory\n");
  if (backing.kind === "Other" || backing.content === undefined) return fail("open: Is a directory\n");
  if (backing.readOnly && !readOnly) return fail("open: Read-only file system\n");
  const offset = atoi(line.options.get("o") ?? "0") * 512;
  const length = line.options.has("l") ? atoi(line.options.get("l") ?? "0") * 512 : Number.MAX_SAFE_INTEGER;
  const sizeBytes = Math.min(Math.floor(Math.max(0, backing.sizeBytes - offset) / 512) * 512, length);
  if (sizeBytes < 512) return fail("0-sector file size is too small\n");
  const nic = host.interfaces.get(nicName);
  if (nic === undefined) return fail(`${nicName}: No such device\n`);

  const pid = host.running.nextPid++;
  const process: VbladeProcess = {
    pid,
    argv,
    shelf: atoi(shelfWord) & 0xffff,
    slot: atoi(slotWord) & 0xff,
    interface: nicName,
    backing: filename,
    identity: backing.identity,
    sizeBytes,
    content: backing.content,
    access: readOnly ? "ReadOnly" : "ReadWrite",
    masks: (line.options.get("m") ?? "").split(",").filter((mac) => mac !== ""),
    by: launch.by,
    instance: launch.instance,
    config: "",
  };
  host.running.processes.set(pid, process);
  if (launch.onExit !== undefined) exits.set(process, launch.onExit);
  record(world, host, {
    kind: "VbladeStarted",
    pid,
    shelf: process.shelf,
    slot: process.slot,
    interface: nicName,
    mac: nic.mac,
    segment: nic.segment,
    backing: filename,
    identity: process.identity,
    sizeBytes,
    access: process.access,
    by: process.by,
  });
  if (nic.adminUp && hasCarrier(host, nic)) byItself(world, () => announce(world, host, process));
  else if (!nic.adminUp) later(world, host, 20, () => endVblade(world, host, pid, "read network: Network is down"));
  return { pid };
}

/** Ends a vblade process and tells its supervisor, if it has one. */
export function endVblade(world: World, host: Host, pid: number, why: string): void {
  const process = host.running.processes.get(pid);
  if (process === undefined) return;
  host.running.processes.delete(pid);
  record(world, host, {
    kind: "VbladeStopped",
    pid,
    shelf: process.shelf,
    slot: process.slot,
    segment: host.interfaces.get(process.interface)?.segment ?? "",
    identity: process.identity,
    why,
  });
  exits.get(process)?.(why);
}

/** An interface goes down: a vblade that listens on it reads an error and ends. It does not notice a pulled cable. */
export function interfaceWentDown(world: World, host: Host, nic: string): void {
  for (const process of [...host.running.processes.values()]) {
    if (process.interface === nic) endVblade(world, host, process.pid, "read network: Network is down");
  }
}
