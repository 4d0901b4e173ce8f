import { type ConfigSource, configSource } from "../../runtime/client-node.ts";
import { type Io, UsageError } from "../command.ts";
import type { ClusterValues } from "./options.ts";
import { type Requests, requestsTo } from "./requests.ts";
import { type Write, withRetries } from "./retry.ts";

/** A cluster and the namespaces that a command works in. */
export interface Connection extends AsyncDisposable {
  /** The namespace of objects that are given by name. */
  readonly namespace: string;
  /** The namespace whose objects are listed: `namespace`, or undefined for all namespaces (`--all-namespaces`). */
  readonly scope: string | undefined;
  readonly source: ConfigSource;
  /** For the calls of {@link ask}. */
  readonly requests: Requests;
  /**
   * Calls the API server. `doing`: what the call does; error messages begin with it. Repeats the call for
   * {@link retryWithinSeconds} while the server is busy, starts or restarts, with a line on standard error: the call
   * must be safe to repeat.
   */
  ask<T>(doing: string, call: () => Promise<T>, write?: Write): Promise<T>;
}

/** The flags that select cluster, namespace and identity. */
export type ConnectionValues = Omit<ClusterValues, "output"> & { readonly "all-namespaces"?: boolean };

/** How long a command repeats calls to a server that is busy or unreachable. */
const retryWithinSeconds = 15;

/** Finds the cluster as kubectl does. */
export async function connect(
  {
    kubeconfig,
    context,
    "all-namespaces": everywhere,
    as: user,
    "as-group": groups,
    "as-uid": uid,
    ...given
  }: ConnectionValues,
  { env, signal, stderr }: Pick<Io, "env" | "signal" | "stderr">,
): Promise<Connection> {
  if (user === undefined && (groups.length > 0 || uid !== undefined))
    throw new UsageError(`${uid === undefined ? "--as-group" : "--as-uid"} needs the user to impersonate: --as USER`);
  const impersonate = user === undefined ? undefined : { user, groups, uid };
  const source = configSource({ kubeconfig, context, impersonate, environment: env });
  const config = await source.load();
  const requests = requestsTo(source);
  const namespace = given.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  return {
    ...{ source, requests, namespace, scope: everywhere === true ? undefined : namespace },
    ask: (doing, call, write) =>
      withRetries(
        { withinSeconds: retryWithinSeconds, say: (line) => stderr.write(`${line}\n`), signal },
        doing,
        call,
        write,
      ),
    [Symbol.asyncDispose]: () => requests[Symbol.asyncDispose](),
  };
}

/** The same cluster, limited to the objects of one namespace. */
export const within = (connection: Connection, namespace: string): Connection => ({
  ...connection,
  namespace,
  scope: namespace,
});

/** The scope of a connection, in words. */
export const scopeText = (scope: string | undefined): string =>
  scope === undefined ? "all namespaces" : `namespace ${scope}`;
