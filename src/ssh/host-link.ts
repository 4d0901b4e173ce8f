import type { Clock } from "../clock.ts";
import type { AddressGate } from "./addresses.ts";
import { backoffMilliseconds } from "./backoff.ts";
import { type Connection, connect } from "./connection.ts";
import type { ObserveSsh } from "./events.ts";
import { HostError, type HostErrorCode, type RunRequest, type SshTarget } from "./host-session.ts";
import type { HostTrust } from "./host-trust.ts";
import type { SshLimits } from "./limits.ts";
import type { ReadPrivateKey } from "./private-key.ts";
import { ChannelRefused, runScript, type ScriptOutput } from "./run-script.ts";
import { createSlots, type Slots } from "./slots.ts";
import { orAborted, secondsUntil, startTimeLimit } from "./time-limit.ts";
import type { Nonce } from "./wire.ts";

/** One connection to one endpoint with one credential: opened on demand, shared by all commands, closed when idle. */
export interface HostLink {
  run(target: SshTarget, request: RunRequest): Promise<ScriptOutput>;
  /** Closes the link when nothing runs. */
  retire(): void;
  /** Closes the link now; running commands end with ConnectionLost. */
  close(): Promise<void>;
}

/** Options of a link. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly limits: SshLimits;
  readonly gate: AddressGate;
  readonly readKey: ReadPrivateKey;
  readonly nonce: () => Nonce;
  readonly observe: ObserveSsh;
  /** Called for every new connection, before it is used: the result may differ from attempt to attempt. */
  readonly trust: (target: SshTarget) => HostTrust;
  readonly onConnected: (target: SshTarget, connection: Connection) => void;
  /** The link was idle for long enough, or was retired: it is not used again. */
  readonly onEnd: () => void;
}

interface Live {
  readonly connection: Connection;
  readonly slots: Slots;
  /** Channels that the server has accepted and not yet closed. */
  open: number;
  /** Channels that we have closed and the server has not, after some patience. */
  unclosed: number;
  over: boolean;
}

/**
 * A connection with more unclosed channels is left: each takes memory here until the server closes it. sshd does not
 * close one while a child process of the command lives, so a few are no abuse; it allows 10 sessions (MaxSessions).
 */
const mostUnclosed = 8;

/** Errors of attempts that a guard on the host, such as fail2ban, counts against us. */
const turnedAway: ReadonlySet<HostErrorCode> = new Set(["AuthenticationFailed", "HostKeyMismatch", "HostKeyUnknown"]);

