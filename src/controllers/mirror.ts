import type { KubeObject, ObjectKey } from "../runtime/kube-api.ts";
import type { Reflector } from "../runtime/reflector.ts";
import type { ReadonlyStore } from "../runtime/store.ts";

/** One kind in one or several namespaces, each mirrored by its own reflector, read as one store. */
export class Mirror<T extends KubeObject> {
  readonly store: ReadonlyStore<T>;
  readonly #reflectors: readonly Reflector<T>[];

  /** With one reflector for all namespaces, or one per namespace in the order of `namespaces`. */
  constructor(reflectors: readonly Reflector<T>[], namespaces: readonly string[] | undefined) {
    this.#reflectors = reflectors;
    const [only] = reflectors;
    this.store = only !== undefined && reflectors.length === 1 ? only.store : union(reflectors, namespaces ?? []);
  }

  get synced(): boolean {
    return this.#reflectors.every(({ synced }) => synced);
  }

  async untilSynced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.untilSynced(signal)));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }
}

function union<T extends KubeObject>(
  reflectors: readonly Reflector<T>[],
  namespaces: readonly string[],
): ReadonlyStore<T> {
  const stores = new Map(reflectors.map(({ store }, index) => [namespaces[index] ?? "", store]));
  const all = [...stores.values()];
  const of = (key: ObjectKey) => stores.get(key.namespace);
  return {
    get size() {
      return all.reduce((sum, { size }) => sum + size, 0);
    },
    get: (key) => of(key)?.get(key),
    list: (namespace) =>
      namespace === undefined ? all.flatMap((store) => store.list()) : (stores.get(namespace)?.list() ?? []),
    byIndex: (index, value) => all.flatMap((store) => store.byIndex(index, value)),
    subscribe(listener) {
      const stops = all.map((store) => store.subscribe(listener));
      return () => {
        for (const stop of stops) stop();
      };
    },
    observe: (object) => stores.get(object.metadata.namespace ?? "")?.observe(object),
  };
}
