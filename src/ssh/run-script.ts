import { readFileSync } from "node:fs";
import type { Client } from "ssh2";
import type { Clock } from "../clock.ts";
import { messageOf } from "./addresses.ts";
import { type Ending, type Exchange, openExchange } from "./exchange.ts";
import { HostError, type HostErrorCode, type RunRequest, type SshTarget } from "./host-session.ts";
import { orAborted, secondsUntil, startTimeLimit } from "./time-limit.ts";
import { execLines, killScriptName, type Nonce } from "./wire.ts";

const endProcessGroup = {
  name: killScriptName,
  text: readFileSync(new URL("./end-process-group.sh", import.meta.url), "utf8"),
};

/** Options that all commands on a connection share. */
export interface RunOptions {
  readonly clock: Clock;
  readonly nonce: () => Nonce;
  /** Wait for the marks after an exit status, and for a channel to close. */
  readonly graceSeconds: number;
  /** Time for ending a script that took too long. */
  readonly killSeconds: number;
}

/** Output of a script that ended. */
export interface ScriptOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tracks how many sessions the server counts for us. */
export interface ChannelCount {
  opened(): void;
  /** Called once, at the end; also if no channel was opened, but not after {@link ChannelRefused}. */
  released(): void;
  /** The host has not closed a channel in time, and may never do so. `closed` resolves if it does. */
  unclosed(closed: Promise<void>): void;
}

/** The server refused one more channel: nothing was sent, and fewer at a time may work. */
export class ChannelRefused extends Error {
  override readonly name = "ChannelRefused";
}

/** A step or a refusal prints a line or two; only a probe needs more, and sets its own limit. */
export const defaultOutputBytes = 1024 * 1024;

/**
 * Runs one script on an open connection. Rejects with a {@link HostError} or {@link ChannelRefused}. If the script
 * takes too long, prints too much or is cancelled, its process group is ended through a second channel before this
 * rejects.
 */
export async function runScript(
  client: Client,
  target: SshTarget,
  request: RunRequest & { readonly notAfter: number },
  options: RunOptions,
  channel: ChannelCount,
): Promise<ScriptOutput> {
  const { clock } = options;
  const { timeoutSeconds, notAfter } = request;
  using limit = startTimeLimit(clock, timeoutSeconds, request.signal);
  using sending = startTimeLimit(clock, Math.min(timeoutSeconds, secondsUntil(clock, notAfter)), request.signal);
  let sent = false;
  const subject = `${request.script.name} on ${target.host}`;
  const maxOutputBytes = request.maxOutputBytes ?? defaultOutputBytes;

  const opening = openExchange(client, {
    line: execLines[target.become],
    wire: { nonce: options.nonce(), script: request.script, args: request.args },
    maxOutputBytes,
    grace: () => options.clock.sleep(options.graceSeconds * 1000),
    mayStart() {
      // Timers can be late.
      sent = !sending.signal.aborted && clock.monotonic() <= notAfter;
      return sent;
    },
  }).then(
    (opened) => {
      channel.opened();
      return opened;
    },
    (cause: unknown) => {
      const error = channelError(cause, subject);
      if (!(error instanceof ChannelRefused) || sending.signal.aborted) channel.released();
      throw error;
    },
  );
  const exchange = await orAborted(opening, sending.signal, (late) => releaseWhenClosed(late, options, channel));
  if (exchange === undefined) throw sending.error(`opening a channel for ${subject}`, { started: false });

  try {
    if (!sent) throw sending.error(`opening a channel for ${subject}`, { started: false });
    const ending = await orAborted(exchange.ended, limit.signal);
    if (ending !== undefined && ending.kind !== "overflow") return outputOf(ending, target, subject);
    const fate = await endScript(client, target, exchange, options, channel);
    if (ending === undefined) throw limit.error(`running ${subject}`, { started: true, fate });
    const message = `${subject} printed more than ${maxOutputBytes} bytes on ${ending.stream}; ${fate}`;
    throw new HostError("OutputLimitExceeded", message, { started: true });
  } finally {
    releaseWhenClosed(exchange, options, channel);
  }
}

