import { z } from "zod";

/** `status.endedApproval`: an approval counts once. */
export const endedApprovalSchema = z
  .string()
  .max(1024)
  .optional()
  .describe(
    "The value of the annotation xensan.dev/approve that no longer counts: what it approved was done, or what it gave up is there again. To approve the same again, remove the annotation first.",
  );