/** A link that connects for the first command. */
export function createHostLink(options: LinkOptions): HostLink {
  const { clock, limits, observe } = options;
  const shutdown = new AbortController();
  let connecting: Promise<Live> | undefined;
  let live: Live | undefined;
  let running = 0;
  let retired = false;
  let idle = new AbortController();
  let failure: { error: HostError; count: number; notBefore: number } | undefined;
  /** Connections in a row that were closed because of what the host sent. */
  let abuses = 0;

  const end = () => {
    live?.connection.end();
    options.onEnd();
  };
  const begin = () => {
    running += 1;
    idle.abort();
  };
  const finish = () => {
    running -= 1;
    if (running > 0) return;
    if (retired) return end();
    idle = new AbortController();
    void clock
      .sleep(limits.idleSeconds * 1000, AbortSignal.any([idle.signal, shutdown.signal]))
      .then(end, () => undefined);
  };

  const failed = (error: HostError, count: number) => {
    const patience = turnedAway.has(error.code) && count > 2 ? limits.turnedAwayBackoff : limits.backoff;
    failure = { error, count, notBefore: clock.monotonic() + backoffMilliseconds(patience, count, clock.random()) };
  };

  const open = async (target: SshTarget): Promise<Live> => {
    const { host, port, user } = target;
    const started = clock.monotonic();
    using limit = startTimeLimit(clock, limits.connectSeconds, shutdown.signal);
    try {
      const trust = options.trust(target);
      const connection = await connect(target, trust, {
        ...limits,
        clock,
        gate: options.gate,
        readKey: options.readKey,
        signal: limit.signal,
      });
      failure = undefined;
      const opened: Live = { connection, slots: createSlots(limits.channels), open: 0, unclosed: 0, over: false };
      live = opened;
      void connection.closed.then((why) => {
        opened.over = true;
        if (live === opened) live = undefined;
        if (connection.abuse === undefined) abuses = 0;
        else {
          abuses += 1;
          failed(new HostError("Unreachable", `${host}:${port} was left: ${why}`, { started: false }), abuses);
        }
        observe({ kind: "disconnected", host, port, user, why });
      });
      observe({ kind: "connected", host, port, user, milliseconds: clock.monotonic() - started });
      options.onConnected(target, connection);
      return opened;
    } catch (cause) {
      const error =
        cause instanceof HostError ? cause : new HostError("Unreachable", String(cause), { started: false, cause });
      failed(error, (failure?.count ?? 0) + 1);
      observe({ kind: "connectFailed", host, port, user, code: error.code, milliseconds: clock.monotonic() - started });
      throw error;
    } finally {
      connecting = undefined;
    }
  };

  const connected = async (target: SshTarget): Promise<Live> => {
    if (live !== undefined) return live;
    if (connecting === undefined && failure !== undefined) {
      const wait = failure.notBefore - clock.monotonic();
      const { code, message } = failure.error;
      const next = `${message} (attempt ${failure.count}, the next one in ${Math.ceil(wait / 1000)} s)`;
      if (wait > 0) throw new HostError(code, next, { started: false, cause: failure.error });
    }
    connecting ??= open(target);
    return connecting;
  };

  const attempt = async (
    target: SshTarget,
    request: RunRequest,
    notAfter: number,
    reused: boolean,
  ): Promise<ScriptOutput | "again"> => {
    const subject = `${request.script.name} on ${target.host}`;
    const patience = Math.min(limits.connectSeconds + request.timeoutSeconds, secondsUntil(clock, notAfter));
    using waiting = startTimeLimit(clock, patience, request.signal);
    const on = await orAborted(connected(target), waiting.signal);
    if (on === undefined) throw waiting.error(`connecting for ${subject}`, { started: false });
    const release = await orAborted(
      on.slots.acquire(waiting.signal).catch(() => undefined),
      waiting.signal,
    );
    if (release === undefined) throw waiting.error(`waiting for a free channel for ${subject}`, { started: false });
    if (on.over) {
      release();
      return "again";
    }
    let counted = false;
    const channel = {
      opened() {
        counted = true;
        on.open += 1;
      },
      released() {
        if (counted) on.open -= 1;
        release();
      },
      unclosed(closed: Promise<void>) {
        on.unclosed += 1;
        void closed.then(() => {
          on.unclosed -= 1;
        });
        if (on.unclosed > mostUnclosed) on.connection.leave(`the host left ${on.unclosed} channels unclosed`);
      },
    };
    try {
      const runOptions = { clock, nonce: options.nonce, ...limits };
      return await runScript(on.connection.client, target, { ...request, notAfter }, runOptions, channel);
    } catch (error) {
      if (error instanceof HostError && error.code === "ConnectionLost" && !error.started && reused) return "again";
      const { abuse } = on.connection;
      if (abuse !== undefined && error instanceof HostError && error.code === "ConnectionLost") {
        const { code, started } = error;
        throw new HostError(code, `${error.message}; xensan closed the connection: ${abuse}`, {
          started,
          cause: error,
        });
      }
      if (!(error instanceof ChannelRefused)) throw error;
      // The server allows fewer sessions than expected: the open ones are its limit.
      on.slots.lowerTo(on.open);
      release();
      if (on.slots.used > 0) return "again";
      const message = `${target.host}:${target.port} refuses every session: ${error.message}`;
      throw new HostError("Unreachable", message, { started: false, cause: error });
    }
  };

  return {
    async run(target, request) {
      begin();
      const notAfter = clock.monotonic() + (request.beginWithinSeconds ?? Number.POSITIVE_INFINITY) * 1000;
      try {
        for (let tries = 0; tries < 5; tries += 1) {
          const result = await attempt(target, request, notAfter, live !== undefined);
          if (result !== "again") return result;
        }
        const message = `${target.host}:${target.port} repeatedly lost its connection or refused a session before ${request.script.name} was sent`;
        throw new HostError("ConnectionLost", message, { started: false });
      } finally {
        finish();
      }
    },
    retire() {
      retired = true;
      if (running === 0) end();
    },
    async close() {
      retired = true;
      shutdown.abort(new Error("xensan is stopping"));
      const closing = live?.connection;
      end();
      if (closing === undefined) return;
      const patience = new AbortController();
      await Promise.race([
        closing.closed,
        clock.sleep(limits.graceSeconds * 1000, patience.signal).catch(() => undefined),
      ]);
      patience.abort();
      closing.destroy();
    },
  };
}
