import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** What a connection may bring besides its request. */
interface OneRequestLimits {
  /** Time until the headers are complete; then 408. */
  readonly headersMilliseconds: number;
  /** Silence, while an answer is not read. */
  readonly idleMilliseconds: number;
  /** Time from the headers to the end of the answer. */
  readonly answerMilliseconds: number;
  /** Bytes after the headers, which nobody reads. */
  readonly excessBytes: number;
}

const end = Buffer.from("\r\n\r\n");

/**
 * A connection of which the HTTP server sees the headers of the first request, and nothing of what follows. A server of
 * Node reads all requests of a chunk in one go, so the client would choose how long the event loop is busy: thousands
 * of requests fit into 64 KiB.
 */
export class OneRequest extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly #socket: Socket;
  readonly #limits: OneRequestLimits;
  #late: NodeJS.Timeout;
  #begun = false;
  /** The last bytes, which may begin the end of the headers. */
  #tail = Buffer.alloc(0);
  #whole = false;
  #excess = 0;

  constructor(socket: Socket, limits: OneRequestLimits) {
    super();
    this.#socket = socket;
    this.#limits = limits;
    this.remoteAddress = socket.remoteAddress;
    this.#late = setTimeout(() => this.#refuse("408 Request Timeout"), limits.headersMilliseconds);
    socket.setTimeout(limits.idleMilliseconds, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => {
      if (!this.#whole) this.push(null);
    });
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
    // The client has this long to read the rest of the answer and to close.
    this.#answerWithin(1000);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#late);
    this.#socket.destroy();
    callback(error);
  }

  #take(chunk: Buffer): void {
    if (this.#whole) {
      this.#excess += chunk.length;
      if (this.#excess > this.#limits.excessBytes) this.destroy();
      return;
    }
    // Empty lines before a request are no end of its headers (RFC 9112, 2.2).
    const from = this.#begun ? 0 : chunk.findIndex((byte) => byte !== 10 && byte !== 13);
    if (from < 0) return;
    this.#begun = true;
    const rest = chunk.subarray(from);
    const text = Buffer.concat([this.#tail, rest]);
    const at = text.indexOf(end);
    this.#whole = at >= 0;
    const mine = this.#whole ? rest.subarray(0, at + end.length - this.#tail.length) : rest;
    this.#tail = text.subarray(-(end.length - 1));
    if (this.#whole) this.#answerWithin(this.#limits.answerMilliseconds);
    if (!this.push(mine) && !this.#whole) this.#socket.pause();
  }

  #answerWithin(milliseconds: number): void {
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.destroy(), milliseconds);
  }

  #refuse(status: string): void {
    this.#socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => this.destroy());
  }
}
