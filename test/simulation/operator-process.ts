import { createOperator, type OperatorConfig, type OperatorOptions } from "../../src/operator.ts";
import { createLogger } from "../../src/runtime/log.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import type { StartOperator } from "./stage.ts";

/** The real operator, with only its three doors replaced. */
export const realOperator: StartOperator = operatorWith({});

/** One of several operators: only the holder of the Lease acts. */
export const replica: StartOperator = operatorWith({ leaderElection: { namespace: "xensan-system" } });

/** The identity of a process in a Lease. */
export const identityOf = (process: string) => process.replace(" ", "-");

export function operatorWith(
  config: OperatorConfig,
  more: Partial<Pick<OperatorOptions, "published" | "metrics">> = {},
): StartOperator {
  return ({ kube, dialer, clock, life }, signal, print) => {
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
      config: { clusterId: "management", ...config, identity: identityOf(life.name) },
      ...more,
    });
    return operator.run(signal);
  };
}
