import { type Dispatcher, request } from "undici";
import type { Clock } from "../../clock.ts";
import { KubeError } from "../kube-api.ts";
import type { Metrics } from "../metrics.ts";
import { type Failure, failureOf, retrying } from "../retry.ts";
import { errorFrom } from "./answers.ts";
import { type Access, Credentials } from "./credentials.ts";
import type { ConfigSource } from "./source.ts";

/** One request. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  /** An answer of more bytes is refused with the reason `TooLarge`. */
  readonly maxBytes?: number | undefined;
  /** How long the answer may be silent, in milliseconds. */
  readonly silenceMs?: number;
}

/** A request that the server, overloaded or starting, asked to repeat later. */
export interface Wait {
  /** `GET /apis/…` */
  readonly request: string;
  readonly error: KubeError;
  readonly attempt: number;
  readonly delaySeconds: number;
}

/** Options of a connection. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly metrics?: Metrics | undefined;
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** How long a request waits for its answer; 60 when absent. */
  readonly answerSeconds?: number | undefined;
  /** Whether a read without an answer is repeated; otherwise its caller decides after it has read the state again. */
  readonly unanswered?: "Repeat" | "Fail" | undefined;
}

/** No attempt of a request begins later than this after the first one; then its caller decides. */
const retrySeconds = 15;

/** Requests to one API server: address, credentials, connections, and errors as {@link KubeError}. */
export class Connection {
  readonly #credentials: Credentials;
  readonly #options: ConnectionOptions;
  readonly #answerMs: number;

  constructor(source: ConfigSource, options: ConnectionOptions) {
    this.#answerMs = (options.answerSeconds ?? 60) * 1000;
    this.#credentials = new Credentials(source, options.clock, Math.min(this.#answerMs, 10_000));
    this.#options = options;
  }

  /** The whole answer of a successful request; a truncated answer is an error. */
  json(call: Call): Promise<unknown> {
    return this.#retrying(call, async () => {
      const body = await this.#open(call);
      try {
        return call.maxBytes === undefined ? await body.json() : JSON.parse(await limited(body, call.maxBytes));
      } catch (error) {
        throw this.#broken(call, error);
      }
    });
  }

  /** The body of a successful request. It must be read to its end or destroyed. */
  open(call: Call): Promise<Dispatcher.ResponseData["body"]> {
    return this.#retrying(call, () => this.#open(call));
  }

  /**
   * Repeats a request that the server rejects for now. A request without an answer is repeated only if the options say
   * so: otherwise its caller reads the state first.
   */
  #retrying<T>(call: Call, attempt: () => Promise<T>): Promise<T> {
    const { clock, onWait, unanswered } = this.#options;
    const request = `${call.method} ${call.path}`;
    return retrying(
      {
        clock,
        withinSeconds: retrySeconds,
        // A patch or an update carries the version it was made from, or sets fixed values.
        repeatable: call.method !== "POST",
        classify: (error) =>
          unanswered === "Repeat" && call.method === "GET" && isUnanswered(error) ? { kind: "Open" } : classify(error),
        signal: call.signal,
        onWait: ({ error, ...wait }) => {
          if (error instanceof KubeError) onWait?.({ request, error, ...wait });
        },
      },
      attempt,
    );
  }

  async #open(call: Call): Promise<Dispatcher.ResponseData["body"]> {
    const access = await this.#access();
    try {
      return await this.#once(call, access);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 401) throw error;
      // The token may have just been replaced.
      const fresh = await this.#access();
      if (JSON.stringify(fresh.headers) === JSON.stringify(access.headers) && fresh.dispatcher === access.dispatcher)
        throw error;
      return await this.#once(call, fresh);
    }
  }

  async server(): Promise<URL> {
    return (await this.#access()).server;
  }

  close(): Promise<void> {
    return this.#credentials.close();
  }

  async #access(): Promise<Access> {
    try {
      return await this.#credentials.access();
    } catch (error) {
      throw new KubeError(0, "Credentials", `cannot read the credentials: ${text(error)}`, { cause: error });
    }
  }

  async #once(call: Call, access: Access): Promise<Dispatcher.ResponseData["body"]> {
    const { server, headers, dispatcher } = access;
    const url = new URL(`${server.href.replace(/\/$/, "")}${call.path}`);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const content = call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" };
    let response: Dispatcher.ResponseData;
    try {
      response = await request(url, {
        method: call.method,
        headers: { accept: "application/json", "user-agent": "xensan", ...headers, ...content },
        body: call.body === undefined ? null : JSON.stringify(call.body),
        dispatcher,
        signal: call.signal ?? null,
        headersTimeout: this.#answerMs,
        bodyTimeout: call.silenceMs ?? this.#answerMs,
      });
    } catch (error) {
      call.signal?.throwIfAborted();
      this.#count(call, server, "<error>");
      this.#credentials.refused(access);
      throw this.#broken(call, error);
    }
    this.#count(call, server, String(response.statusCode));
    if (response.statusCode < 300) return response.body;
    if (response.statusCode === 401) this.#credentials.refused(access);
    const retryAfter = response.headers["retry-after"];
    const body = await response.body.text().catch(() => "");
    throw errorFrom(response.statusCode, body, typeof retryAfter === "string" ? retryAfter : undefined);
  }

  #broken(call: Call, error: unknown): unknown {
    if (call.signal?.aborted) return call.signal.reason;
    if (error instanceof KubeError) return error;
    return new KubeError(0, "NoAnswer", `${call.method} ${call.path}: ${text(error)}`, { cause: error });
  }

  #count(call: Call, server: URL, code: string): void {
    this.#options.metrics?.restClientRequestsTotal.inc({ code, method: call.method, host: server.host });
  }
}

const isUnanswered = (error: unknown) => error instanceof KubeError && error.reason === "NoAnswer";

function classify(error: unknown): Failure {
  if (!(error instanceof KubeError) || error.status === 0) return { kind: "Final" };
  return failureOf(error.status, error.retryAfterSeconds);
}

const text = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function limited(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new KubeError(0, "TooLarge", `the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
