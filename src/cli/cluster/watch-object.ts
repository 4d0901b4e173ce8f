import type { GenericClass } from "kubernetes-fluent-client";
import { systemClock } from "../../clock.ts";
import { linkedSignal } from "../../runtime/cancellation.ts";
import type { Output } from "../command.ts";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connect.ts";

const pollMs = 500;

/** What is followed, and what is told of it. */
export interface FollowOptions<T> {
  readonly connection: Connection;
  readonly model: GenericClass;
  readonly name: string;
  readonly parse: (object: unknown) => T;
  /** What there is to tell of it now; what was told before is not repeated. */
  readonly news: (object: T) => readonly string[];
  readonly over: (object: T) => boolean;
  readonly seconds: number;
  readonly tell: Output;
  readonly signal: AbortSignal;
}

/** Reads an object again and again until it is over. Undefined: the time was up first. An API server that is busy is asked again. */
export async function follow<T>(options: FollowOptions<T>): Promise<T | undefined> {
  const { connection, model, name, tell, signal } = options;
  const { namespace, requests } = connection;
  using limit = linkedSignal(signal, AbortSignal.timeout(options.seconds * 1000));
  const told = new Set<string>();
  while (!limit.signal.aborted) {
    const object = await read();
    if (object !== undefined) {
      for (const line of options.news(object)) if (!told.has(line)) tell.write(`${line}\n`);
      for (const line of options.news(object)) told.add(line);
      if (options.over(object)) return object;
    }
    await systemClock.sleep(pollMs, limit.signal).catch(() => undefined);
  }
  signal.throwIfAborted();
  return undefined;

  async function read(): Promise<T | undefined> {
    try {
      return options.parse(
        await connection.ask(`reading ${model.name} ${name}`, () => requests.get(model, { namespace, name })),
      );
    } catch (error) {
      const passing =
        error instanceof ApiError && (error.status === undefined || error.status === 429 || error.status >= 500);
      if (passing) return undefined;
      throw error;
    }
  }
}
