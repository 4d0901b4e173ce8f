import { isRecord } from "../../runtime/equality.ts";
import { KubeError, keyOf, type PatchingKubeApi } from "../../runtime/kube-api.ts";

/** A client that repeats a refused apply after the patch of {@link patchForEmptied}, if there is one. */
export function emptyingFirst<Client extends PatchingKubeApi>(client: Client): Client {
  return {
    ...client,
    async apply(kind, object, options) {
      try {
        return await client.apply(kind, object, options);
      } catch (error) {
        const patch = patchForEmptied(object, error);
        if (patch === undefined) throw error;
        const { signal, fieldManager, subresource } = options;
        const as = { fieldManager, ...(subresource === undefined ? {} : { subresource }) };
        const { resourceVersion } = (await client.mergePatch(kind, keyOf(object), patch, signal, as)).metadata;
        const { metadata } = object;
        if (metadata.resourceVersion === undefined || resourceVersion === undefined)
          return await client.apply(kind, object, options);
        return await client.apply(kind, { ...object, metadata: { ...metadata, resourceVersion } }, options);
      }
    },
  };
}

/**
 * Kubernetes 1.20 turns an object whose fields an apply all removes into `null`, and then refuses it as "not of type
 * object". Returns a merge patch that removes those objects first, or undefined if the error is another one. A path
 * through a list is replaced from the list on.
 */
export function patchForEmptied(desired: { readonly [field: string]: unknown }, error: unknown): object | undefined {
  if (!(error instanceof KubeError) || error.status !== 422 || error.fields.length === 0) return undefined;
  if (!error.message.includes('Invalid value: "null"')) return undefined;
  const patch: Record<string, unknown> = {};
  for (const field of error.fields) {
    const steps = (field.split("[")[0] ?? "").split(".");
    const [root] = steps;
    if (root === undefined || root === "" || root === "metadata") return undefined;
    const value = at(desired, steps);
    // Our own value: not emptied, but wrong.
    if (isRecord(value)) return undefined;
    put(patch, steps, value ?? null);
  }
  const identity = isRecord(desired.metadata) ? pick(desired.metadata, ["uid", "resourceVersion"]) : {};
  return Object.keys(identity).length === 0 ? patch : { ...patch, metadata: identity };
}

function pick(from: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
}

function at(value: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((part, step) => (isRecord(part) ? part[step] : undefined), value);
}

function put(target: Record<string, unknown>, steps: readonly string[], value: unknown): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  if (rest.length === 0) {
    target[step] = value;
    return;
  }
  const below = target[step];
  const next: Record<string, unknown> = isRecord(below) ? below : {};
  target[step] = next;
  put(next, rest, value);
}
