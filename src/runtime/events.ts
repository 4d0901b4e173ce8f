import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { rfc3339Micro } from "./conditions.ts";
import { eventKind, type KubeEvent, type ObjectReference } from "./kinds.ts";
import {
  isConflict,
  isNamespaceTerminating,
  isNotFound,
  type Kind,
  type KubeApi,
  KubeError,
  type KubeObject,
} from "./kube-api.ts";
import { WorkQueue } from "./work-queue.ts";

/** Content of one event (events.k8s.io/v1). */
export interface EventInput {
  readonly type: "Normal" | "Warning";
  /** PascalCase: why the event happened. */
  readonly reason: string;
  /** PascalCase: the action that was taken or attempted. */
  readonly action: string;
  /** For people; at most 1024 characters are kept. */
  readonly note: string;
}

/** Options of a recorder. */
export interface EventRecorderOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** For example `xensan.dev/operator`. */
  readonly controller: string;
  /** For example the pod's name. */
  readonly instance: string;
}

/** Equal events within this time become one event with a count. */
const seriesMs = 6 * 60_000;
/** A series is written again at most this often. */
const refreshMs = 60_000;
const maxSeries = 2000;
/** New events per object: this many at once, then one per refill. */
const burst = 25;
const refillMs = 60_000;
const maxFailures = 5;

interface Series {
  event: KubeEvent;
  stored: boolean;
  count: number;
  seenAt: number;
}

/**
 * Writes events.k8s.io/v1 events in the background. Never blocks its callers: an event that cannot be written is
 * dropped and logged.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: WorkQueue;
  /** Oldest first. */
  readonly #series = new Map<string, Series>();
  /** Events that are recorded at a later time unless they are withdrawn before. */
  readonly #later = new Map<string, { readonly record: () => void; readonly at: number }>();
  readonly #allowance = new Map<string, { tokens: number; at: number }>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ clock: options.clock });
  }

  /** Returns at once; {@link run} writes the event. */
  record<T extends KubeObject>(kind: Kind<T>, object: T, input: EventInput): void {
    const now = this.#options.clock.monotonic();
    const regarding = referenceTo(kind, object);
    const key = JSON.stringify([regarding.uid ?? regarding, input.type, input.reason, input.action, input.note]);
    const running = this.#series.get(key);
    this.#series.delete(key);
    if (running !== undefined && now - running.seenAt < seriesMs) {
      running.count += 1;
      running.seenAt = now;
      this.#series.set(key, running);
      this.#queue.addAfter(key, running.stored ? refreshMs : 0);
      return;
    }
    if (!this.#allowed(JSON.stringify(regarding.uid ?? regarding), now)) {
      this.#options.log.debug({ regarding, ...input }, "event dropped: too many for this object");
      return;
    }
    this.#series.set(key, { event: this.#event(regarding, input), stored: false, count: 1, seenAt: now });
    for (const [oldest] of this.#series) {
      if (this.#series.size <= maxSeries) break;
      this.#series.delete(oldest);
    }
    this.#queue.add(key);
  }

  /** Records the event after `ms` milliseconds, unless it is withdrawn, or replaced under the same `slot`, before. */
  recordAfter<T extends KubeObject>(kind: Kind<T>, object: T, slot: string, input: EventInput, ms: number): void {
    const key = laterKey(object, slot);
    this.#later.set(key, { record: () => this.record(kind, object, input), at: this.#options.clock.monotonic() + ms });
    this.#queue.addAfter(key, ms);
  }

  /** Withdraws the event that {@link recordAfter} received for the object under this slot. */
  withdraw(object: KubeObject, slot: string): void {
    this.#later.delete(laterKey(object, slot));
  }

  #due(key: string): boolean {
    if (!key.startsWith(laterPrefix)) return false;
    const later = this.#later.get(key);
    const left = (later?.at ?? 0) - this.#options.clock.monotonic();
    if (later === undefined || left > 0) {
      if (later !== undefined) this.#queue.addAfter(key, left);
      return true;
    }
    this.#later.delete(key);
    later.record();
    return true;
  }

  /** Writes until the signal is aborted; events still waiting then are lost. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.take(signal);
      if (key === undefined) return;
      const series = this.#series.get(key);
      try {
        if (!this.#due(key) && series !== undefined) await this.#write(series, signal);
        this.#queue.forget(key);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(key, error);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #write(series: Series, signal: AbortSignal): Promise<void> {
    const { api } = this.#options;
    const { metadata } = series.event;
    if (series.stored) {
      const key = { namespace: metadata.namespace ?? "default", name: metadata.name };
      const patch = { series: { count: series.count, lastObservedTime: this.#now() } };
      try {
        await api.mergePatch(eventKind, key, patch, signal);
        return;
      } catch (error) {
        // Events are kept for about an hour; a series may live longer.
        if (!isNotFound(error)) throw error;
        series.stored = false;
      }
    }
    const { count } = series;
    const repeated = count > 1 ? { series: { count, lastObservedTime: this.#now() } } : {};
    series.event = {
      ...series.event,
      metadata: { ...metadata, name: this.#name(series.event.regarding) },
      ...repeated,
    };
    await api.create(eventKind, series.event, signal);
    series.stored = true;
  }

  #failed(key: string, error: unknown): void {
    const refused = error instanceof KubeError && [400, 403, 404, 422].includes(error.status) && !isConflict(error);
    if (refused || this.#queue.failures(key) >= maxFailures) {
      const dropped = { err: error, event: this.#series.get(key)?.event };
      // Every event about an object in that namespace is refused, and nobody could read it either.
      if (isNamespaceTerminating(error)) this.#options.log.debug(dropped, "event dropped");
      else this.#options.log.warn(dropped, "event dropped");
      this.#series.delete(key);
      this.#queue.forget(key);
      return;
    }
    this.#queue.addRateLimited(key);
  }

  #event(regarding: ObjectReference, { type, reason, action, note }: EventInput): KubeEvent {
    const { controller, instance } = this.#options;
    return {
      metadata: { namespace: regarding.namespace ?? "default", name: this.#name(regarding) },
      eventTime: this.#now(),
      type,
      reason: reason.slice(0, 128),
      action: action.slice(0, 128),
      note: note.length <= 1024 ? note : `${note.slice(0, 1023)}…`,
      regarding,
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
    };
  }

  #name(regarding: ObjectReference): string {
    const { clock } = this.#options;
    const unique = `${Math.floor(clock.now()).toString(16)}${Math.floor(clock.random() * 2 ** 32).toString(16)}`;
    return `${(regarding.name ?? "event").slice(0, 200)}.${unique}`;
  }

  #allowed(object: string, now: number): boolean {
    const before = this.#allowance.get(object) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, before.tokens + (now - before.at) / refillMs);
    this.#allowance.delete(object);
    this.#allowance.set(object, { tokens: Math.max(0, tokens - 1), at: now });
    for (const [oldest] of this.#allowance) {
      if (this.#allowance.size <= maxSeries) break;
      this.#allowance.delete(oldest);
    }
    return tokens >= 1;
  }

  #now(): string {
    return rfc3339Micro(this.#options.clock.now());
  }
}

const laterPrefix = "later ";
const laterKey = ({ metadata: { uid, namespace, name } }: KubeObject, slot: string) =>
  `${laterPrefix}${uid ?? `${namespace}/${name}`} ${slot}`;

function referenceTo<T extends KubeObject>(kind: Kind<T>, { metadata }: T): ObjectReference {
  return {
    apiVersion: kind.group === "" ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
  };
}
