import type { Host } from "../model/host.ts";
import { isBefore } from "../model/migration-state.ts";
import { list, readText, resolve } from "../model/storage.ts";
import type { World } from "../model/world.ts";

/** What start-migration leaves of a run: its record, its log, its exit code. They outlive a boot. */
const directory = "/var/lib/xensan/migrations";
export const recordPath = (operation: string) => `${directory}/${operation}`;
export const logPath = (operation: string) => `${directory}/${operation}.log`;
export const exitPath = (operation: string) => `${directory}/${operation}.exit`;

export const uptime = (world: World, host: Host) => Math.floor((world.agenda.time - host.running.bootedAt) / 1000);

/** A line of a program that has the file open. */
export function append(host: Host, path: string, line: string): void {
  const place = resolve(host, path);
  if (place.node?.kind !== "File" || place.mount.fileSystem.readOnly) return;
  place.node.text = `${place.node.text ?? ""}${line}\n`;
  place.node.sizeBytes = Buffer.byteLength(place.node.text);
}

export interface RunFacts {
  readonly operation: string;
  readonly uuid: string;
  readonly bootId: string;
  readonly state: "Running" | "Ended" | "Lost";
  /** `-` for none. */
  readonly exitCode: string;
  readonly phase: string;
  readonly startedAt: string;
  readonly message: string;
}

export function runsOf(host: Host): RunFacts[] {
  const operations = list(host, directory).filter((name) => !name.includes("."));
  return operations.map((operation) => {
    const [uuid = "", bootId = "", startedAt = "0"] = (readText(host, recordPath(operation)) ?? "").trim().split(" ");
    const log = readText(host, logPath(operation)) ?? "";
    const exit = readText(host, exitPath(operation))?.trim();
    const running = host.running.xen.runs.has(operation);
    return {
      operation,
      uuid,
      bootId,
      state: running ? "Running" : exit === undefined ? "Lost" : "Ended",
      exitCode: exit ?? "-",
      phase: phaseOf(log),
      startedAt,
      message: log.trim().split("\n").slice(-3).join(" ") || "-",
    };
  });
}

/** The furthest mark in the log. */
function phaseOf(log: string): string {
  if (log.includes("Migration successful.")) return "Succeeded";
  if (/^Migration failed/m.test(log)) return "Failed";
  if (log.includes("Giving target permission to start")) return "Permission";
  if (log.includes("Target has acknowledged transfer")) return "Transferred";
  if (log.includes("Ready to receive domain")) return "Sending";
  return log.includes("truncated reading banner") ? "Failed" : "Connecting";
}

/** Whether the run can still be ended without harm, as its log says. */
export const permissionGiven = (host: Host, operation: string) =>
  (readText(host, logPath(operation)) ?? "").includes("Giving target permission to start");

/** Whether xl works on this domain here, as a sender or as a receiver. */
export function worksOn(world: World, host: Host, uuid: string): boolean {
  for (const migration of world.xen.migrations) {
    if (migration.uuid !== uuid) continue;
    const sends = migration.sender === "Working" && migration.sourceRunning === host.running;
    const receives = migration.receiver === "Working" && migration.targetRunning === host.running;
    if (sends || (receives && isBefore(migration, "Finished"))) return true;
  }
  return false;
}
