import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ConfigSource, configSource } from "../../runtime/client-node.ts";
import type { Io } from "../command.ts";
import { apiError } from "./api-error.ts";
import type { ClusterValues } from "./options.ts";

/** A cluster and the namespace that a command works in. */
export interface Connection extends AsyncDisposable {
  readonly namespace: string;
  readonly source: ConfigSource;
  /** Asks the API server through kubernetes-fluent-client; `doing` stands before the reason when it refuses. */
  ask<T>(doing: string, call: () => Promise<T>): Promise<T>;
}

/**
 * Finds the cluster as kubectl does. kubernetes-fluent-client finds it by itself, by KUBECONFIG and nothing else, and
 * takes the current context of the last of several files: so KUBECONFIG is set, and a file with nothing in it but the
 * context is put last.
 */
export async function connect(
  { kubeconfig, context, namespace }: Omit<ClusterValues, "output">,
  { env, signal }: Pick<Io, "env" | "signal">,
): Promise<Connection> {
  const source = configSource({ kubeconfig, context, environment: env });
  const config = await source.load();
  const closing = new AsyncDisposableStack();
  if (source.name !== "in-cluster") {
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-context-"));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const file = path.join(directory, "context.json");
    await writeFile(
      file,
      JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": config.getCurrentContext() }),
    );
    const before = process.env.KUBECONFIG;
    closing.defer(() => {
      if (before === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = before;
    });
    process.env.KUBECONFIG = [source.name, file].join(path.delimiter);
  }
  return {
    source,
    namespace: namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? "default",
    ask: (doing, call) =>
      unlessAborted(
        signal,
        call().catch((error: unknown) => Promise.reject(apiError(doing, error))),
      ),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** The client takes no signal: a person who gives up does not wait for its answer. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
