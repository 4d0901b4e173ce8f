import { createDialer, type DialerOptions } from "../../../src/ssh/dialer.ts";
import type { SshEvent } from "../../../src/ssh/events.ts";
import { HostError, type HostErrorCode, type RunRequest, type SshTarget } from "../../../src/ssh/host-session.ts";

export function targetOn(
  server: { port: number; hostKey: string },
  userKey: { privateKey: string },
  changes: Partial<SshTarget> = {},
): SshTarget {
  return {
    host: "127.0.0.1",
    port: server.port,
    user: "root",
    become: "None",
    hostKeys: [server.hostKey],
    hostKeyPolicy: "Pinned",
    credential: { privateKey: userKey.privateKey, version: "1" },
    ...changes,
  };
}

export function openDialer(options: Partial<DialerOptions> = {}) {
  const events: SshEvent[] = [];
  const dialer = createDialer({
    allow: ["127.0.0.0/8"],
    observe: (event) => events.push(event),
    ...options,
    limits: { backoff: { baseMilliseconds: 1, maxMilliseconds: 1 }, graceSeconds: 0.5, ...options.limits },
  });
  return { dialer, events, kinds: () => events.map(({ kind }) => kind) };
}

export function script(text: string, changes: Partial<RunRequest> = {}): RunRequest {
  return { script: { name: "test", text }, args: [], timeoutSeconds: 20, ...changes };
}

/** The error of a command that has no result. */
export async function failureOf(
  run: Promise<unknown>,
): Promise<{ code: HostErrorCode; started: boolean; message: string }> {
  const error = await run.then(
    (value) => new Error(`expected a HostError, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof HostError)) throw error;
  return { code: error.code, started: error.started, message: error.message };
}
