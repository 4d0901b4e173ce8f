import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ConfigSource, configSource } from "../../runtime/client-node.ts";
import type { Io } from "../command.ts";
import type { ClusterValues } from "./options.ts";
import { patiently, type Write } from "./patience.ts";

/** A cluster and the namespace that a command works in. */
export interface Connection extends AsyncDisposable {
  readonly namespace: string;
  readonly source: ConfigSource;
  /**
   * Asks the API server through kubernetes-fluent-client; `doing` stands before the reason when it refuses. A server that
   * is busy, starts or restarts is asked again for {@link patienceSeconds}, with a line on standard error: the call must be
   * one that may be done twice.
   */
  ask<T>(doing: string, call: () => Promise<T>, write?: Write): Promise<T>;
}

/** How long a command goes on asking a server that is busy or away. */
const patienceSeconds = 15;

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
    ask: (doing, call, write) =>
      patiently(
        { withinSeconds: patienceSeconds, say: (line) => stderr.write(`${line}\n`), signal },
        doing,
        call,
        write,
      ),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
