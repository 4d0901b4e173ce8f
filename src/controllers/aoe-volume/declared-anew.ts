import type { HostFacts } from "../../host/facts.ts";
import { isMarkOf, parseMark } from "../identity.ts";
import { ownExports } from "./ensure-address.ts";
import { backingMark } from "./ensure-export.ts";
import type { VolumeObservation } from "./observation.ts";

/** Uids of other objects of this name in the marks of the export and of the backing. */
export function otherUIDs(volume: VolumeObservation, facts: HostFacts): string[] {
  const exports = facts.exports.state === "known" ? ownExports(volume, facts.exports.value) : [];
  const marks = [...exports.map(({ owner }) => owner), backingMark(volume, facts) ?? ""];
  const uids = marks.filter((mark) => isMarkOf(volume.owner, mark)).map((mark) => parseMark(mark).uid);
  return [...new Set(uids)].filter((uid) => uid !== "" && uid !== volume.owner.uid);
}

/**
 * Those that this object has never taken over: a later object of this name made the export or the backing. A deletion
 * that a backup restored must not undo what came after it.
 */
export function declaredAnew(volume: VolumeObservation, facts: HostFacts): string[] {
  return otherUIDs(volume, facts).filter((uid) => volume.recorded.formerUIDs?.includes(uid) !== true);
}
