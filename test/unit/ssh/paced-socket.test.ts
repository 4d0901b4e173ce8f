import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { bytesPerTurn, PacedSocket } from "../../../src/ssh/paced-socket.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A paced socket and the other end of its connection. */
async function pair(): Promise<{ paced: PacedSocket; peer: Socket }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const socket = connect(address.port, "127.0.0.1");
  const [peer]: Socket[] = await once(server, "connection");
  if (peer === undefined) throw new Error("no peer");
  peer.on("error", () => undefined);
  const paced = new PacedSocket(socket);
  cleanUps.push(() => {
    paced.destroy();
    peer.destroy();
    server.close();
  });
  return { paced, peer };
}

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

describe("a paced socket", () => {
  it("hands over everything in order, a small piece in each turn of the event loop", async () => {
    const { paced, peer } = await pair();
    const received: Buffer[] = [];
    let turn = 0;
    const count = () => {
      turn += 1;
      counter = setImmediate(count);
    };
    let counter = setImmediate(count);
    const byTurn = new Map<number, number>();
    paced.on("data", (piece: Buffer) => {
      received.push(piece);
      byTurn.set(turn, (byTurn.get(turn) ?? 0) + piece.length);
    });
    peer.end(bytes);
    await once(paced, "close");
    clearImmediate(counter);
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
    // The counter may run before or after the delivery of its turn.
    expect(Math.max(...byTurn.values())).toBeLessThanOrEqual(2 * bytesPerTurn);
  });

  it("waits for a reader that pauses", async () => {
    const { paced, peer } = await pair();
    const received: Buffer[] = [];
    paced.on("data", (piece: Buffer) => {
      received.push(piece);
      paced.pause();
      setImmediate(() => paced.resume());
    });
    peer.end(bytes);
    await once(paced, "end");
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
  });

  it("writes, and ends after what was written", async () => {
    const { paced, peer } = await pair();
    const received: Buffer[] = [];
    peer.on("data", (piece) => received.push(piece));
    paced.resume();
    for (let at = 0; at < bytes.length; at += 30_000) paced.write(bytes.subarray(at, at + 30_000));
    paced.end();
    await Promise.all([once(peer, "end"), once(paced, "close")]);
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
  });

  it("fails as its socket does", async () => {
    const { paced, peer } = await pair();
    paced.resume();
    peer.resetAndDestroy();
    const [error]: unknown[] = await once(paced, "error");
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });

  it("delivers nothing more once it is destroyed", async () => {
    const { paced, peer } = await pair();
    let pieces = 0;
    paced.on("data", () => {
      pieces += 1;
      paced.destroy();
    });
    peer.write(bytes);
    await new Promise((resolve) => peer.once("close", resolve));
    expect(pieces).toBe(1);
  });
});
