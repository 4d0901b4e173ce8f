/** What is new of a logical volume is filled with zeroes beside it, under this name, before anybody may be served it (scripts/shared/staged-volume.sh). */

const suffix = ".xensan-new";

/** Where what is new of the volume is made blank. */
export const stagedName = (name: string): string => `${name}${suffix}`;

/** The name of the volume that something staged is for, or of one that is no such thing. */
export const finalName = (name: string): string => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : name);
