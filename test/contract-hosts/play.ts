import { setTimeout as delay } from "node:timers/promises";
import type { HostCommand } from "../../src/host/command.ts";
import type { RackFile } from "../../src/sim/rack-file.ts";
import type { Script } from "../../src/ssh/host-session.ts";
import { stage } from "../unit/sim/tutorial.ts";
import type { Recording } from "./recording.ts";
import type { Step } from "./step.ts";

/** Runs a script on a real host to its end, whatever its exit code. */
export type Shell = (
  host: string,
  script: Script,
  args: readonly string[],
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

type Answer = Recording[number];

/** Runs the steps on real hosts. `heard` is called with every answer as it comes. */
export async function playReal(
  steps: readonly Step[],
  shell: Shell,
  heard: (answer: Answer, step: Step, stderr: string) => void = () => undefined,
): Promise<Recording> {
  const answers: Recording = [];
  for (const step of steps) {
    if (step.kind === "Wait") await delay(step.seconds * 1000);
    else if (step.kind === "Admin") await shell(step.host, { name: "admin", text: `${step.shell}\n` }, []);
    else {
      const { script, args } = commandOf(step, answers);
      const { exitCode, stdout, stderr } = await shell(step.host, script, args);
      const answer = { host: step.host, script: script.name, args: [...args], exitCode, stdout };
      answers.push(answer);
      heard(answer, step, stderr);
    }
  }
  return answers;
}

/** Runs the steps in a simulated rack. */
export async function playSimulated(steps: readonly Step[], file: RackFile): Promise<Recording> {
  const { rack, run, pass } = stage({ file });
  const answers: Recording = [];
  for (const step of steps) {
    if (step.kind === "Wait") pass(step.seconds);
    else if (step.kind === "Admin") {
      step.rack(rack);
      pass(1);
    } else {
      const command = commandOf(step, answers);
      const { script, args } = command;
      const { exitCode, stdout } = await run(step.host, command);
      answers.push({ host: step.host, script: script.name, args: [...args], exitCode, stdout });
    }
  }
  return answers;
}

const commandOf = ({ command }: Extract<Step, { kind: "Run" }>, answers: Recording): HostCommand =>
  typeof command === "function" ? command(answers) : command;
