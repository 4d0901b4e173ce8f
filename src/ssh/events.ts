import type { HostErrorCode } from "./host-session.ts";

/** What happened, for metrics and logs. Holds no argument, no output and no secret. */
export type SshEvent =
  | (Place & { readonly kind: "connected"; readonly milliseconds: number })
  | (Place & { readonly kind: "connectFailed"; readonly milliseconds: number; readonly code: HostErrorCode })
  | (Place & { readonly kind: "disconnected"; readonly why: string })
  | (Place & {
      readonly kind: "command";
      readonly script: string;
      /** With the wait for a connection and a channel. */
      readonly milliseconds: number;
      /** `Completed` with any exit status, or the code of the error. */
      readonly outcome: "Completed" | HostErrorCode;
      readonly exitCode: number | undefined;
    });

interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Told of each event, in order. */
export type ObserveSsh = (event: SshEvent) => void;
