import type { RunResult } from "../ssh/host-session.ts";
import type { Outcome } from "./command.ts";
import { isRefusalReason } from "./refusals.ts";

/**
 * How an acting script ended, from its last line and its exit code; the two must agree. Anything else is a failure,
 * with the script's stderr.
 */
export function outcomeOf(result: Pick<RunResult, "exitCode" | "stdout" | "stderr">): Outcome {
  const last = result.stdout.trimEnd().split("\n").at(-1) ?? "";
  const [word, ...fields] = last.split("\t");
  const [first = "", second = ""] = fields;
  if (result.exitCode === 0 && word === "done") return { kind: "done", detail: first };
  if (result.exitCode === 3 && word === "refused" && isRefusalReason(first))
    return { kind: "refused", reason: first, message: second };
  if (result.exitCode === 4 && word === "busy") return { kind: "busy", message: first };
  const said = result.stderr.trim().split("\n").slice(-5).join("\n") || last;
  return { kind: "failed", exitCode: result.exitCode, message: said.slice(0, 1000) };
}