function channelError(error: unknown, subject: string): Error {
  const message = messageOf(error);
  if (/channel open failure|unable to exec/i.test(message)) return new ChannelRefused(message, { cause: error });
  return new HostError("ConnectionLost", `${subject} was not sent: ${message}`, { started: false, cause: error });
}

function releaseWhenClosed(exchange: Exchange, options: RunOptions, channel: ChannelCount): void {
  void closing(exchange, options, channel).then(() => channel.released());
}

/** Resolves when the host has closed the channel, or has not done so in time. */
async function closing(exchange: Exchange, { clock, graceSeconds }: RunOptions, channel: ChannelCount): Promise<void> {
  exchange.close();
  const waiting = new AbortController();
  const patience = clock.sleep(graceSeconds * 1000, waiting.signal).then(
    () => "unclosed" as const,
    () => undefined,
  );
  const first = await Promise.race([exchange.closed, patience]);
  waiting.abort();
  if (first !== "unclosed") return;
  exchange.abandon();
  channel.unclosed(exchange.closed);
}

function outputOf(ending: Exclude<Ending, { kind: "overflow" }>, target: SshTarget, subject: string): ScriptOutput {
  if (ending.kind === "complete") return { exitCode: ending.exitCode, stdout: ending.stdout, stderr: ending.stderr };
  const { exitCode, signal, begun, excerpt } = ending;
  const said = excerpt === "" ? "it printed nothing" : `its output ended with: ${excerpt}`;
  const error = (code: HostErrorCode, started: boolean, what: string) =>
    new HostError(code, `${subject} ${what}; ${said}`, { started });
  if (signal !== undefined) return fail(error("Killed", true, `was ended by SIG${signal}`));
  if (exitCode === undefined) return fail(error("ConnectionLost", true, "was cut off before it ended"));
  if (begun) return fail(error("Unintelligible", true, `ended with status ${exitCode} but its output has no end mark`));
  if (target.become === "Sudo") {
    return fail(
      error("BecomeFailed", false, `did not begin: sudo -n ended with status ${exitCode} for user ${target.user}`),
    );
  }
  return fail(
    error("Unintelligible", false, `did not begin: the login shell of ${target.user} ended with status ${exitCode}`),
  );
}

function fail(error: HostError): never {
  throw error;
}

/**
 * Ends the script's process group through a second channel, outside the limit on channels. Returns a description of the
 * result.
 */
async function endScript(
  client: Client,
  target: SshTarget,
  exchange: Exchange,
  options: RunOptions,
  channel: ChannelCount,
): Promise<string> {
  const process = exchange.process();
  if (process === undefined) return "its process is unknown and may still be running";
  const args = [String(process.pid), String(process.processGroup), process.startTicks];
  const { clock, nonce, graceSeconds, killSeconds } = options;
  const unanswered = "its processes may still be running: the host did not answer";
  using limit = startTimeLimit(clock, killSeconds, undefined);
  try {
    const opening = openExchange(client, {
      line: execLines[target.become],
      wire: { nonce: nonce(), script: endProcessGroup, args },
      maxOutputBytes: 64 * 1024,
      grace: () => clock.sleep(graceSeconds * 1000),
      mayStart: () => true,
    });
    const kill = await orAborted(opening, limit.signal, (late) => void closing(late, options, channel));
    if (kill === undefined) return unanswered;
    const ending = await orAborted(kill.ended, limit.signal);
    void closing(kill, options, channel);
    if (ending?.kind === "complete" && ending.exitCode === 0) return "its processes were killed";
    if (ending?.kind === "complete") return `its processes could not be killed: ${ending.stdout.trim()}`;
    return unanswered;
  } catch (error) {
    return `its processes may still be running: ${messageOf(error)}`;
  }
}
