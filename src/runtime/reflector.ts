import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { type Backoff, backoffDelay, jittered } from "./backoff.ts";
import { type Capacity, TooManyObjects } from "./capacity.ts";
import { keeping } from "./kept.ts";
import { isGone, isTooLarge, type Kind, type KubeApi, type KubeList, type KubeObject } from "./kube-api.ts";
import { type IndexFunction, type ReadonlyStore, Store } from "./store.ts";

/** Options of a reflector. */
export interface ReflectorOptions<T extends KubeObject> {
  readonly api: KubeApi;
  readonly kind: Kind<T>;
  readonly clock: Clock;
  readonly log: Logger;
  /** All namespaces when absent. */
  readonly namespace?: string;
  /** Hides objects that do not match: `type=kubernetes.io/ssh-auth`. */
  readonly fieldSelector?: string;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Whether one copy of a version has more than another; by default all copies are the same. */
  readonly hasMore?: (one: T, other: T) => boolean;
  /** Objects per page of a list; fewer where a page would have more bytes than `pageBytes`. */
  readonly pageSize?: number;
  readonly pageBytes?: number;
  /** Whether the store keeps labels and annotations of this name; all when absent. */
  readonly keeps?: (name: string) => boolean;
  /** How often, about, the store is compared with a fresh list, to find whatever a watch may miss. */
  readonly relistSeconds?: number;
  /** The server ends a watch after this time up to twice that; the next watch continues from there. */
  readonly watchSeconds?: number;
  readonly backoff?: Backoff;
  /** A first list with more objects than there is memory for is not read to its end. */
  readonly capacity?: Capacity | undefined;
}

const defaults = {
  /** A page is parsed in one go. Four MiB take some 30 ms; 500 objects of the usual size have about two. */
  pageBytes: 4 * 2 ** 20,
  pageSize: 500,
  relistSeconds: 3600,
  watchSeconds: 300,
  backoff: { baseMs: 800, maxMs: 30_000 },
};
/** A watch that ends sooner than this, without an event, is a sign of a failing server. */
const shortWatchMs = 1000;
/** Wait before the objects are listed again when there were too many. */
const fullMs = 60_000;

/**
 * Mirrors one kind into a store: lists in pages, then watches from there, until it is stopped. After a dropped
 * connection, an error or `410 Gone` it watches or lists again with a jittered backoff; the store keeps serving its
 * contents meanwhile.
 */
