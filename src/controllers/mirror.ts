import type { Kind, KubeObject, ObjectKey } from "../runtime/kube-api.ts";
import type { Reflector } from "../runtime/reflector.ts";
import type { ReadonlyStore } from "../runtime/store.ts";

/** One store over several reflectors of one kind, each for a namespace or a selection. */
export class Mirror<T extends KubeObject> {
  readonly kind: Kind<T>;
  readonly store: ReadonlyStore<T>;
  readonly #reflectors: readonly Reflector<T>[];

  /** No object may be seen by two of the reflectors. */
  constructor(kind: Kind<T>, reflectors: readonly Reflector<T>[]) {
    this.kind = kind;
    this.#reflectors = reflectors;
    const [only] = reflectors;
    this.store = only !== undefined && reflectors.length === 1 ? only.store : union(reflectors);
  }

  get synced(): boolean {
    return this.#reflectors.every(({ synced }) => synced);
  }

  /** Why it cannot become synced: there are too many objects for this process. */
  get refusal(): string | undefined {
    return this.#reflectors.find(({ refusal }) => refusal !== undefined)?.refusal;
  }

  async untilSynced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.untilSynced(signal)));
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }
}

function union<T extends KubeObject>(reflectors: readonly Reflector<T>[]): ReadonlyStore<T> {
  const all = reflectors.map(({ store }) => store);
  const byNamespace = Map.groupBy(reflectors, ({ namespace }) => namespace);
  const of = (namespace: string) =>
    [...(byNamespace.get(namespace) ?? []), ...(byNamespace.get(undefined) ?? [])].map(({ store }) => store);
  return {
    get size() {
      return all.reduce((sum, { size }) => sum + size, 0);
    },
    get: (key: ObjectKey) => {
      for (const store of of(key.namespace)) {
        const found = store.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    list: (namespace) =>
      namespace === undefined
        ? all.flatMap((store) => store.list())
        : of(namespace).flatMap((store) => store.list(namespace)),
    byIndex: (index, value) => all.flatMap((store) => store.byIndex(index, value)),
    subscribe(listener) {
      const stops = all.map((store) => store.subscribe(listener));
      return () => {
        for (const stop of stops) stop();
      };
    },
    observe(object) {
      for (const store of of(object.metadata.namespace ?? "")) store.observe(object);
    },
  };
}
