import type { RequestOptions } from "node:https";
import type { Lines } from "./impersonation.ts";

/** Address of an API server, and the credentials for it. */
export interface ClusterAccess {
  readonly server: string;
  readonly proxyUrl?: string | undefined;
  /** Holds the bearer token, which is replaced from time to time. */
  readonly tokenFile?: string | undefined;
  /** Lines that are added to the header of every request. */
  readonly impersonation: Lines;
  /** The current TLS options and credentials. */
  authenticate(): Promise<RequestOptions>;
}
