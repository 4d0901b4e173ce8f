import { uuid } from "./identities.ts";
import { text } from "./parse-xen.ts";
import type { Rows } from "./probe-sections.ts";
import { each, field, grouped, int32, type Lost, oneOf, plain, Unparseable, wholeNumber } from "./rows.ts";
import type { MigrationRun, RelocationFact } from "./xen-facts.ts";
import { isPublicKey } from "./xen-values.ts";

/**
 * Section `relocation` of the probe: the host's migration key, the peers it accepts, the host keys it knows and its
 * own.
 */
export function parseRelocation(rows: Rows, lost: Lost): RelocationFact {
  const byKind = grouped(rows);
  return {
    publicKey: each(byKind("key").slice(0, 1), lost, publicKey)[0] ?? "",
    peers: each(byKind("peer"), lost, (row) => ({
      name: plain(field(row, 1, "a name")),
      address: plain(field(row, 2, "an address")),
      publicKey: plain(field(row, 3, "a public key")),
    })),
    knownHosts: each(byKind("known"), lost, (row) => ({
      address: plain(field(row, 1, "an address")),
      publicKey: plain(field(row, 2, "a public key")),
    })),
    // sshd may have a key of another type or size, which no peer needs.
    hostKeys: each(byKind("host-key"), lost, (row) => plain(field(row, 1, "a host key")))
      .filter(isPublicKey)
      .slice(0, mostHostKeys),
  };
}

/** sshd has one key of each type. Each is an argument of a command on every peer. */
const mostHostKeys = 16;

/** Peers compare the key and get it from the status and in their commands: it is never cut, and has the form of a key. */
function publicKey(row: readonly string[]): string {
  const key = text(row, 1, "a public key");
  if (key.length > 1024) throw new Unparseable(`the public key has ${key.length} characters`);
  if (key !== "" && !isPublicKey(key)) throw new Unparseable("the public key is not one of OpenSSH");
  return key;
}

const phases = ["Connecting", "Sending", "Transferred", "Permission", "Succeeded", "Failed"] as const;

/** Section `migrations` of the probe: the migrations that this host recorded, running or ended. */
export function parseMigrations(rows: Rows, lost: Lost): MigrationRun[] {
  return each(rows, lost, (row) => ({
    operation: plain(field(row, 1, "an operation")),
    uuid: uuid(row, 2),
    bootId: text(row, 3, "a boot id"),
    state: oneOf(field(row, 4, "a state"), ["Running", "Ended", "Lost", "Recorded"], "the state of a migration"),
    exitCode: field(row, 5, "an exit code") === "-" ? undefined : int32(row, 5, "an exit code"),
    phase: oneOf(field(row, 6, "a phase"), phases, "the phase of a migration"),
    startedAt: wholeNumber(row, 7, "the start"),
    now: wholeNumber(row, 8, "the uptime"),
    time: field(row, 9, "a time") === "-" ? undefined : text(row, 9, "a time"),
    message: text(row, 10, "a message"),
  }));
}