export class Reflector<T extends KubeObject> {
  readonly kind: Kind<T>;
  readonly #options: ReflectorOptions<T> & typeof defaults;
  readonly #store: Store<T>;
  readonly #log: Logger;
  readonly #waiting = new Set<() => void>();
  #synced = false;
  #resourceVersion: string | undefined;
  #relistAt = 0;
  #failures = 0;
  #refusal: TooManyObjects | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.kind = options.kind;
    this.#options = { ...defaults, ...options };
    this.#log = options.log.child({ reflector: options.kind.kind });
    const { indexes = {}, hasMore, keeps } = options;
    this.#store = new Store<T>({ log: this.#log, indexes, keep: keeping(keeps), hasMore });
  }

  /** The mirrored namespace; undefined for all. */
  get namespace(): string | undefined {
    return this.#options.namespace;
  }

  get store(): ReadonlyStore<T> {
    return this.#store;
  }

  /** Whether a whole list has been read. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Why it does not sync: there are too many objects for this process. */
  get refusal(): string | undefined {
    return this.#refusal?.message;
  }

  /** Resolves when the store holds a whole list; rejects if the signal is aborted first. */
  async untilSynced(signal: AbortSignal): Promise<void> {
    if (this.#synced) return;
    await new Promise<void>((resolve, reject) => {
      const settle = () => {
        this.#waiting.delete(settle);
        signal.removeEventListener("abort", settle);
        if (this.#synced) resolve();
        else reject(signal.reason);
      };
      this.#waiting.add(settle);
      if (signal.aborted) settle();
      else signal.addEventListener("abort", settle, { once: true });
    });
  }

  /** Runs until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, backoff } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined || clock.monotonic() >= this.#relistAt) await this.#list(signal);
        await this.#watch(signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof TooManyObjects) {
          if (this.#refusal === undefined) this.#log.error(error.message);
          this.#refusal = error;
          await clock.sleep(fullMs, signal).catch(() => undefined);
          continue;
        }
        this.#failures += 1;
        if (isGone(error)) this.#resourceVersion = undefined;
        const delay = isGone(error) && this.#failures === 1 ? 0 : backoffDelay(clock, backoff, this.#failures);
        this.#log.warn({ err: error, failures: this.#failures, delaySeconds: delay / 1000 }, "list or watch failed");
        await clock.sleep(delay, signal).catch(() => undefined);
      }
    }
  }

  #where(): { readonly namespace?: string; readonly fieldSelector?: string } {
    const { namespace, fieldSelector } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { clock, relistSeconds } = this.#options;
    const started = clock.monotonic();
    const pages = this.#pages(signal);
    let page = await pages();
    // All pages show the snapshot of the first page; the watch must start at its version.
    const { resourceVersion } = page;
    const rewind = wentBack(this.#resourceVersion, resourceVersion);
    const replacing = this.#store.replacing({ initial: !this.#synced, rewind });
    let items = page.items.length;
    replacing.page(page.items);
    while (page.continue !== undefined && page.continue !== "") {
      this.#checkRoom(items + (page.remainingItemCount ?? 1));
      page = await pages(page.continue);
      items += page.items.length;
      replacing.page(page.items);
    }
    replacing.end();
    this.#refusal = undefined;
    this.#resourceVersion = resourceVersion;
    this.#relistAt = clock.monotonic() + 1000 * jittered(clock, relistSeconds * 0.9, relistSeconds * 1.1);
    this.#synced = true;
    for (const settle of [...this.#waiting]) settle();
    const seconds = (clock.monotonic() - started) / 1000;
    this.#log.debug({ items, resourceVersion, seconds }, "listed");
  }

  /**
   * Reads the pages of one list. Users choose how large their objects are: where a page would be too large to be parsed
   * at once, this one and the following have a quarter of the objects.
   */
  #pages(signal: AbortSignal): (token?: string) => Promise<KubeList<T>> {
    const { api, kind, pageSize, pageBytes } = this.#options;
    let limit = pageSize;
    return async (token) => {
      for (;;) {
        const bound = limit > 1 ? { maxBytes: pageBytes } : {};
        const from = token === undefined ? {} : { continue: token };
        try {
          return await api.list(kind, { signal, ...this.#where(), limit, ...bound, ...from });
        } catch (error) {
          if (limit === 1 || !isTooLarge(error)) throw error;
          limit = Math.max(1, Math.floor(limit / 4));
        }
      }
    };
  }

  /**
   * `listed`: the objects that a first list has returned and will return; the store may hold objects of a list that was
   * refused before.
   */
  #checkRoom(listed: number): void {
    const { capacity } = this.#options;
    if (capacity === undefined || this.#synced) return;
    const objects = capacity.objects() - this.#store.size + listed;
    if (objects > capacity.atMost) throw new TooManyObjects(capacity.atMost, objects);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { api, kind, clock, watchSeconds } = this.#options;
    const untilRelist = Math.max(1, Math.ceil((this.#relistAt - clock.monotonic()) / 1000));
    const timeoutSeconds = Math.min(Math.ceil(jittered(clock, watchSeconds, 2 * watchSeconds)), untilRelist);
    const started = clock.monotonic();
    let events = 0;
    const options = { resourceVersion: this.#resourceVersion ?? "", timeoutSeconds, signal, ...this.#where() };
    for await (const event of api.watch(kind, options)) {
      events += 1;
      this.#failures = 0;
      if (event.type === "BOOKMARK") {
        this.#resourceVersion = event.resourceVersion;
        continue;
      }
      if (event.type === "DELETED") this.#store.delete(event.object);
      else this.#store.put(event.object);
      this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
    }
    if (!signal.aborted && events === 0 && clock.monotonic() - started < Math.min(shortWatchMs, timeoutSeconds * 500))
      throw new Error("the watch ended immediately without an event");
  }
}

function wentBack(before: string | undefined, now: string): boolean {
  return before !== undefined && /^\d+$/.test(before) && /^\d+$/.test(now) && BigInt(now) < BigInt(before);
}
