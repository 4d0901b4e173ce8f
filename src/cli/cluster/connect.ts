import { type ConfigSource, configSource } from "../../runtime/client-node.ts";
import type { Io } from "../command.ts";
import type { ClusterValues } from "./options.ts";
import { patiently, type Write } from "./patience.ts";
import { type Requests, requestsTo } from "./requests.ts";

/** A cluster and the namespace that a command works in. */
export interface Connection extends AsyncDisposable {
  readonly namespace: string;
  readonly source: ConfigSource;
  /** For the calls of {@link ask}. */
  readonly requests: Requests;
  /**
   * Asks the API server; `doing` stands before the reason when it refuses. A server that is busy, starts or restarts is
   * asked again for {@link patienceSeconds}, with a line on standard error: the call must be one that may be done twice.
   */
  ask<T>(doing: string, call: () => Promise<T>, write?: Write): Promise<T>;
}

/** How long a command goes on asking a server that is busy or away. */
const patienceSeconds = 15;

/** Finds the cluster as kubectl does. */
export async function connect(
  { kubeconfig, context, namespace }: Omit<ClusterValues, "output">,
  { env, signal, stderr }: Pick<Io, "env" | "signal" | "stderr">,
): Promise<Connection> {
  const source = configSource({ kubeconfig, context, environment: env });
  const config = await source.load();
  const requests = requestsTo(source);
  return {
    ...{ source, requests },
    namespace: namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? "default",
    ask: (doing, call, write) =>
      patiently(
        { withinSeconds: patienceSeconds, say: (line) => stderr.write(`${line}\n`), signal },
        doing,
        call,
        write,
      ),
    [Symbol.asyncDispose]: () => requests[Symbol.asyncDispose](),
  };
}
