import type { RackEvent } from "../../../src/sim/model/events.ts";

const beingMade = ".xensan-new";
const beingDeleted = ".xensan-deleted";

/** The name of a file without the suffix that the host scripts give it while they make or delete it. */
export function finalName(path: string): string {
  for (const suffix of [beingMade, beingDeleted]) if (path.endsWith(suffix)) return path.slice(0, -suffix.length);
  return path;
}

/** What an event does to the file under its final name: appears, goes, or neither. */
export function fileFate(event: RackEvent): { readonly kind: "Appears" | "Goes"; readonly path: string } | undefined {
  if (event.kind === "FileCreated" && !event.path.endsWith(beingMade)) return { kind: "Appears", path: event.path };
  if (event.kind === "FileDeleted" && finalName(event.path) === event.path) return { kind: "Goes", path: event.path };
  if (event.kind !== "FileRenamed") return undefined;
  if (event.to.endsWith(beingDeleted)) return { kind: "Goes", path: event.path };
  return { kind: "Appears", path: event.to };
}
