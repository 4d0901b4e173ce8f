import { tutorial } from "./scenarios/tutorial.ts";
import { Stage, type StartOperator } from "./stage.ts";
import { silent } from "./trace.ts";

const idle: StartOperator = () => new Promise(() => undefined);

/** The tutorial's world with its hosts declared; the test itself commits the misdeeds, not the operator. */
export function stageFor(operator: StartOperator = idle): Stage {
  const stage = new Stage({ seed: "misdeeds", scenario: tutorial, operator, trace: silent });
  for (const object of tutorial.manifests()) stage.apply(object);
  stage.rack.settle();
  return stage;
}

/** Runs `act` as if a command of the operator had done it. */
export function byCommand<T>(stage: Stage, act: () => T): T {
  stage.rack.world.command = { id: 1, changed: false };
  try {
    return act();
  } finally {
    stage.rack.world.command = undefined;
  }
}

/** Names of the invariants that have been broken. */
export const broken = (stage: Stage) => stage.violations.map((text) => text.replace(/^\s*\S+ /, "").split(":")[0]);
