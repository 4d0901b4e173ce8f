import type { BackoffPolicy } from "./backoff.ts";

/** Bounds of connections and commands. */
export interface SshLimits {
  /** Commands at the same time on one connection: below sshd's MaxSessions (10), two are left for ending scripts. */
  readonly channels: number;
  /** For all of resolving, TCP, key exchange and authentication. */
  readonly connectSeconds: number;
  readonly keepaliveSeconds: number;
  /** Unanswered keepalives until a connection counts as dead. */
  readonly keepaliveMisses: number;
  /** A connection nobody used for so long is closed. */
  readonly idleSeconds: number;
  /** Between failed attempts to connect; a command in between fails at once with the last error. */
  readonly backoff: BackoffPolicy;
  /**
   * The same from the third time on that the host refused the key, or we its key. fail2ban bans for 5 failures in 10 minutes:
   * there are never more than 4. A new Secret is tried at once.
   */
  readonly turnedAwayBackoff: BackoffPolicy;
  /** For what may still come after an exit status. */
  readonly graceSeconds: number;
  /** For ending a script that took too long. */
  readonly killSeconds: number;
}

/** Bounds that sshd and fail2ban of Debian live with. */
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
