import { z } from "zod";
import {
  type Kind,
  type KubeApi,
  KubeError,
  type KubeList,
  type KubeObject,
  type WatchEvent,
} from "../../src/runtime/kube-api.ts";

/**
 * A KubeApi in another process, so that the cost of the operator's process can be measured alone. Objects arrive as
 * newly parsed copies, as they do over HTTP.
 */
const questionSchema = z.object({
  id: z.int(),
  verb: z.enum(["list", "get", "create", "update", "mergePatch", "apply", "delete", "watch", "unwatch"]),
  kind: z.unknown(),
  arguments: z.array(z.unknown()),
});
const answerSchema = z.object({
  id: z.int(),
  kind: z.enum(["answer", "event", "end", "error"]),
  value: z.unknown().optional(),
});
const errorSchema = z.object({ status: z.int(), reason: z.string(), message: z.string() });

export interface Port {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** Serves a real KubeApi. The types of messages are not checked: both ends are in this repository. */
export function serveApi(api: KubeApi, port: Port): void {
  const watches = new Map<number, AbortController>();
  port.onMessage((message) => {
    const question = questionSchema.safeParse(message);
    if (!question.success) return;
    const { id, verb, kind, arguments: given } = question.data;
    const reply = (answer: "answer" | "event" | "end" | "error", value?: unknown) =>
      port.send({ id, kind: answer, value });
    const fail = (error: unknown) => {
      const {
        status,
        reason,
        message: text,
      } = error instanceof KubeError ? error : new KubeError(0, "", String(error));
      reply("error", { status, reason, message: text });
    };
    if (verb === "unwatch") return watches.get(id)?.abort();
    if (verb === "watch") {
      const stopped = new AbortController();
      watches.set(id, stopped);
      const options: unknown = { ...Object(given[0]), signal: stopped.signal };
      void forward(Reflect.apply(api.watch, api, [kind, options]), (event) => reply("event", event)).then(
        () => reply("end"),
        fail,
      );
      return;
    }
    Promise.resolve(Reflect.apply(api[verb], api, [kind, ...given])).then(
      (value: unknown) => reply("answer", value),
      fail,
    );
  });
}

async function forward(events: AsyncIterable<unknown>, send: (event: unknown) => void): Promise<void> {
  for await (const event of events) send(event);
}

interface Waiting {
  readonly kind: (kind: z.infer<typeof answerSchema>["kind"], value: unknown) => void;
}

/** The client side. */
export function connectApi(port: Port): KubeApi {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  port.onMessage((message) => {
    const answer = answerSchema.safeParse(message);
    if (answer.success) waiting.get(answer.data.id)?.kind(answer.data.kind, answer.data.value);
  });
  const errorOf = (value: unknown) => {
    const { status, reason, message } = errorSchema.parse(value);
    return new KubeError(status, reason, message);
  };

  function ask<T>(verb: z.infer<typeof questionSchema>["verb"], kind: Kind, given: unknown[]): Promise<T>;
  function ask(verb: z.infer<typeof questionSchema>["verb"], kind: Kind, given: unknown[]): Promise<unknown> {
    const id = ++last;
    return new Promise((resolve, reject) => {
      waiting.set(id, {
        kind(how, value) {
          waiting.delete(id);
          if (how === "answer") resolve(value);
          else reject(errorOf(value));
        },
      });
      port.send({ id, verb, kind, arguments: given.map(withoutSignal) });
    });
  }

  async function* watch<T extends KubeObject>(
    kind: Kind<T>,
    options: Parameters<KubeApi["watch"]>[1],
  ): AsyncGenerator<WatchEvent<T>> {
    const id = ++last;
    const queue: WatchEvent<T>[] = [];
    let ended: { error?: KubeError } | undefined;
    let wake: () => void = () => undefined;
    const push: (event: never) => void = (event) => queue.push(event);
    waiting.set(id, {
      kind(how, value) {
        if (how === "event") Reflect.apply(push, undefined, [value]);
        else ended = how === "error" ? { error: errorOf(value) } : {};
        wake();
      },
    });
    const stop = () => {
      port.send({ id, verb: "unwatch", kind, arguments: [] });
      wake();
    };
    options.signal.addEventListener("abort", stop, { once: true });
    port.send({ id, verb: "watch", kind, arguments: [withoutSignal(options)] });
    try {
      while (!options.signal.aborted) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else if (ended?.error !== undefined) throw ended.error;
        else if (ended !== undefined) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      options.signal.removeEventListener("abort", stop);
      waiting.delete(id);
    }
  }

  return {
    list: <T extends KubeObject>(kind: Kind<T>, options?: unknown) => ask<KubeList<T>>("list", kind, [options]),
    get: <T extends KubeObject>(kind: Kind<T>, key: unknown) => ask<T>("get", kind, [key]),
    create: <T extends KubeObject>(kind: Kind<T>, object: T) => ask<T>("create", kind, [object]),
    update: <T extends KubeObject>(kind: Kind<T>, object: T) => ask<T>("update", kind, [object]),
    mergePatch: <T extends KubeObject>(kind: Kind<T>, key: unknown, patch: unknown) =>
      ask<T>("mergePatch", kind, [key, patch]),
    apply: <T extends KubeObject>(kind: Kind<T>, object: unknown, options: unknown) =>
      ask<T>("apply", kind, [object, options]),
    delete: (kind, key, options) => ask<void>("delete", kind, [key, options]),
    watch,
  };
}

function withoutSignal(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("signal" in value)) return value;
  const { signal: _signal, ...rest } = value;
  return rest;
}
