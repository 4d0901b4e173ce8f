import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { normalise, type Recording, recordingSchema } from "./contract/recording.ts";
import { contractRack, type Init, serverLife } from "./contract/scenario.ts";
import { stage } from "./tutorial.ts";

/** The scenario played in the rack. */
async function play(init: Init): Promise<Recording> {
  const { rack, run, pass } = stage({ file: contractRack(init) });
  const answers: Recording = [];
  for (const step of serverLife) {
    if (step.kind === "Wait") pass(step.seconds);
    else if (step.kind === "Admin") {
      step.rack(rack);
      pass(1);
    } else {
      const { script, args } = step.command;
      const { exitCode, stdout } = await run("san", step.command);
      answers.push({ script: script.name, args: [...args], exitCode, stdout });
    }
  }
  return answers;
}

describe.each<Init>(["systemd", "sysvinit"])("the rack and a real %s machine", (init) => {
  const file = new URL(`../../fixtures/contract/${init}.json`, import.meta.url);
  it("give the same answers to an eventful life (test/unit/sim/contract/record.ts records it anew)", async () => {
    const real = normalise(recordingSchema.parse(JSON.parse(readFileSync(file, "utf8"))));
    expect(normalise(await play(init))).toEqual(real);
  });
});
