import { z } from "zod";
import type { Option } from "../command.ts";
import { wholeNumber } from "../whole-number.ts";

/** The flags of commands that may wait for their outcome. */
export const waitOptions: readonly Option[] = [
  { name: "wait", help: "Waits for the outcome and prints the progress; Ctrl-C ends only the wait." },
  {
    name: "wait-timeout",
    placeholder: "SECONDS",
    fallback: "3600",
    accepts: "a whole number from 1 to 86400",
    help: "Time limit of --wait; after it the exit code is 1.",
  },
];
/** Checks the values of {@link waitOptions}. */
export const waitSchema = z.object({ wait: z.boolean(), "wait-timeout": wholeNumber(1, 86_400) });
