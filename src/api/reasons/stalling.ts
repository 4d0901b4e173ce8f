import { type ReasonEntry, reasons } from "../reasons.ts";

const entries: Readonly<Record<string, ReasonEntry>> = reasons;

/**
 * Whether an object that is not Ready for this reason stays so until a person acts. False for a reason outside the
 * catalogue.
 */
export const isStalling = (reason: string): boolean =>
  Object.hasOwn(entries, reason) && entries[reason]?.stalls === true;
