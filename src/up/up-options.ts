import { z } from "zod";
import type { Option } from "../cli/command.ts";
import { wholeNumber } from "../cli/whole-number.ts";

/** The flags of `npm start`. */
export const upOptions: readonly Option[] = [
  {
    name: "rack",
    placeholder: "FILE",
    env: "XENSAN_RACK",
    help: "The rack to simulate: its hosts, disks and networks. Default: the tutorial's rack.",
  },
  {
    name: "apply",
    placeholder: "PATH",
    repeat: true,
    env: "XENSAN_APPLY",
    help: "Applies these manifests, a file or a directory. Default: the tutorial's manifests.",
  },
  { name: "exit", help: "Exits with 0 once all objects are ready, or with 1 when the time limit is reached." },
  {
    name: "timeout",
    placeholder: "SECONDS",
    env: "XENSAN_TIMEOUT",
    fallback: "300",
    accepts: "a whole number from 1 to 86400",
    help: "The time limit from the first apply until all objects are ready.",
  },
  {
    name: "output",
    placeholder: "text|json",
    fallback: "text",
    accepts: "text or json",
    help: "With json, the outcome is one JSON document on standard output; progress goes to standard error.",
  },
];

/** Checks the values of {@link upOptions}. */
export const upSchema = z.object({
  rack: z.string().optional(),
  apply: z.array(z.string()),
  exit: z.boolean(),
  timeout: wholeNumber(1, 86_400),
  output: z.enum(["text", "json"]),
});
/** The values of {@link upOptions}. */
export type UpValues = z.output<typeof upSchema>;
