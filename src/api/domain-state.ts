import { z } from "zod";

/** The state of a domain, in words of xl's manual. */
export const domainStateSchema = z
  .enum(["Running", "Paused", "ShutDown", "Crashed", "Dying"])
  .describe(
    "Running: the domain runs or is idle. ShutDown: it has ended and still holds its memory. Dying: it is being destroyed, or another domain still holds its memory.",
  );
/** State of a domain, condensed from the state letters of `xl list`. */
export type DomainState = z.infer<typeof domainStateSchema>;
