import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../../src/host/outcome.ts";

describe("how a script ended", () => {
  it.each([
    [0, "noise\ndone\tstarted pid 7\n", "", { kind: "done", detail: "started pid 7" }],
    [3, "refused\tNoSpace\tno space left\n", "", { kind: "refused", reason: "NoSpace", message: "no space left" }],
    [4, "busy\tanother command\n", "", { kind: "busy", message: "another command" }],
  ])("exit %i with %j", (exitCode, stdout, stderr, outcome) => {
    expect(outcomeOf({ exitCode, stdout, stderr })).toEqual(outcome);
  });

  it("failed when word and exit code disagree: neither alone is believed", () => {
    expect(outcomeOf({ exitCode: 0, stdout: "", stderr: "" })).toEqual({ kind: "failed", exitCode: 0, message: "" });
    expect(outcomeOf({ exitCode: 1, stdout: "done\tyes\n", stderr: "sh: boom\n" })).toEqual({
      kind: "failed",
      exitCode: 1,
      message: "sh: boom",
    });
    expect(outcomeOf({ exitCode: 0, stdout: "refused\tNotOurs\tx\n", stderr: "" })).toMatchObject({ kind: "failed" });
  });
});
