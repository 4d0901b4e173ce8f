import { attaching } from "./reasons/attaching.ts";
import { clustering } from "./reasons/clustering.ts";
import { conflicting } from "./reasons/conflicting.ts";
import { doing } from "./reasons/doing.ts";
import { exporting } from "./reasons/exporting.ts";
import { formatting } from "./reasons/formatting.ts";
import { general } from "./reasons/general.ts";
import { migrating } from "./reasons/migrating.ts";
import { moving } from "./reasons/moving.ts";
import { preparing } from "./reasons/preparing.ts";
import { reaching } from "./reasons/reaching.ts";
import { relocating } from "./reasons/relocating.ts";
import { running } from "./reasons/running.ts";
import { sharing } from "./reasons/sharing.ts";
import { starting } from "./reasons/starting.ts";

export type { ReasonEntry } from "./reasons/entry.ts";

/**
 * Every reason that a condition or an event may have, declared once: docs/reference/reasons.md is generated from it.
 * The message of a condition states the exact problem; programs and alerts match the reason.
 */
export const reasons = {
  ...general,
  ...reaching,
  ...preparing,
  ...exporting,
  ...conflicting,
  ...attaching,
  ...sharing,
  ...starting,
  ...running,
  ...relocating,
  ...migrating,
  ...moving,
  ...clustering,
  ...formatting,
  ...doing,
} as const;
/** A reason in the catalogue. */
export type Reason = keyof typeof reasons;
