import { guardRefuses } from "./guard.ts";
import type { InittabEntry } from "./hardware.ts";
import type { Host, World } from "./state.ts";
import { readText } from "./storage.ts";
import { endVblade, startVblade } from "./vblade.ts";
import { later, record } from "./world.ts";

/** sysvinit's limit: after ten starts within two minutes it waits for five minutes. */
const burst = { starts: 10, withinMs: 120_000, silenceMs: 300_000 };

const guardSleepMs = 20_000;

/** The respawn lines of /etc/inittab, in order. */
function parseInittab(text: string): { readonly id: string; readonly command: string }[] {
  const entries: { id: string; command: string }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const [id = "", levels = "", action = "", ...command] = line.split(":");
    if (id !== "" && action === "respawn" && (levels === "" || /[2345]/.test(levels))) {
      entries.push({ id, command: command.join(":") });
    }
  }
  return entries;
}

/**
 * `init q`: starts new entries and ends removed ones. A changed command ends nothing: sysvinit compares only the
 * action, so the old process runs on, and the new command is used after it has ended.
 */
export function rereadInittab(world: World, host: Host): void {
  const wanted = new Map(parseInittab(readText(host, "/etc/inittab") ?? "").map((entry) => [entry.id, entry.command]));
  const known = host.running.inittab;
  for (const entry of [...known.values()]) {
    const command = wanted.get(entry.id);
    if (command !== undefined) {
      entry.command = command;
      // An entry that init had given up for five minutes is tried again at once.
      entry.starts = [];
      if (entry.pid === undefined) {
        entry.cancelRestart?.();
        spawn(world, host, entry);
      }
      continue;
    }
    known.delete(entry.id);
    entry.cancelRestart?.();
    if (entry.pid !== undefined) endVblade(world, host, entry.pid, "init q");
  }
  for (const [id, command] of wanted) {
    if (known.has(id)) continue;
    const entry: InittabEntry = { id, command, pid: undefined, starts: [], cancelRestart: undefined };
    known.set(id, entry);
    spawn(world, host, entry);
  }
}

/** Arguments of the vblade in a respawn line; the shell prefixes that people write (`exec`, `ionice …`) are skipped. */
function vbladeArguments(command: string): string[] | undefined {
  const words = command.split(/\s+/).filter((word) => word !== "" && !/^\d*[<>]/.test(word));
  const at = words.findIndex((word) => /(^|\/)vblade$/.test(word));
  return at === -1 ? undefined : words.slice(at + 1);
}

function spawn(world: World, host: Host, entry: InittabEntry): void {
  const argv = vbladeArguments(entry.command);
  if (argv === undefined) return;
  const now = world.agenda.time;
  entry.starts = [...entry.starts.filter((at) => now - at < burst.withinMs), now];
  if (entry.starts.length > burst.starts) {
    entry.starts = [];
    record(world, host, { kind: "UnitChanged", unit: `inittab ${entry.id}`, state: "respawning too fast" });
    entry.cancelRestart = later(world, host, burst.silenceMs, () => spawn(world, host, entry));
    return;
  }
  const again = () => {
    entry.pid = undefined;
    if (host.running.inittab.get(entry.id) !== entry) return;
    // The time in which a program fails and init notices it.
    entry.cancelRestart = later(world, host, 100, () => spawn(world, host, entry));
  };
  const [, guarded] = /\/bin\/sh \/var\/lib\/xensan\/guard (\S+) vblade /.exec(entry.command) ?? [];
  if (guarded !== undefined && guardRefuses(host, guarded, argv.at(-2) ?? "", argv.at(-1) ?? "") !== undefined) {
    // The guard sleeps before it ends; otherwise init would give up for five minutes.
    entry.cancelRestart = later(world, host, guardSleepMs, () => spawn(world, host, entry));
    return;
  }
  const started = host.packages.has("vblade")
    ? startVblade(world, host, argv, { by: "Inittab", instance: entry.id, onExit: again })
    : { exitCode: 127, stderr: "" };
  if ("pid" in started) entry.pid = started.pid;
  else again();
}
