import type { BackoffPolicy } from "./backoff.ts";

/** Limits of connections and commands. */
export interface SshLimits {
  /** Concurrent commands on one connection: below sshd's MaxSessions (10), two sessions remain for ending scripts. */
  readonly channels: number;
  /** Time for resolving, TCP, key exchange and authentication together. */
  readonly connectSeconds: number;
  readonly keepaliveSeconds: number;
  /** Unanswered keepalives after which a connection counts as dead. */
  readonly keepaliveMisses: number;
  /** A connection that is unused for this long is closed. */
  readonly idleSeconds: number;
  /** Wait between failed attempts to connect; a command in between fails at once with the last error. */
  readonly backoff: BackoffPolicy;
  /**
   * Wait after the third and later rejections of our key by the host, or of its key by us. fail2ban bans after 5
   * failures in 10 minutes: there are never more than 4. A new Secret is tried at once.
   */
  readonly turnedAwayBackoff: BackoffPolicy;
  /** Time for output that may follow an exit status. */
  readonly graceSeconds: number;
  /** Time for ending a script that took too long. */
  readonly killSeconds: number;
}

/** Limits that work with sshd and fail2ban of Debian. */
export const defaultLimits: SshLimits = {
  channels: 8,
  connectSeconds: 15,
  keepaliveSeconds: 10,
  keepaliveMisses: 3,
  idleSeconds: 300,
  backoff: { baseMilliseconds: 1000, maxMilliseconds: 30_000 },
  turnedAwayBackoff: { baseMilliseconds: 600_000, maxMilliseconds: 600_000 },
  graceSeconds: 2,
  killSeconds: 10,
};
