import { fetch, type GenericClass, modelToGroupVersionKind } from "kubernetes-fluent-client";
import { Dispatcher1Wrapper } from "undici";
import { systemClock } from "../../clock.ts";
import { type ConfigSource, Credentials, collectionPath, objectPath, typed } from "../../runtime/client-node.ts";
import type { Kind } from "../../runtime/kube-api.ts";

/** Selects objects of a kind in one namespace, or in all if it is undefined. */
export interface Where {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Selects one object. */
export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Requests for the kinds of kubernetes-fluent-client. Each rejects with its response if the server refuses or is
 * unreachable.
 */
export interface Requests extends AsyncDisposable {
  list(model: GenericClass, where: Where): Promise<unknown>;
  get(model: GenericClass, of: Named): Promise<unknown>;
  create(model: GenericClass, object: { readonly metadata: Named; readonly spec: unknown }): Promise<unknown>;
  /** A JSON patch (RFC 6902). */
  patch(model: GenericClass, of: Named, steps: readonly object[]): Promise<unknown>;
  /** The output of the containers of a Pod. */
  logs(model: GenericClass, of: Named): Promise<unknown>;
}

const connectMs = 10_000;

/**
 * Sends requests with the address and credentials of this source: `K8s()` of kubernetes-fluent-client can take them
 * only from the environment of the process. Headers that every request needs come with the credentials.
 */
export function requestsTo(source: ConfigSource): Requests {
  const credentials = new Credentials(source, systemClock, connectMs);
  return {
    list: (model, { namespace, labels = {} }) => {
      const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const query = selector.length === 0 ? "" : `?labelSelector=${encodeURIComponent(selector.join(","))}`;
      return send("GET", `${collectionPath(kindOf(model), namespace)}${query}`);
    },
    get: (model, of) => send("GET", objectPath(kindOf(model), of)),
    create: (model, object) => {
      const kind = kindOf(model);
      return send("POST", collectionPath(kind, object.metadata.namespace), typed(kind, object));
    },
    patch: (model, of, steps) => send("PATCH", objectPath(kindOf(model), of), steps, "application/json-patch+json"),
    logs: (model, of) => send("GET", objectPath(kindOf(model), of, "log")),
    [Symbol.asyncDispose]: () => credentials.close(),
  };

  async function send(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<unknown> {
    const access = await credentials.access();
    const init = {
      method,
      headers: {
        ...{ accept: "application/json, */*", "user-agent": "xensan", ...access.headers },
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    };
    // kubernetes-fluent-client uses an older undici: the wrapper converts its calls, and its types differ from ours.
    Object.assign(init, { dispatcher: new Dispatcher1Wrapper(access.dispatcher) });
    const answer = await fetch<unknown>(`${access.server.href.replace(/\/$/, "")}${path}`, init);
    if (answer.ok) return answer.data;
    if (answer.status === 401 || answer.e !== undefined) credentials.refused(access);
    throw answer;
  }
}

/** Every kind that commands request is namespaced. */
function kindOf(model: GenericClass): Kind {
  const { group, version = "v1", kind, plural = `${kind.toLowerCase()}s` } = modelToGroupVersionKind(model.name);
  return { group, version, kind, plural, namespaced: true };
}
