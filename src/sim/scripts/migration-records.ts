import type { Host, World } from "../model/state.ts";
import { list, readText, resolve } from "../model/storage.ts";

/** What start-migration keeps of a run: its record, its log, its exit code. They survive a reboot. */
const directory = "/var/lib/xensan/migrations";
/** The record of an operation, one line. */
export const recordPath = (operation: string) => `${directory}/${operation}`;
/** What xl printed during an operation. */
export const logPath = (operation: string) => `${directory}/${operation}.log`;
/** The exit code of an operation; missing while it runs. */
export const exitPath = (operation: string) => `${directory}/${operation}.exit`;

/** Whole seconds since the host booted. */
export const uptime = (world: World, host: Host) => Math.floor((world.agenda.time - host.running.bootedAt) / 1000);

/** Appends a line as a program does that has the file open. */
export function append(host: Host, path: string, line: string): void {
  const place = resolve(host, path);
  if (place.node?.kind !== "File" || place.mount.fileSystem.readOnly) return;
  place.node.text = `${place.node.text ?? ""}${line}\n`;
  place.node.sizeBytes = Buffer.byteLength(place.node.text);
}

/** The record of a migration on its host, as the probe prints it. */
export interface RunFacts {
  readonly operation: string;
  readonly uuid: string;
  readonly bootId: string;
  readonly state: "Running" | "Ended" | "Lost" | "Recorded";
  /** `-` for none. */
  readonly exitCode: string;
  readonly phase: string;
  readonly startedAt: string;
  /** `-` for none. */
  readonly time: string;
  readonly message: string;
}

/** Every recorded migration of the host with its state. */
export function runsOf(host: Host): RunFacts[] {
  const operations = list(host, directory).filter((name) => !name.includes("."));
  return operations.map((operation) => {
    const [uuid = "", bootId = "", startedAt = "0", domid, , time = "-"] = (readText(host, recordPath(operation)) ?? "")
      .trim()
      .split(" ");
    const log = readText(host, logPath(operation)) ?? "";
    const exit = readText(host, exitPath(operation))?.trim();
    const over = exit === undefined ? (domid === "-" ? "Recorded" : "Lost") : "Ended";
    const state = isRunning(host, operation) ? "Running" : over;
    const phase = phaseOf(log, state === "Ended" ? exit : undefined);
    const failed = phase === "Failed" || (phase === "Permission" && state !== "Running");
    const message = messageOf(log, failed);
    return { operation, uuid, bootId, state, exitCode: exit ?? "-", phase, startedAt, time, message };
  });
}

/** Whether xl and the script that waits for it are running. */
export const isRunning = (host: Host, operation: string) => host.running.xen.runs.get(operation)?.sender === "Working";

/** The furthest mark in the log; for a run that ended before permission was given, the exit code decides. */
function phaseOf(log: string, exit: string | undefined): string {
  if (log.includes("Migration successful")) return "Succeeded";
  if (log.includes("migration sender: Giving target permission to start")) return "Permission";
  if (exit !== undefined) return exit === "0" ? "Succeeded" : "Failed";
  if (/^migration (target: Transfer complete|sender: Target has acknowledged transfer)/m.test(log))
    return "Transferred";
  return log.includes("migration target: Ready to receive domain") ? "Sending" : "Connecting";
}

const idle =
  /Destruction of domain failed|Unable to destroy guest|Non-existant domain|not suspended: \(shutdown 0|xc_domain_resume failed|migration transport process|truncated reading ipc msg/;

/** The last line of a log, or its errors. */
function messageOf(log: string, failed: boolean): string {
  const lines = log.split("\n").filter((line) => line.trim() !== "" && !idle.test(line));
  const trouble = lines.filter((line) => /rror|ailed|enied|refused|xensan: /.test(line)).slice(0, 4);
  const text = failed && trouble.length > 0 ? trouble.join("; ") : (lines.at(-1) ?? "");
  return text.slice(0, 600) || "-";
}

/** Whether the log says that permission was given: from then on the run cannot be ended without harm. */
export const permissionGiven = (host: Host, operation: string) =>
  (readText(host, logPath(operation)) ?? "").includes("Giving target permission to start");
