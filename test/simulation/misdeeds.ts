import { tutorial } from "./scenarios/tutorial.ts";
import { Stage, type StartOperator } from "./stage.ts";
import { silent } from "./trace.ts";

const idle: StartOperator = () => new Promise(() => undefined);

/** The tutorial's world, its hosts declared, with an operator that leaves the misdeeds to the test. */
export function stageFor(operator: StartOperator = idle): Stage {
  const stage = new Stage({ seed: "misdeeds", scenario: tutorial, operator, trace: silent });
  for (const object of tutorial.manifests()) stage.apply(object);
  stage.rack.settle();
  return stage;
}

/** What the model is made to do here counts as done by a command of the operator. */
export function byCommand<T>(stage: Stage, act: () => T): T {
  stage.rack.world.command = { id: 1, changed: false };
  try {
    return act();
  } finally {
    stage.rack.world.command = undefined;
  }
}

/** Names of the invariants that were broken so far. */
export const broken = (stage: Stage) => stage.violations.map((text) => text.replace(/^\s*\S+ /, "").split(":")[0]);
