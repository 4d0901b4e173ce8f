import type { GenericClass } from "kubernetes-fluent-client";
import type { Connection } from "./connect.ts";

/** One step of a JSON patch (RFC 6902). */
export type PatchStep =
  | { readonly op: "add"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** Changes an object in the connection's namespace; resolves to the object as the API server stored it. */
export function patch(
  connection: Connection,
  model: GenericClass,
  name: string,
  steps: readonly PatchStep[],
): Promise<unknown> {
  const { namespace, requests } = connection;
  return connection.ask(`changing ${model.name} ${name}`, () => requests.patch(model, { namespace, name }, steps), {
    check: `kubectl -n ${namespace} get ${model.name.toLowerCase()} ${name} -o yaml`,
  });
}
