import type { RequestOptions } from "node:https";
import type { Lines } from "./impersonation.ts";

/** Where an API server is, and as whom to talk to it. */
export interface ClusterAccess {
  readonly server: string;
  readonly proxyUrl?: string | undefined;
  /** Holds the bearer token, which somebody replaces from time to time. */
  readonly tokenFile?: string | undefined;
  /** Lines that are added to the header of every request. */
  readonly impersonation: Lines;
  /** The TLS side and the credentials as they are now. */
  authenticate(): Promise<RequestOptions>;
}
