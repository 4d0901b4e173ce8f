import type { Command } from "./command.ts";

/** The meanings of a command's exit codes, lowest first: its own, else those that all commands share. */
export function exitCodesOf(
  command: Pick<Command, "arguments" | "exitCodes">,
): readonly { readonly code: number; readonly meaning: string }[] {
  const namesObject = command.arguments?.some(({ completes }) => completes !== undefined) === true;
  const shared = {
    0: "done",
    1: "failed",
    2: namesObject ? "the command line is wrong, or there is no such object" : "the command line is wrong",
    130: "interrupted",
  };
  return Object.entries({ ...shared, ...command.exitCodes }).map(([code, meaning]) => ({
    code: Number(code),
    meaning,
  }));
}
