import { createHash } from "node:crypto";

/** An SSH public key in wire format (RFC 4253 section 6.6): its type is the first string in the blob. */
export interface PublicKey {
  readonly type: string;
  readonly blob: Buffer;
}

/** The key in a blob that a server presents; undefined if it does not begin with a type. */
export function publicKeyOfBlob(blob: Buffer): PublicKey | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  if (length === 0 || length > 64 || blob.length <= 4 + length) return undefined;
  return { type: blob.toString("latin1", 4, 4 + length), blob };
}

/** Parses one line of an OpenSSH .pub file: `type base64 [comment]`. Undefined if the type does not match the blob. */
export function parsePublicKey(line: string): PublicKey | undefined {
  const [type, base64] = line.trim().split(/\s+/);
  if (type === undefined || base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const key = publicKeyOfBlob(Buffer.from(base64, "base64"));
  return key?.type === type ? key : undefined;
}

/** `ssh-ed25519 AAAA…`, without a comment. */
export function formatPublicKey(key: PublicKey): string {
  return `${key.type} ${key.blob.toString("base64")}`;
}

/** The fingerprint as `ssh-keygen -l` prints it. */
export function fingerprint(key: PublicKey): string {
  return `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}

/** Whether type and bytes are the same. */
export function sameKey(one: PublicKey, other: PublicKey): boolean {
  return one.blob.equals(other.blob);
}
