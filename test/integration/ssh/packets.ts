import type { Connection } from "ssh2";
import { z } from "zod";

/** The part of the library's connection that is needed to send arbitrary packets. */
interface PacketWriter {
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
}
const connectionSchema = z.object({
  _protocol: z.custom<PacketWriter>(),
  _sock: z.custom<{ readonly destroyed: boolean; readonly writableLength: number }>(),
});

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
export const string = (value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
};

/** Sends any payload to a client that is logged in. */
export function sendPacket(client: Connection, payload: Buffer): void {
  const { _protocol: writer } = connectionSchema.parse(client);
  const packet = writer._packetRW.write.alloc(payload.length);
  packet.set(payload, writer._packetRW.write.allocStart);
  writer._cipher.encrypt(writer._packetRW.write.finalize(packet));
}

/** Sends a payload as fast as the client reads, until the connection ends. */
export function floodWith(client: Connection, payload: Buffer): void {
  const { _sock: socket } = connectionSchema.parse(client);
  const more = () => {
    if (socket.destroyed) return;
    for (let count = 0; count < 500 && socket.writableLength < 1e6; count += 1) sendPacket(client, payload);
    setTimeout(more, 0);
  };
  more();
}

/** SSH_MSG_GLOBAL_REQUEST that asks for an answer. */
export const globalRequest = (name: string, content: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from([80]), string(name), Buffer.from([1]), content]);

/** SSH_MSG_CHANNEL_DATA for the first channel. */
export const channelData = (text: string): Buffer => Buffer.concat([Buffer.from([94]), uint32(0), string(text)]);
