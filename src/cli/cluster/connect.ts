import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { systemClock } from "../../clock.ts";
import { after, TimeoutError } from "../../runtime/cancellation.ts";
import { type ConfigSource, configSource } from "../../runtime/client-node.ts";
import { retrying } from "../../runtime/retry.ts";
import type { Io } from "../command.ts";
import { ApiError, apiError, failureOfCall } from "./api-error.ts";
import type { ClusterValues } from "./options.ts";

/** A cluster and the namespace that a command works in. */
export interface Connection extends AsyncDisposable {
  readonly namespace: string;
  readonly source: ConfigSource;
  /**
   * Asks the API server through kubernetes-fluent-client; `doing` stands before the reason when it refuses. A server that
   * is busy, starts or restarts is asked again for {@link patienceSeconds}, with a line on standard error. `Once`: the call
   * must not be done twice, so it is repeated only when the server did none of it.
   */
  ask<T>(doing: string, call: () => Promise<T>, repeat?: "Freely" | "Once"): Promise<T>;
}

/** How long a command goes on asking a server that is busy or away. */
const patienceSeconds = 15;
/** A server that hangs has been asked for long enough. */
const answerSeconds = 12;

/**
 * Finds the cluster as kubectl does. kubernetes-fluent-client finds it by itself, by KUBECONFIG and nothing else, and
 * takes the current context of the last of several files: so KUBECONFIG is set, and a file with nothing in it but the
 * context is put last.
 */
export async function connect(
  { kubeconfig, context, namespace }: Omit<ClusterValues, "output">,
  { env, signal, stderr }: Pick<Io, "env" | "signal" | "stderr">,
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
    ask: (doing, call, repeat = "Freely") =>
      retrying(
        {
          clock: systemClock,
          withinSeconds: patienceSeconds,
          repeatable: repeat === "Freely",
          judge: failureOfCall,
          signal,
          onWait: ({ error, delaySeconds }) => {
            const why = error instanceof Error ? error.message : String(error);
            stderr.write(`${why}; trying again in ${delaySeconds.toFixed(1)} s\n`);
          },
        },
        () =>
          unlessAborted(
            signal,
            withinTime(
              doing,
              call().catch((error: unknown) => Promise.reject(apiError(doing, error))),
            ),
          ),
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

function withinTime<T>(doing: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = after(systemClock, answerSeconds * 1000, () => {
    const cause = new TimeoutError(`no answer within ${answerSeconds} s`);
    late.reject(new ApiError(`${doing}: the API server gave ${cause.message}`, { status: undefined, cause }));
  });
  return Promise.race([promise, late.promise]).finally(() => timer[Symbol.dispose]());
}
