import { type MkfsOptions, mkfsOcfs2 } from "./mkfs.ts";
import type { Ended } from "./ocfs2-mount.ts";
import type { Host, World } from "./state.ts";
import { readText, writeText } from "./storage.ts";
import { later } from "./world.ts";

/** Where format-filesystem.sh keeps one record per UUID. */
export const formatDirectory = "/var/lib/xensan/formats";

/** The record of a format in {@link formatDirectory}. */
export interface FormatNote {
  readonly uuid: string;
  readonly device: string;
  readonly owner: string;
  readonly state: "Running" | "Interrupted" | "Done";
}

/** A process of its own, which survives a cut connection and the end of the script that started it. */
export interface RunningFormat {
  /** Milliseconds until its next step; undefined once it has ended. */
  wait: number | undefined;
  ended: Ended | undefined;
}

const markOf = (uuid: string) => `format ${uuid}`;

/** Reads a record: line 1 device, line 2 owner, line 3 who began, line 4 `done`. */
export function readFormat(host: Host, uuid: string): FormatNote | undefined {
  const text = readText(host, `${formatDirectory}/${uuid}`);
  if (text === undefined) return undefined;
  const [device = "", owner = "", began = "", end = ""] = text.split("\n");
  const runs = host.running.locks.has(markOf(uuid)) && began.includes(host.running.bootId);
  return { uuid, device, owner, state: end === "done" ? "Done" : runs ? "Running" : "Interrupted" };
}

/**
 * run-format.sh: the record, mkfs.ocfs2, and the record's last line once the device shows the requested file system.
 * Undefined when the record cannot be written: then nothing began.
 */
export function startFormat(
  world: World,
  host: Host,
  device: string,
  owner: string,
  options: MkfsOptions,
): RunningFormat | undefined {
  const { running } = host;
  const pid = running.nextPid++;
  const path = `${formatDirectory}/${options.uuid}`;
  const text = `${device}\n${owner}\nbegan ${running.bootId} ${pid} ${Math.round(world.agenda.time / 10) % 1e9}\n`;
  if (readText(host, path) !== undefined || writeText(world, host, path, text) !== undefined) return undefined;
  running.locks.set(markOf(options.uuid), `pid ${pid}`);
  const format: RunningFormat = { wait: 0, ended: undefined };
  const steps = mkfsOcfs2(world, host, device, options);
  const { command } = world;
  const advance = () => {
    const outer = world.command;
    // Its effects still count as those of the script, even after the script has ended.
    world.command = command;
    const step = steps.next();
    if (step.done) {
      running.locks.delete(markOf(options.uuid));
      if (step.value.exitCode === 0) writeText(world, host, path, `${text}done\n`);
      Object.assign(format, { wait: undefined, ended: step.value });
    } else {
      format.wait = step.value;
      later(world, host, step.value, advance);
    }
    world.command = outer;
  };
  later(world, host, world.timings.process, advance);
  format.wait = world.timings.process;
  return format;
}
