import { printable } from "../printable.ts";

/** A host as the rest of xensan sees it: it runs scripts and returns their output. */
export interface HostSession {
  /**
   * Runs one POSIX sh script to its end. The whole script reaches the host before its first line runs, so a cut
   * connection never leaves half a script running. Rejects with a {@link HostError} if there is no exit status.
   */
  run(request: RunRequest): Promise<RunResult>;
}

/** Opens sessions. Sessions to the same target share one connection. */
export interface HostDialer {
  session(target: SshTarget): HostSession;
  /** Closes the connection to a target that is no longer declared. */
  forget(target: Pick<SshTarget, "host" | "port" | "user">): void;
  close(): Promise<void>;
}

/** Address, login and host keys of a host. */
export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly become: "None" | "Sudo";
  /** Public keys in OpenSSH form, `ssh-ed25519 AAAA…`; one of them must be the server's. */
  readonly hostKeys: readonly string[];
  /** The text of a known_hosts file: its keys for this host are used if `hostKeys` is empty, its revocations always. */
  readonly knownHosts?: string;
  /**
   * With TrustOnFirstUse and no keys from the two fields above, the first key seen is accepted and reported through
   * `onHostKey`.
   */
  readonly hostKeyPolicy: "Pinned" | "TrustOnFirstUse";
  readonly credential: SshCredential;
  readonly onHostKey?: (publicKey: string) => void;
}

/** A private key in OpenSSH or PEM form, and its passphrase. */
export interface SshCredential {
  readonly privateKey: string;
  readonly passphrase?: string;
  /** Changes when the Secret changes (its resourceVersion): an open connection with another version is replaced. */
  readonly version: string;
}

/** One script to run, with its limits. */
export interface RunRequest {
  readonly script: Script;
  /** Passed as "$1" "$2" … to the script, byte for byte; any text without NUL. */
  readonly args: readonly string[];
  readonly timeoutSeconds: number;
  /**
   * The script is sent within this time or never: then `TimedOut`, not started. The facts that justify it are valid
   * only that long.
   */
  readonly beginWithinSeconds?: number;
  /** Limit of stdout and of stderr, each; default 1 MiB. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

/** A POSIX sh script. */
export interface Script {
  /** The file name without `.sh`: names the script in logs and metrics, and to the simulated rack. */
  readonly name: string;
  readonly text: string;
}

/** Result of a script that ended. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** The message may contain texts of a server, a resolver or a library. */
const bounded = (message: string) => printable(message.slice(0, longestMessage).replace(/\s*\n\s*/g, " "));
const longestMessage = 2000;

/** Why there is no exit status. */
export type HostErrorCode =
  | "Unreachable"
  | "AuthenticationFailed"
  | "CredentialInvalid"
  | "HostKeyMismatch"
  | "HostKeyUnknown"
  | "AddressNotAllowed"
  | "BecomeFailed"
  | "TimedOut"
  /** The caller's signal was aborted; `cause` is the signal's reason. */
  | "Aborted"
  | "ConnectionLost"
  | "OutputLimitExceeded"
  /** A signal on the host ended the script (out of memory, an administrator): its output is incomplete. */
  | "Killed"
  /** The output is not the answer of a POSIX shell that ran the script. */
  | "Unintelligible"
  /** An argument that no shell can receive byte for byte (NUL, lone surrogates). */
  | "InvalidRequest";

/** A command without an exit status. `started` tells whether it may have run: then its effect is unknown. */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: HostErrorCode;
  readonly started: boolean;
  constructor(code: HostErrorCode, message: string, options: { started: boolean; cause?: unknown }) {
    super(bounded(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.started = options.started;
  }
}
