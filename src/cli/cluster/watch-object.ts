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

/** What is followed, and what is told of it. */
interface FollowOptions<T> {
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

/** What a command with {@link waitOptions} asked for, and how that is told. */
export interface Asked<T> extends Pick<FollowOptions<T>, "connection" | "model" | "parse" | "news" | "over"> {
  readonly name: string;
  /** One line: what was done. */
  readonly done: string;
  /** The object with the change. */
  readonly changed: T;
  /** With `--output=json`. */
  readonly summary: (object: T) => object;
  /** What is not known, or not so, when the time is up: `the outcome of move is not known`. */
  readonly open: string;
}

/** Says what was done, follows it where `--wait` says so, and resolves to the object as it is then. Throws when the time is up first. */
export async function outcomeOf<T>(
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
  throw new Error(`after ${seconds} s ${open}; it continues: xensan why ${where}`);
}

/** Reads an object again and again until it is over. Undefined: the time was up first. An API server that is busy is asked again. */
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
