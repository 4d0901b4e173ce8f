import type { GenericClass } from "kubernetes-fluent-client";
import type { z } from "zod";
import { systemClock } from "../../clock.ts";
import { linkedSignal } from "../../runtime/cancellation.ts";
import type { Io, Output } from "../command.ts";
import { ApiError } from "./api-error.ts";
import type { Connection } from "./connect.ts";
import type { ClusterValues } from "./options.ts";
import type { waitSchema } from "./wait-options.ts";

const pollMs = 500;

/** The object to follow, and how its progress is reported. */
interface FollowOptions<T> {
  readonly connection: Connection;
  readonly model: GenericClass;
  readonly name: string;
  readonly parse: (object: unknown) => T;
  /** Lines about its current state; lines that were written before are not repeated. */
  readonly news: (object: T) => readonly string[];
  readonly over: (object: T) => boolean;
  readonly seconds: number;
  readonly tell: Output;
  readonly signal: AbortSignal;
}

/** The request of a command with {@link waitOptions}, and how its outcome is reported. */
export interface Asked<T> extends Pick<FollowOptions<T>, "connection" | "model" | "parse" | "news" | "over"> {
  readonly name: string;
  /** One line that says what was done. */
  readonly done: string;
  /** The object with the change. */
  readonly changed: T;
  /** The output for `--output=json`. */
  readonly summary: (object: T) => object;
  /** What remains open when the time is up: `the outcome of move is unknown`. */
  readonly open: string;
}

/**
 * Reports what was done, follows the object if `--wait` is set, and resolves to its last state. Throws if the time is
 * up first.
 */
export async function awaited<T>(
  { wait, output, "wait-timeout": seconds }: z.output<typeof waitSchema> & Pick<ClusterValues, "output">,
  { stdout, stderr, signal }: Pick<Io, "stdout" | "stderr" | "signal">,
  { done, changed, summary, open, ...followed }: Asked<T>,
): Promise<T> {
  const tell = output === "json" ? stderr : stdout;
  tell.write(`${done}\n`);
  const last = wait ? await follow({ ...followed, seconds, tell, signal }) : changed;
  if (output === "json") stdout.write(`${JSON.stringify(summary(last ?? changed), undefined, 2)}\n`);
  if (last !== undefined) return last;
  const where = `${followed.model.name.toLowerCase()}/${followed.name} -n ${followed.connection.namespace}`;
  throw new Error(`${open} after ${seconds} s; the operator continues. See: xensan why ${where}`);
}

/**
 * Reads an object repeatedly until it is over; undefined if the time is up first. Repeats requests to a busy API
 * server.
 */
async function follow<T>(options: FollowOptions<T>): Promise<T | undefined> {
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
