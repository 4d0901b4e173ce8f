import type { Client, ClientChannel } from "ssh2";
import { createTranscript, parseRemoteProcess } from "./transcript.ts";
import { encodeRequest, type RemoteProcess, type WireRequest } from "./wire.ts";

/** How one script on one channel ended, before it is interpreted. */
export type Ending =
  /** Both marks arrived on both streams. */
  | { readonly kind: "complete"; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** More output than allowed; the script may still be running. */
  | { readonly kind: "overflow"; readonly stream: "stdout" | "stderr" }
  /** The channel closed, or the command ended, without the marks. */
  | {
      readonly kind: "cut";
      /** The begin mark was seen: the script has run. */
      readonly begun: boolean;
      readonly exitCode: number | undefined;
      readonly signal: string | undefined;
      /** The last characters of both streams, for messages. */
      readonly excerpt: string;
    };

/** One running script on one channel. */
export interface Exchange {
  readonly ended: Promise<Ending>;
  /** Known once the script has begun. */
  process(): RemoteProcess | undefined;
  /** Asks the server to close the channel. */
  close(): void;
  /** Resolves when both sides have closed the channel: only then does the server count one session less. */
  readonly closed: Promise<void>;
  /** Drops the output, and what still arrives. The library keeps the channel until the host closes it. */
  abandon(): void;
}

/** Request for a channel, and the limits of its answer. */
export interface ExchangeOptions {
  readonly line: string;
  readonly wire: WireRequest;
  readonly maxOutputBytes: number;
  /** Waits for output that may follow the exit status: the marks, if a background job delays them. */
  readonly grace: () => Promise<void>;
  /** False if the caller has stopped waiting before the channel opens: then nothing is sent. */
  readonly mayStart: () => boolean;
}

/** Opens a channel and sends a script. Rejects if the server refuses the channel: then nothing was sent. */
export async function openExchange(client: Client, options: ExchangeOptions): Promise<Exchange> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(options.line, (error, opened) => (error === undefined ? resolve(opened) : reject(error)));
  });
  return converse(channel, options);
}

function converse(channel: ClientChannel, { wire, maxOutputBytes, grace, mayStart }: ExchangeOptions): Exchange {
  const stdout = createTranscript(wire.nonce, maxOutputBytes);
  const stderr = createTranscript(wire.nonce, maxOutputBytes);
  const ended = Promise.withResolvers<Ending>();
  let over = false;
  let exit: { code: number | undefined; signal: string | undefined } | undefined;

  const complete = (): Ending | undefined => {
    const output = { stdout: stdout.between(), stderr: stderr.between() };
    const exitCode = Number(stdout.endWords?.[0] ?? Number.NaN);
    if (output.stdout === undefined || output.stderr === undefined || !Number.isInteger(exitCode)) return undefined;
    return { kind: "complete", exitCode, stdout: output.stdout, stderr: output.stderr };
  };
  const end = () => {
    if (over) return;
    over = true;
    const excerpt = [stderr.excerpt(), stdout.excerpt()].filter((text) => text !== "").join(" / ");
    const begun = stdout.beginWords !== undefined || stderr.beginWords !== undefined;
    ended.resolve(complete() ?? { kind: "cut", begun, exitCode: exit?.code, signal: exit?.signal, excerpt });
  };
  let ending = false;
  const endSoon = () => {
    if (ending) return;
    ending = true;
    grace().then(end, end);
  };
  /**
   * The exit status arrives after the output before it, but a background job may hold the channel open long after it.
   */
  const endWhenComplete = () => {
    if (stdout.endWords === undefined || stderr.endWords === undefined) return;
    if (exit === undefined) endSoon();
    else end();
  };
  const feed = (name: "stdout" | "stderr", chunk: Buffer) => {
    const stream = name === "stdout" ? stdout : stderr;
    if (!stream.add(chunk)) {
      over = true;
      ended.resolve({ kind: "overflow", stream: name });
    }
    endWhenComplete();
  };

  const onStdout = (chunk: Buffer) => feed("stdout", chunk);
  const onStderr = (chunk: Buffer) => feed("stderr", chunk);
  const onExit = (code: number | null, signal?: string) => {
    exit = { code: code ?? undefined, signal };
    endWhenComplete();
    endSoon();
  };
  channel.on("data", onStdout).on("exit", onExit).on("close", end);
  channel.stderr.on("data", onStderr);
  // The server goes away during a write, or sends data after the end of its output: "close" follows and decides.
  channel.on("error", end);
  channel.stderr.on("error", end);
  if (mayStart()) channel.end(encodeRequest(wire));

  return {
    ended: ended.promise,
    closed: closeOf(channel),
    process: () => parseRemoteProcess(stderr.beginWords),
    close: () => channel.close(),
    abandon() {
      ignore(channel);
      channel.off("data", onStdout).off("exit", onExit).off("close", end).off("error", end);
      channel.stderr.off("data", onStderr).off("error", end);
    },
  };
}

// The listeners of an abandoned channel are made out here: made among the others, each would keep the transcripts.

function closeOf(channel: ClientChannel): Promise<void> {
  return new Promise((resolve) => channel.once("close", () => resolve()));
}

function ignore(channel: ClientChannel): void {
  for (const stream of [channel, channel.stderr]) stream.on("data", nothing).on("error", nothing);
}

const nothing = () => undefined;
