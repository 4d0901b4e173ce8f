import { isConflict, isNotFound, type Kind, type KubeApi, type KubeObject, keyOf } from "./kube-api.ts";

/** Whether the object has the finalizer. */
export const hasFinalizer = (object: KubeObject, finalizer: string): boolean =>
  object.metadata.finalizers?.includes(finalizer) ?? false;

/** True from the deletion of the object until its last finalizer is removed. */
export const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;

interface FinalizerRequest<T extends KubeObject> {
  readonly api: KubeApi;
  readonly kind: Kind<T>;
  readonly object: T;
  readonly finalizer: string;
  readonly signal?: AbortSignal;
}

/** Ensures the finalizer, before any change that must be undone. Returns the resulting object. */
export async function addFinalizer<T extends KubeObject>(request: FinalizerRequest<T>): Promise<T> {
  return await change(request, (present) =>
    present.includes(request.finalizer) ? present : [...present, request.finalizer],
  );
}

/** Removes our finalizer and keeps others. Returns undefined if the object is gone already. */
export async function removeFinalizer<T extends KubeObject>(request: FinalizerRequest<T>): Promise<T | undefined> {
  try {
    return await change(request, (present) =>
      present.includes(request.finalizer) ? present.filter((name) => name !== request.finalizer) : present,
    );
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const attempts = 5;

/** A merge patch replaces the whole list, so it carries the resourceVersion at which the list was read. */
async function change<T extends KubeObject>(
  { api, kind, object, signal }: FinalizerRequest<T>,
  to: (present: readonly string[]) => readonly string[],
): Promise<T> {
  const key = keyOf(object);
  let current = object;
  for (let attempt = 1; ; attempt += 1) {
    const present = current.metadata.finalizers ?? [];
    const finalizers = to(present);
    if (finalizers === present) return current;
    try {
      return await api.mergePatch(kind, key, { metadata: { ...identityOf(current), finalizers } }, signal);
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error;
      current = await api.get(kind, key, signal);
      // Do not touch another object of the same name.
      if (current.metadata.uid !== object.metadata.uid) throw error;
    }
  }
}

function identityOf({ metadata: { uid, resourceVersion } }: KubeObject) {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}
