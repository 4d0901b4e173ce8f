import { errors } from "undici";
import { type Clock, systemClock } from "../../clock.ts";
import {
  type Kind,
  KubeError,
  type KubeObject,
  keyOf,
  type PatchingKubeApi,
  type WatchEvent,
  type WatchOptions,
} from "../kube-api.ts";
import type { Metrics } from "../metrics.ts";
import type { Review } from "../metrics-guard.ts";
import {
  bookmarkSchema,
  errorFrom,
  isObject,
  listSchema,
  openApiIndexSchema,
  parseJson,
  versionSchema,
  watchLineSchema,
} from "./answers.ts";
import { type Call, Connection, type Wait } from "./connection.ts";
import { linesOf } from "./lines.ts";
import { collectionPath, objectPath } from "./paths.ts";
import type { ConfigSource } from "./source.ts";

/** A {@link KubeApi} with the functions that only a real server has. */
export interface KubeClient extends PatchingKubeApi {
  /** The server's address. */
  server(): Promise<URL>;
  /** Sends a review, which the server answers and does not store. */
  readonly review: Review;
  /**
   * The OpenAPI v3 document of a group and version; undefined if the server serves nothing of it. Rejects with 404 if
   * the server publishes no such documents.
   */
  published(of: { readonly group: string; readonly version: string }, signal?: AbortSignal): Promise<unknown>;
  /** The server's release of Kubernetes, like `v1.37.2`. */
  release(signal?: AbortSignal): Promise<string>;
  /** Ends all requests and watches. */
  close(): Promise<void>;
}

/** Options of a client. */
export interface KubeClientOptions {
  readonly source: ConfigSource;
  readonly clock?: Clock;
  readonly metrics?: Metrics;
  /**
   * A watch that is silent for this long is closed and opened again: a connection may be dead without a sign. The
   * server sends a bookmark about every minute.
   */
  readonly watchSilenceSeconds?: number;
  /**
   * A request without an answer after this long fails, 60 by default; a connection must be established within at most
   * 10.
   */
  readonly answerSeconds?: number;
  /** Called when the server, overloaded or starting (429, 503), asks to wait before the request is repeated. */
  readonly onWait?: (wait: Wait) => void;
  /** `Repeat`: a read without an answer is repeated for a while, as after a 503. `Fail` by default. */
  readonly unanswered?: "Repeat" | "Fail";
}

/**
 * {@link KubeApi} of a real API server: client-node reads the configuration and authenticates, undici sends the
 * requests.
 */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { source, clock = systemClock, metrics, onWait, answerSeconds, unanswered } = options;
  const { watchSilenceSeconds = 120 } = options;
  const connection = new Connection(source, { clock, metrics, onWait, answerSeconds, unanswered });
  const one = async <T extends KubeObject>(kind: Kind<T>, call: Call): Promise<T> =>
    objectOf<T>(kind, await connection.json(call));

  return {
    server: () => connection.server(),
    close: () => connection.close(),
    review: (kind, spec) => {
      const group = reviewGroups[kind];
      const body = { apiVersion: `${group}/v1`, kind, spec };
      return connection.json({ method: "POST", path: `/apis/${group}/v1/${kind.toLowerCase()}s`, body });
    },

    async release(signal) {
      return versionSchema.parse(await connection.json({ method: "GET", path: "/version", signal })).gitVersion;
    },

    async published({ group, version }, signal) {
      const { paths } = openApiIndexSchema.parse(await connection.json({ method: "GET", path: "/openapi/v3", signal }));
      const path = `apis/${group}/${version}`;
      return paths[path] === undefined
        ? undefined
        : await connection.json({ method: "GET", path: `/openapi/v3/${path}`, signal });
    },

    async list(kind, { namespace, limit, maxBytes, continue: token, labelSelector, fieldSelector, signal } = {}) {
      const answer = listSchema.parse(
        await connection.json({
          method: "GET",
          path: collectionPath(kind, namespace),
          query: { limit, continue: token, labelSelector, fieldSelector },
          maxBytes,
          signal,
        }),
      );
      const items = (answer.items ?? []).map((item) => objectOf(kind, item));
      const { resourceVersion, continue: next, remainingItemCount } = answer.metadata;
      if (next === undefined || next === "") return { items, resourceVersion };
      const page = { items, resourceVersion, continue: next };
      return remainingItemCount === undefined ? page : { ...page, remainingItemCount };
    },

    watch: (kind, watchOptions) => watch(connection, kind, watchOptions, watchSilenceSeconds * 1000),

    get: (kind, key, signal) => one(kind, { method: "GET", path: objectPath(kind, key), signal }),

    create(kind, object, signal) {
      const path = collectionPath(kind, keyOf(object).namespace);
      return one(kind, { method: "POST", path, body: typed(kind, object), signal });
    },

    update: (kind, object, signal) => {
      if (object.metadata.resourceVersion === undefined)
        return Promise.reject(
          new KubeError(
            409,
            "Conflict",
            `${kind.kind} ${object.metadata.name}: an update needs metadata.resourceVersion`,
          ),
        );
      return one(kind, { method: "PUT", path: objectPath(kind, keyOf(object)), body: typed(kind, object), signal });
    },

    mergePatch: (kind, key, patch, signal, { subresource, ...query } = {}) =>
      one(kind, {
        method: "PATCH",
        path: objectPath(kind, key, subresource),
        query,
        body: patch,
        contentType: "application/merge-patch+json",
        signal,
      }),

    apply: (kind, object, { fieldManager, force, subresource, signal }) =>
      one(kind, {
        method: "PATCH",
        path: objectPath(kind, keyOf(object), subresource),
        query: { fieldManager, force },
        body: typed(kind, object),
        // JSON is YAML.
        contentType: "application/apply-patch+yaml",
        signal,
      }),

    async delete(kind, key, { preconditions, signal } = {}) {
      await connection.json({
        method: "DELETE",
        path: objectPath(kind, key),
        body: { apiVersion: "v1", kind: "DeleteOptions", ...(preconditions === undefined ? {} : { preconditions }) },
        signal,
      });
    },
  };
}

