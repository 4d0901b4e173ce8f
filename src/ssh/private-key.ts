import { createHash } from "node:crypto";
import { HostError, type SshTarget } from "./host-session.ts";
import type { KeyOpener } from "./key-opener.ts";
import type { OpenKey } from "./open-key.ts";
import { orAborted } from "./time-limit.ts";

/** Identity of a credential that does not reveal it: safe to keep as a map key. */
export function credentialIdentity({ privateKey, passphrase, version }: SshTarget["credential"]): string {
  return createHash("sha256")
    .update(JSON.stringify([version, privateKey, passphrase]))
    .digest("base64");
}

/** Rejects with a {@link HostError}: CredentialInvalid, or Unreachable if the signal is aborted first. */
export type ReadPrivateKey = (target: SshTarget, signal: AbortSignal) => Promise<OpenKey>;

/**
 * Caches the last keys: opening an encrypted one costs up to seconds of a processor. A key that finishes opening after
 * its attempt gave up is available to the next attempt.
 */
export function createKeyReader(opener: KeyOpener, remembered = 512): ReadPrivateKey {
  const cache = new Map<string, Promise<OpenKey | string>>();
  return async (target, signal) => {
    const identity = credentialIdentity(target.credential);
    const opening = cache.get(identity) ?? opener.open(target.credential);
    cache.set(identity, opening);
    for (const oldest of cache.keys()) {
      if (cache.size <= remembered) break;
      cache.delete(oldest);
    }
    const key = await orAborted(opening, signal);
    const subject = `the private key for ${target.host}:${target.port}`;
    if (key === undefined)
      throw new HostError("Unreachable", `${subject} is still being opened with its passphrase`, { started: false });
    if (typeof key === "string")
      throw new HostError("CredentialInvalid", `${subject} cannot be used: ${key}`, { started: false });
    return key;
  };
}
