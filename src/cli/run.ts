import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { systemClock } from "../clock.ts";
import { type ConfigSource, configSource } from "../runtime/client-node.ts";
import { createLogger } from "../runtime/log.ts";
import { type AddressPolicy, messageOf, readAddressPolicy } from "../ssh/addresses.ts";
import { type Command, UsageError } from "./command.ts";
import { typed } from "./parse-options.ts";
import { runOptions, runSchema } from "./run-options.ts";
import { serve } from "./serve.ts";

const podNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** `xensan run`: the operator. */
export const run: Command = {
  name: "run",
  description:
    "Runs the operator until SIGTERM or SIGINT: it then finishes or cancels its work and releases the Lease.",
  exitCodes: { 0: "stopped by SIGTERM or SIGINT", 130: "stopped immediately by a second signal" },
  options: runOptions,
  async run(values, io) {
    const options = typed(runSchema, runOptions, values);
    const allow = addressPolicy(options["allow-address"]);
    const source = configSource({ kubeconfig: options.kubeconfig, context: options.context, environment: io.env });
    // Report unusable credentials now: the operator would retry forever.
    await source.access();
    const log = createLogger({ level: options["log-level"], clock: systemClock });
    const lease = { namespace: options["lease-namespace"] ?? "", name: options["lease-name"] };
    const elects = options["leader-election"] !== "false";
    if (elects && lease.namespace === "") lease.namespace = await ownNamespace(source);
    await serve(
      {
        source,
        allow,
        listen: options.listen,
        metricsAuth: options["metrics-auth"] === "kubernetes" ? "Kubernetes" : "None",
        log,
        identity: options.identity,
        config: {
          probeIntervalSeconds: options["probe-interval"],
          migrationsAtOnce: options["migrations-at-once"],
          ...(options.namespace.length === 0 ? {} : { namespaces: options.namespace }),
          // Replicas that share a Lease are one operator.
          claimAs: elects ? `${lease.namespace}/${lease.name}` : `host ${options.identity ?? hostname()}`,
          ...(elects ? { leaderElection: lease } : {}),
        },
      },
      io.signal,
    );
    return 0;
  },
};

function addressPolicy(entries: readonly string[]): AddressPolicy {
  try {
    return readAddressPolicy(entries);
  } catch (error) {
    throw new UsageError(`--allow-address (or XENSAN_ALLOW_ADDRESSES) ${messageOf(error)}`);
  }
}

async function ownNamespace(source: ConfigSource): Promise<string> {
  if (source.name === "in-cluster") {
    try {
      return readFileSync(podNamespaceFile, "utf8").trim();
    } catch {
      throw new UsageError(`${podNamespaceFile} cannot be read; set the namespace of the Lease with --lease-namespace`);
    }
  }
  const kubeconfig = await source.load();
  return kubeconfig.getContextObject(kubeconfig.getCurrentContext())?.namespace ?? "default";
}
