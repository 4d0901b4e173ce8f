import { createOperator } from "../../src/operator.ts";
import { createLogger } from "../../src/runtime/log.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import type { StartOperator } from "./stage.ts";

/** The real operator, with nothing but its doors replaced. */
export const realOperator: StartOperator = ({ kube, dialer, clock, life }, signal, print) => {
  const log =
    print === undefined
      ? createLogger({ clock, level: "silent" })
      : createLogger({ clock, level: "debug", destination: { write: print } });
  const operator = createOperator({
    api: kube,
    dialer,
    clock,
    log,
    metrics: createMetrics(),
    config: { identity: life.name.replace(" ", "-") },
  });
  return operator.run(signal);
};
