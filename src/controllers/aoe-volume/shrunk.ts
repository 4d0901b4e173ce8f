import { bytesOf } from "../../api/quantity.ts";
import type { BackingFact } from "../../host/facts.ts";
import { countsOnce } from "../directives.ts";
import { givenUp, isThere } from "./ensure-address.ts";
import type { VolumeObservation } from "./observation.ts";

type Recorded = Pick<VolumeObservation, "recorded" | "approved">;

/**
 * The bytes that the backing had while it was served. Undefined for another backing than the recorded one, and for one
 * that a person gave up: it may have any size.
 */
export function recordedBytes(volume: Recorded, fact: BackingFact): number | undefined {
  const { backing, size } = volume.recorded;
  if (backing === undefined || backing.identity === givenUp(volume) || !isThere(backing.identity, fact)) return;
  // Earlier releases recorded only what clients see.
  return bytesOf(backing.size ?? size);
}

/**
 * Says that the recorded backing has lost its end. Growing it again would put zeroes there, and the extents that are
 * still on the disk would be lost for good. The message ends with what a person can do.
 */
export function describeShrunk(volume: Recorded, fact: BackingFact): string | undefined {
  const before = recordedBytes(volume, fact);
  if (before === undefined || fact.sizeBytes >= before) return undefined;
  const restore =
    fact.kind === "File"
      ? "restore the file"
      : "restore the rest, of a logical volume with vgcfgrestore before anything else uses its extents";
  const how = `${restore}, or set the annotation xensan.dev/approve=ReplaceBacking:${volume.recorded.backing?.identity} to accept that the rest is lost (${countsOnce})`;
  return `${fact.path} has ${fact.sizeBytes} bytes, but ${before} were recorded, and xensan neither grows it nor starts its export; ${how}`;
}
