import { z } from "zod";
import { type Command, UsageError } from "../command.ts";
import { didYouMean } from "../did-you-mean.ts";
import { completionScripts } from "./scripts.ts";

const shellSchema = z.enum(["bash", "zsh", "fish"]);

/** `xensan completion SHELL`: prints the script for a shell. */
export const completion: Command = {
  name: "completion",
  description:
    "For this session: source <(xensan completion bash), or the same with zsh, or xensan completion fish | source. For every session, write the script to a file in the completion directory of the shell. kubectl completes `kubectl xensan` without a script if kubectl_complete-xensan, which is installed with xensan, is in PATH.",
  arguments: [{ name: "shell", placeholder: "bash|zsh|fish", help: "The shell." }],
  options: [],
  async run({ shell }, io) {
    const parsed = shellSchema.safeParse(shell);
    if (!parsed.success)
      throw new UsageError(
        `the shell is "${String(shell)}"${didYouMean(String(shell), shellSchema.options)}; it must be bash, zsh or fish`,
      );
    io.stdout.write(completionScripts[parsed.data]);
    return 0;
  },
};
