import { createHmac } from "node:crypto";
import { type PublicKey, parsePublicKey } from "./public-key.ts";

/** The entries of a known_hosts file for one host. */
export interface KnownHostEntry {
  readonly keys: readonly PublicKey[];
  readonly revoked: readonly PublicKey[];
  /** The file trusts a certificate authority for this host; certificates of hosts are not supported. */
  readonly certificateAuthority: boolean;
}

/** No line with a key is shorter: a Secret may hold a hundred thousand that are. */
const shortestLine = 64;

/** Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Lines that cannot be parsed are ignored, as in OpenSSH. */
export function lookUpKnownHost(text: string, host: string, port: number): KnownHostEntry {
  const name = (port === 22 ? host : `[${host}]:${port}`).toLowerCase();
  const keys: PublicKey[] = [];
  const revoked: PublicKey[] = [];
  let certificateAuthority = false;
  for (const line of text.split(/\r?\n/)) {
    if (line.length < shortestLine) continue;
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [patterns, type, base64] = words;
    if (patterns === undefined || patterns === "" || patterns.startsWith("#")) continue;
    const key = parsePublicKey(`${type} ${base64}`);
    if (key === undefined || !matches(patterns, name)) continue;
    if (marker === undefined) keys.push(key);
    else if (marker === "@revoked") revoked.push(key);
    else if (marker === "@cert-authority") certificateAuthority = true;
  }
  return { keys, revoked, certificateAuthority };
}

function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith("|")) return matchesHash(patterns, name);
  let found = false;
  for (const pattern of patterns.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!globMatches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** `|1|salt|hash` with the name's HMAC-SHA1 under the salt, as `ssh-keygen -H` writes it. */
function matchesHash(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/**
 * Matches `*` and `?` in time of at most pattern × name: the file comes from a tenant, and a regular expression could
 * take exponential time.
 */
function globMatches(pattern: string, name: string): boolean {
  let p = 0;
  let star = -1;
  let resume = 0;
  for (let n = 0; n < name.length; ) {
    if (pattern[p] === "*") {
      star = p;
      p += 1;
      resume = n;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === name[n])) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += 1;
      n = resume;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(p));
}
