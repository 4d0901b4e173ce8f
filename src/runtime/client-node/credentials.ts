import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type https from "node:https";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { Clock } from "../../clock.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import { adding } from "./impersonation.ts";
import type { ConfigSource } from "./source.ts";

/** Address, header and dispatcher for the next requests. */
export interface Access {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

const refreshMs = 10_000;
const maxConnections = 128;

/**
 * Reads the credentials again every few seconds, and after the server refused them; keeps connections while their TLS
 * options stay the same. Uses one dispatcher for all requests: client-node alone would build one for each.
 */
export class Credentials {
  readonly #source: ConfigSource;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #connectMs: number;
  #config: { readonly version: string; readonly value: ClusterAccess } | undefined;
  #access: { readonly value: Access; readonly readAt: number; readonly tls: string } | undefined;
  #reading: Promise<Access> | undefined;
  #closed = false;

  /** A connection fails if it is not established, including TLS, after `connectMs`. */
  constructor(source: ConfigSource, clock: Pick<Clock, "monotonic">, connectMs: number) {
    this.#source = source;
    this.#clock = clock;
    this.#connectMs = connectMs;
  }

  async access(): Promise<Access> {
    if (this.#closed) throw new Error("the client has been closed");
    const known = this.#access;
    if (known !== undefined && this.#clock.monotonic() - known.readAt < refreshMs) return known.value;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return await this.#reading;
  }

  /** Reports that the server refused this access (401, TLS): the credentials are read again before the next request. */
  refused(access: Access): void {
    if (this.#access?.value === access) this.#access = { ...this.#access, readAt: Number.NEGATIVE_INFINITY };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#access?.value.dispatcher.destroy();
    this.#access = undefined;
  }

  async #read(): Promise<Access> {
    const version = await this.#source.version();
    if (this.#config?.version !== version) this.#config = { version, value: await this.#source.access() };
    const { impersonation, proxyUrl, tokenFile, ...cluster } = this.#config.value;
    const options = await cluster.authenticate();
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const tls = defined({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername });
    const server = new URL(cluster.server);
    const print = fingerprint({ tls, impersonation, proxy: proxyUrl, origin: server.origin });
    const previous = this.#access;
    const dispatcher =
      previous?.tls === print
        ? previous.value.dispatcher
        : adding(impersonation, createDispatcher(proxyUrl, tls, this.#connectMs));
    const value = { server, headers: await headersOf(tokenFile, options), dispatcher };
    this.#access = { value, tls: print, readAt: this.#clock.monotonic() };
    // Open watches end within minutes, and the old connections with them.
    if (previous !== undefined && previous.value.dispatcher !== dispatcher)
      previous.value.dispatcher.close().catch(() => undefined);
    return value;
  }
}

function createDispatcher(proxyUrl: string | undefined, tls: object, connectMs: number): Dispatcher {
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 15_000, timeout: connectMs };
  if (proxyUrl === undefined) return new Agent({ connect, allowH2: false, connections: maxConnections });
  if (!proxyUrl.startsWith("http"))
    throw new Error(`cluster.proxy-url is ${proxyUrl}; only http:// and https:// proxies are supported`);
  return new ProxyAgent({ uri: proxyUrl, requestTls: connect, allowH2: false, connections: maxConnections });
}

async function headersOf(
  tokenFile: string | undefined,
  options: https.RequestOptions,
): Promise<Record<string, string>> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers.set(name.toLowerCase(), String(value));
  }
  if (typeof options.auth === "string")
    headers.set("authorization", `Basic ${Buffer.from(options.auth).toString("base64")}`);
  // client-node caches a token for a minute, and keeps a newline that an editor may have left in it.
  if (tokenFile !== undefined) {
    const token = await readFile(tokenFile, "utf8");
    headers.set("authorization", `Bearer ${token.trim()}`);
  }
  return Object.fromEntries(headers);
}

function fingerprint(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Uint8Array ? Buffer.from(part).toString("base64") : part,
  );
  return createHash("sha256").update(text).digest("hex");
}

function defined<T extends object>(values: T): Partial<T> {
  const result: Partial<T> = { ...values };
  for (const key of Object.keys(values))
    if (Reflect.get(result, key) === undefined) Reflect.deleteProperty(result, key);
  return result;
}
