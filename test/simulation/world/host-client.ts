import {
  type HostDialer,
  HostError,
  type RunRequest,
  type RunResult,
  type SshTarget,
} from "../../../src/ssh/host-session.ts";
import { type Life, never } from "./life.ts";
import type { SideEffects } from "./side-effects.ts";

/** One script that a process of the operator sent to a host. */
export interface SentScript {
  readonly life: Life;
  readonly host: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly changes: boolean;
}

export interface HostConnection {
  readonly dialer: HostDialer;
  readonly life: Life;
  readonly effects: SideEffects;
  /** The host behind a target. */
  readonly nameOf: (target: SshTarget) => string;
  readonly onBegin?: (sent: SentScript) => void;
  /** `result` is what the process receives. Not called once the process is dead. */
  readonly onEnd?: (sent: SentScript, result: RunResult | HostError) => void;
}

/** Scripts that only look. All others count as side effects. */
const looking: readonly string[] = ["probe", "probe-running"];

/** The rack as one process reaches it. A script that was sent runs on when the process dies, as on a real host. */
export function connectHosts(connection: HostConnection): HostDialer {
  const { dialer, life, effects, nameOf } = connection;

  async function run(target: SshTarget, request: RunRequest): Promise<RunResult> {
    if (!life.alive) return never();
    const { script, args } = request;
    const sent = { life, host: nameOf(target), script: script.name, args, changes: !looking.includes(script.name) };
    const effect = sent.changes
      ? effects.begin(life, "host", `${sent.host} ${script.name} ${args.join(" ")}`)
      : undefined;
    if (sent.changes && effect === undefined) return never();
    connection.onBegin?.(sent);
    const answer = dialer.session(target).run(request);
    if (effect !== undefined)
      answer.then(
        () => effects.end(life, effect),
        () => effects.end(life, effect),
      );
    try {
      const result = await life.sees(answer);
      connection.onEnd?.(sent, result);
      return result;
    } catch (error) {
      if (error instanceof HostError) connection.onEnd?.(sent, error);
      throw error;
    }
  }

  return {
    session: (target) => ({ run: (request) => run(target, request) }),
    forget: (target) => dialer.forget(target),
    close: () => dialer.close(),
  };
}
