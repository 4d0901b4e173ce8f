import type { Host, World } from "./model/state.ts";
import { note } from "./model/world.ts";
import type { ScriptRun } from "./script.ts";
import { addressedResponder, splitAddressee } from "./scripts/addressee.ts";
import { responders } from "./scripts/index.ts";

/** A script that runs on a simulated host. */
export interface ScriptProcess {
  readonly id: number;
  readonly script: string;
  readonly pid: number;
  /** Steps done so far. */
  readonly step: number;
  /** When the next step is due; undefined once it has ended. */
  readonly wakeAt: number | undefined;
  /** `Gone`: killed, or the host went down. */
  readonly end: { readonly kind: "Exited"; readonly exitCode: number } | { readonly kind: "Gone" } | undefined;
  readonly stdout: string;
  readonly stderr: string;
  kill(why: string): void;
}

/** Callbacks into the steps of a simulated script. */
export interface ProcessHooks {
  /** Called before each step, 0 first; may change the model but must not throw. Returns the delay of the step in ms. */
  readonly beforeStep?: (process: ScriptProcess) => number;
}

/** Starts a script by name. It runs as the rack's time passes, even if its client has gone. */
export function startScript(
  world: World,
  host: Host,
  script: string,
  given: readonly string[],
  hooks: ProcessHooks = {},
): ScriptProcess {
  const { words, own: args } = splitAddressee(given);
  world.commands += 1;
  const id = world.commands;
  const running = host.running;
  const pid = running.nextPid++;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const locks: string[] = [];
  const command = { id, changed: false };
  let step = 0;
  let wakeAt: number | undefined = world.agenda.time;
  let end: ScriptProcess["end"];
  let cancel: (() => void) | undefined;

  const run: ScriptRun = {
    world,
    host,
    args,
    out: (text) => stdout.push(text),
    err: (text) => stderr.push(text),
    lock(path) {
      if (running.locks.has(path)) return false;
      running.locks.set(path, `pid ${pid}`);
      locks.push(path);
      return true;
    },
  };
  const responder = responders.get(script);
  const steps =
    responder === undefined
      ? (function* unknown(): Generator<number, number> {
          yield 0;
          run.err(`the simulated rack has no answer for the script ${script}\n`);
          return 127;
        })()
      : addressedResponder(words, responder)(run);

  const finish = (how: NonNullable<ScriptProcess["end"]>) => {
    end = how;
    wakeAt = undefined;
    cancel?.();
    for (const path of locks) running.locks.delete(path);
    const exitCode = how.kind === "Exited" ? how.exitCode : undefined;
    note(world, host, { kind: "CommandEnded", id, script, args, exitCode, changed: command.changed });
  };

  const process: ScriptProcess = {
    id,
    script,
    pid,
    get step() {
      return step;
    },
    get wakeAt() {
      return wakeAt;
    },
    get end() {
      return end;
    },
    get stdout() {
      return stdout.join("");
    },
    get stderr() {
      return stderr.join("");
    },
    kill() {
      if (end === undefined) finish({ kind: "Gone" });
    },
  };

  const later = (ms: number, then: () => void) => {
    wakeAt = world.agenda.time + ms;
    cancel = world.agenda.after(ms, then);
  };
  const advance = (late = false) => {
    while (end === undefined) {
      if (host.running !== running || host.power !== "On") return finish({ kind: "Gone" });
      const delay = late ? 0 : (hooks.beforeStep?.(process) ?? 0);
      late = false;
      if (end !== undefined) return;
      if (delay > 0) return later(delay, () => advance(true));
      if (host.running !== running || host.power !== "On") return finish({ kind: "Gone" });
      step += 1;
      const outer = world.command;
      world.command = command;
      let next: IteratorResult<number, number>;
      try {
        next = steps.next();
      } finally {
        world.command = outer;
      }
      if (next.done) return finish({ kind: "Exited", exitCode: next.value });
      if (next.value > 0) return later(next.value, () => advance());
    }
  };

  note(world, host, { kind: "CommandBegun", id, script, args });
  advance();
  return process;
}