const reviewGroups = {
  TokenReview: "authentication.k8s.io",
  SubjectAccessReview: "authorization.k8s.io",
  SelfSubjectAccessReview: "authorization.k8s.io",
};

async function* watch<T extends KubeObject>(
  connection: Connection,
  kind: Kind<T>,
  { namespace, fieldSelector, resourceVersion, timeoutSeconds = 600, signal }: WatchOptions,
  silenceMs: number,
): AsyncGenerator<WatchEvent<T>> {
  const call: Call = {
    method: "GET",
    path: collectionPath(kind, namespace),
    query: { watch: true, allowWatchBookmarks: true, fieldSelector, resourceVersion, timeoutSeconds },
    silenceMs,
    signal,
  };
  try {
    const body = await connection.open(call);
    try {
      for await (const line of linesOf(body)) {
        if (signal.aborted) return;
        yield watchEvent(kind, line);
      }
    } finally {
      body.destroy();
    }
  } catch (error) {
    if (signal.aborted || error instanceof errors.BodyTimeoutError) return;
    if (error instanceof KubeError) throw error;
    throw new KubeError(
      0,
      "NoAnswer",
      `watch ${call.path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

function watchEvent<T extends KubeObject>(kind: Kind<T>, line: string): WatchEvent<T> {
  const parsed = watchLineSchema.safeParse(parseJson(line));
  if (!parsed.success) throw new KubeError(0, "BadAnswer", `not a watch event: ${line.slice(0, 200)}`);
  const { type, object } = parsed.data;
  if (type === "ERROR") throw errorFrom(200, JSON.stringify(object));
  if (type === "BOOKMARK") return { type, resourceVersion: bookmarkSchema.parse(object).metadata.resourceVersion };
  return { type, object: objectOf(kind, object) };
}

/** Adds the type, which items of a list lack. */
function objectOf<T extends KubeObject>(kind: Kind<T>, value: unknown): T {
  if (!isObject<T>(value))
    throw new KubeError(
      0,
      "BadAnswer",
      `the server did not send a ${kind.kind} but ${JSON.stringify(value)?.slice(0, 200)}`,
    );
  return value.kind === undefined ? { ...typeOf(kind), ...value } : value;
}

/** The object with the `apiVersion` and `kind` of its kind. */
export const typed = (kind: Kind, object: object): object => ({ ...typeOf(kind), ...object });
const typeOf = ({ group, version, kind }: Kind) => ({
  apiVersion: group === "" ? version : `${group}/${version}`,
  kind,
});
