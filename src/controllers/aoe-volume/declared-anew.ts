import type { HostFacts } from "../../host/facts.ts";
import { othersIn } from "../former-uids.ts";
import { ownExports } from "./ensure-address.ts";
import { backingMark } from "./ensure-export.ts";
import type { VolumeObservation } from "./observation.ts";

/** Uids of other objects of this name in the marks of the export and of the backing. */
export function declaredAnew(volume: VolumeObservation, facts: HostFacts): string[] {
  const exports = facts.exports.state === "known" ? ownExports(volume, facts.exports.value) : [];
  const marks = [...exports.map(({ owner }) => owner), backingMark(volume, facts) ?? ""];
  return othersIn(marks, volume.owner, volume.recorded.formerUIDs);
}
