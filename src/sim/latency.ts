import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/**
 * A socket that delivers its bytes after a delay, in both directions and in order. While `open` returns false the bytes
 * are lost, as on a cut cable: neither side is told.
 */
export function delayed(socket: Socket, ms: number, open: () => boolean): Duplex {
  const later = (act: () => void) => {
    if (ms === 0) act();
    else setTimeout(act, ms);
  };
  const stream = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      later(() => {
        if (open() && !socket.destroyed) socket.write(chunk);
      });
      done();
    },
    final(done) {
      later(() => {
        if (open()) socket.end();
      });
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk: Buffer) => {
    later(() => {
      if (open() && !stream.destroyed && !stream.push(chunk)) socket.pause();
    });
  });
  socket.on("end", () => later(() => stream.push(null)));
  socket.on("close", () => later(() => stream.destroy()));
  return stream;
}
