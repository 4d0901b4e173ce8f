import type { HostFacts } from "../../host/facts.ts";
import { isMarkOf, parseMark } from "../identity.ts";
import { ownExports } from "./ensure-address.ts";
import { backingMark } from "./ensure-export.ts";
import type { VolumeObservation } from "./observation.ts";

/**
 * Uids in the marks of the export and of the backing that this object has never taken over: a later object of this name
 * made them. A deletion that a backup restored must not undo what came after it.
 */
export function declaredAnew(volume: VolumeObservation, facts: HostFacts): string[] {
  const exports = facts.exports.state === "known" ? ownExports(volume, facts.exports.value) : [];
  const marks = [...exports.map(({ owner }) => owner), backingMark(volume, facts) ?? ""];
  const uids = marks.filter((mark) => isMarkOf(volume.owner, mark)).map((mark) => parseMark(mark).uid);
  const own = ["", volume.owner.uid, ...(volume.recorded.formerUIDs ?? [])];
  return [...new Set(uids)].filter((uid) => !own.includes(uid));
}
