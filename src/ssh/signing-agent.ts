import { sign } from "node:crypto";
import ssh2, { type ParsedKey, type SignCallback, type SigningRequestOptions } from "ssh2";
import type { OpenKey } from "./open-key.ts";

/** One for each algorithm of an RSA key. A server may ask for any number. */
const maxSignatures = 3;

/** Signs with one key, outside of the event loop, only as often as one login may need. */
export class SigningAgent extends ssh2.BaseAgent {
  readonly #key: OpenKey;
  #signatures = 0;

  constructor(key: OpenKey) {
    super();
    this.#key = key;
  }

  /** Whether the host asked for a signature, and so knows the key. */
  get asked(): boolean {
    return this.#signatures > 0;
  }

  getIdentities(done: (error?: Error | null, keys?: string[]) => void): void {
    done(null, [this.#key.publicKey]);
  }

  sign(
    _key: string | Buffer | ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const [hash, done] = typeof options === "function" ? [undefined, options] : [options.hash, callback];
    this.#signatures += 1;
    if (this.#signatures > maxSignatures) {
      done?.(new Error(`the host asked for more than ${maxSignatures} signatures`));
      return;
    }
    sign(hash ?? hashOf(this.#key.publicKey), data, this.#key.privateKey, (error, signature) => {
      if (error === null) done?.(null, signature);
      else done?.(error);
    });
  }
}

/** RFC 5656 section 6.2.1; ed25519 hashes internally. */
function hashOf(publicKey: string): string | undefined {
  if (publicKey.startsWith("ecdsa-sha2-nistp256 ")) return "sha256";
  if (publicKey.startsWith("ecdsa-sha2-nistp384 ")) return "sha384";
  if (publicKey.startsWith("ecdsa-sha2-nistp521 ")) return "sha512";
  return publicKey.startsWith("ssh-rsa ") ? "sha1" : undefined;
}
