import { z } from "zod";

/** What a domain is at, in words of xl's manual. */
export const domainStateSchema = z
  .enum(["Running", "Paused", "ShutDown", "Crashed", "Dying"])
  .describe(
    "Running: it runs, or has nothing to do. ShutDown: it has ended and still has its memory. Dying: it is on its way out, or held by somebody.",
  );
export type DomainState = z.infer<typeof domainStateSchema>;
