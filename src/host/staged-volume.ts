/**
 * New space of a logical volume is filled with zeroes in a volume of this name before it may be served
 * (scripts/shared/staged-volume.sh).
 */

const suffix = ".xensan-new";

/** Name of the volume in which new space of this volume is blanked. */
export const stagedName = (name: string): string => `${name}${suffix}`;

/** Name of the volume that a staged volume belongs to; the name itself if it is not a staged volume. */
export const finalName = (name: string): string => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name);
