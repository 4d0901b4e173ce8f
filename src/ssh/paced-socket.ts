import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * Bytes that are handed over in one turn of the event loop. The smallest packets have about 36 bytes and cost some 50 µs
 * each, so that a turn takes a few milliseconds at most.
 */
export const bytesPerTurn = 4096;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * A connected socket whose data arrives in small pieces, one in each turn of the event loop. Node itself hands over up to
 * 2 MiB in one turn. Destroying it ends the delivery at once.
 */
export class PacedSocket extends Duplex {
  readonly #socket: Socket;
  #wanted = false;
  #resume: (() => void) | undefined;

  constructor(socket: Socket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    // `#deliver` ends with the same error, after what was received before it.
    socket.on("error", () => undefined);
    this.#deliver().catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
  }

  async #deliver(): Promise<void> {
    for await (const chunk of this.#socket) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError("the socket has an encoding");
      for (let at = 0; at < chunk.length; at += bytesPerTurn) {
        this.#wanted = false;
        const more = this.push(chunk.subarray(at, at + bytesPerTurn));
        await nextTurn();
        if (!more && !this.#wanted && !this.destroyed) await new Promise<void>((resolve) => (this.#resume = resolve));
        if (this.destroyed) return;
      }
    }
    this.push(null);
  }

  override _read(): void {
    this.#wanted = true;
    this.#resume?.();
  }

  // What the peer sent before it went away is still to be delivered: only reading tells that it is gone.
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#socket.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    this.#resume?.();
    done(error);
  }
}
