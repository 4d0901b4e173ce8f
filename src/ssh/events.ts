import type { HostErrorCode } from "./host-session.ts";

/** An event for metrics and logs. Contains no argument, no output and no secret. */
export type SshEvent =
  | (Peer & { readonly kind: "connected"; readonly milliseconds: number })
  | (Peer & { readonly kind: "connectFailed"; readonly milliseconds: number; readonly code: HostErrorCode })
  | (Peer & { readonly kind: "disconnected"; readonly why: string })
  | (Peer & {
      readonly kind: "command";
      readonly script: string;
      /** Includes the wait for a connection and a channel. */
      readonly milliseconds: number;
      /** `Completed` with any exit status, or the code of the error. */
      readonly outcome: "Completed" | HostErrorCode;
      readonly exitCode: number | undefined;
    });

interface Peer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Receives each event, in order. */
export type ObserveSsh = (event: SshEvent) => void;
