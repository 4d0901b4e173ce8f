import type { Host } from "../model/host.ts";
import { list, readText } from "../model/storage.ts";

export const formatDirectory = "/var/lib/xensan/formats";

export interface FormatNote {
  readonly uuid: string;
  readonly device: string;
  readonly owner: string;
  readonly state: "Running" | "Interrupted" | "Done";
}

const lockOf = (uuid: string) => `format ${uuid}`;

/** Line 1 device, line 2 owner, line 3 who began, line 4 `done`. */
export function readFormat(host: Host, uuid: string): FormatNote | undefined {
  const text = readText(host, `${formatDirectory}/${uuid}`);
  if (text === undefined) return undefined;
  const [device = "", owner = "", began = "", end = ""] = text.split("\n");
  const at = host.running.locks.has(lockOf(uuid)) && began.includes(host.running.bootId);
  return { uuid, device, owner, state: end === "done" ? "Done" : at ? "Running" : "Interrupted" };
}

export const formatNotes = (host: Host): FormatNote[] =>
  list(host, formatDirectory)
    .map((uuid) => readFormat(host, uuid))
    .filter((note) => note !== undefined);

/** The text of a record; the lock that comes with it lives as long as the process that formats. */
export const formatText = (host: Host, device: string, owner: string, end: "began" | "done") =>
  `${device}\n${owner}\nbegan ${host.running.bootId} 1 1\n${end === "done" ? "done\n" : ""}`;

export const formatLock = lockOf;
