import { readFileSync } from "node:fs";
import type { Step } from "../../../../src/controllers/hosts/step.ts";
import type { Outcome } from "../../../../src/host/command.ts";
import { command } from "../../../../src/host/commands.ts";
import type { ScriptName } from "../../../../src/host/scripts.ts";
import type { RunRequest, RunResult } from "../../../../src/ssh/host-session.ts";

/** Recorded answer of a reachable machine to the probe. */
export const answered = readFileSync(new URL("../../../fixtures/probe/container-systemd.txt", import.meta.url), "utf8");

/** The same answer of a machine with another machine-id. */
export const answeredBy = (machineId: string) => answered.replaceAll("c0866274f3364b728cf1e59c44cd0aa3", machineId);

export const done: Outcome = { kind: "done", detail: "" };

/** A step that is identified by its script and arguments. */
export const step = (name: ScriptName, args: readonly string[] = [], more: Partial<Step> = {}): Step => ({
  host: { kind: "AoeServer", name: "san1" },
  action: name,
  summary: `${name} ${args.join(" ")}`,
  command: command(name, 30, `${name} ${args.join(" ")}`, args),
  ...more,
});

/** A promise that a test resolves. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The answer of a session. */
export const ended = (stdout: string, exitCode = 0, stderr = ""): RunResult => ({
  exitCode,
  stdout,
  stderr,
  milliseconds: 1,
});

export type Answering = (request: RunRequest) => Promise<RunResult>;
