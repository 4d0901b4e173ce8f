import { printableLines } from "../printable.ts";
import { type HostDialer, HostError, type RunRequest, type RunResult, type SshTarget } from "../ssh/host-session.ts";
import { hostTrust, refusal } from "../ssh/host-trust.ts";
import { formatPublicKey, parsePublicKey } from "../ssh/public-key.ts";
import { defaultOutputBytes } from "../ssh/run-script.ts";
import { requestProblem } from "../ssh/wire.ts";
import { type Fault, garbage } from "./faults.ts";
import type { Host } from "./model/state.ts";
import { note } from "./model/world.ts";
import type { ScriptProcess } from "./process.ts";
import type { Rack } from "./rack.ts";

/** Timing of direct connections to the simulated rack, in milliseconds. */
export interface DirectOptions {
  /** One way, in milliseconds of the rack's clock. */
  readonly latencyMs?: number;
  /** How long an unreachable host keeps a client waiting. */
  readonly connectTimeoutMs?: number;
  /** How long until a silent connection counts as lost. */
  readonly keepaliveMs?: number;
  /** A private key that hosts accept; any key when absent. */
  readonly authorizedKey?: string;
}

/** Where a host listens: the address of the rack file, with a made-up port where the file says 0. */
export function endpoint(rack: Rack, name: string): { host: string; port: number; user: string } {
  const index = [...rack.hosts.keys()].indexOf(name);
  const ssh = rack.file.hosts[name]?.ssh;
  if (ssh === undefined) throw new Error(`the rack has no host ${name}`);
  return { host: ssh.address, port: ssh.port === 0 ? 40_000 + index : ssh.port, user: ssh.user };
}

/** The host key of the direct dialer: not a real key, but of the right form and different for each host. */
export function directHostKey(name: string): string {
  const blob = Buffer.alloc(32);
  blob.write(name);
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(blob)]).toString("base64")}`;
}

/**
 * Connects to hosts without SSH: scripts run in the model, on the rack's clock. Errors and their effects are those of
 * the real sessions (src/ssh): a script whose connection is cut keeps running.
 */
export function directDialer(rack: Rack, options: DirectOptions = {}): HostDialer {
  const { latencyMs = 1, connectTimeoutMs = 10_000, keepaliveMs = 15_000, authorizedKey } = options;
  const { clock, world } = rack;
  const names = new Map(
    [...rack.hosts.keys()].map((name) => {
      const { host, port } = endpoint(rack, name);
      return [`${host}:${port}`, name];
    }),
  );

  const keys = new Map([...rack.hosts.keys()].map((name) => [name, parsePublicKey(directHostKey(name))]));

  async function wait(ms: number, request: RunRequest, started: boolean): Promise<void> {
    try {
      if (ms > 0) await clock.sleep(ms, request.signal);
      request.signal?.throwIfAborted();
    } catch (cause) {
      throw new HostError("Aborted", `${request.script.name} was aborted`, { started, cause });
    }
    rack.settle();
  }

  function refuse(target: SshTarget, host: Host, keyOf: string): HostError | undefined {
    const fail = (code: HostError["code"], message: string) => new HostError(code, message, { started: false });
    const key = keys.get(keyOf);
    if (key === undefined) return undefined;
    const trust = hostTrust(target, undefined);
    const untrusted = refusal(trust, key);
    if (untrusted !== undefined) return untrusted;
    if (trust.firstUse) target.onHostKey?.(formatPublicKey(key));
    if (authorizedKey !== undefined && target.credential.privateKey !== authorizedKey) {
      return fail("AuthenticationFailed", `${host.name} does not accept the key for ${target.user}`);
    }
    const ssh = rack.file.hosts[host.name]?.ssh;
    if (ssh !== undefined && target.user !== ssh.user) {
      return fail("AuthenticationFailed", `${host.name} does not know the user ${target.user}`);
    }
    if (target.become === "Sudo" && ssh?.sudo === "Denied") {
      return fail("BecomeFailed", `sudo: a password is required`);
    }
    return undefined;
  }

  async function run(target: SshTarget, request: RunRequest): Promise<RunResult> {
    const began = clock.monotonic();
    const deadline = clock.now() + request.timeoutSeconds * 1000;
    const problem = requestProblem(request);
    if (problem !== undefined) throw new HostError("InvalidRequest", problem, { started: false });
    await wait(latencyMs, request, false);
    const address = `${target.host}:${target.port}`;
    const answering = rack.answering(names.get(address) ?? "");
    const host = rack.hosts.get(answering.host);
    const unreachable = (message: string) => new HostError("Unreachable", message, { started: false });
    if (host === undefined) throw unreachable(`connect to ${address}: connection refused`);

    const ask = (at: "Connect" | "Step" | "End", step: number): Fault | undefined => {
      const fault = rack.faults({ host: host.name, script: request.script.name, args: request.args, at, step });
      if (fault !== undefined) {
        const what = fault.kind === "Event" ? fault.name : fault.kind;
        note(world, host, { kind: "Fault", fault: `${what} at ${at} ${step} of ${request.script.name}` });
      }
      return fault;
    };
    const strike = (fault: Fault | undefined) => {
      if (fault?.kind === "Event") fault.act(world, host);
    };
    const notAfter = began + (request.beginWithinSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    const timedOut = (started: boolean) =>
      new HostError("TimedOut", `${request.script.name} on ${host.name} took more than ${request.timeoutSeconds} s`, {
        started,
      });
    const lost = (started: boolean) =>
      new HostError("ConnectionLost", `the connection to ${host.name} was lost during ${request.script.name}`, {
        started,
      });

    const first = ask("Connect", 0);
    strike(first);
    if (first?.kind === "Refuse") throw unreachable(`connect to ${address}: connection refused`);
    if (first?.kind === "Drop") throw lost(false);
    const patience = () => Math.min(deadline - clock.now(), notAfter - clock.monotonic());
    if (first?.kind === "Delay") await wait(Math.min(first.ms, notAfter - clock.monotonic()), request, false);
    if (clock.monotonic() >= notAfter) throw timedOut(false);
    if (first?.kind === "Hang") {
      await wait(patience(), request, false);
      throw timedOut(false);
    }
    if (host.power === "Booting") throw unreachable(`connect to ${address}: connection refused`);
    if (host.power === "Off" || host.management === "Cut") {
      await wait(Math.min(connectTimeoutMs, patience()), request, false);
      throw unreachable(`connect to ${address}: timed out`);
    }
    const refusal = refuse(target, host, answering.key);
    if (refusal !== undefined) throw refusal;

    let cut: "Drop" | "Hang" | undefined;
    const shape: Fault[] = first === undefined ? [] : [first];
    const process: ScriptProcess = rack.start(host, request.script.name, request.args, {
      beforeStep(stepping) {
        if (cut !== undefined) return 0;
        const fault = ask("Step", stepping.step);
        strike(fault);
        if (fault?.kind === "Delay") return fault.ms;
        if (fault?.kind === "Drop" || fault?.kind === "Hang") cut = fault.kind;
        else if (fault !== undefined) shape.push(fault);
        return 0;
      },
    });

    const reachable = () => host.management === "Connected";
    while (process.end === undefined && cut === undefined && reachable()) {
      const due = process.wakeAt ?? clock.now();
      if (due > deadline) {
        await waitOrKill(deadline - clock.now(), request, process);
        process.kill("timed out");
        throw timedOut(true);
      }
      await waitOrKill(due - clock.now(), request, process);
    }
    if (cut === "Hang") {
      await wait(deadline - clock.now(), request, true);
      throw timedOut(true);
    }
    if (cut === "Drop") throw lost(true);
    if (process.end?.kind !== "Exited" || !reachable()) {
      await wait(Math.min(keepaliveMs, deadline - clock.now()), request, true);
      throw lost(true);
    }
    const last = ask("End", process.step);
    strike(last);
    if (last !== undefined) shape.push(last);
    await wait(latencyMs, request, true);
    return answer(process, process.end.exitCode, shape);

    async function answer(ended: ScriptProcess, exit: number, faults: readonly Fault[]): Promise<RunResult> {
      let stdout = ended.stdout;
      let exitCode = exit;
      const limit = request.maxOutputBytes ?? defaultOutputBytes;
      for (const fault of faults) {
        if (fault.kind === "Drop" || fault.kind === "Refuse") throw lost(true);
        if (fault.kind === "Delay") await wait(Math.min(fault.ms, deadline - clock.now()), request, true);
        if (fault.kind === "Delay" && clock.now() >= deadline) throw timedOut(true);
        if (fault.kind === "Hang") {
          await wait(deadline - clock.now(), request, true);
          throw timedOut(true);
        }
        if (fault.kind === "Truncate") stdout = stdout.slice(0, fault.bytes);
        if (fault.kind === "ExitCode") exitCode = fault.exitCode;
        if (fault.kind === "Garbage") stdout = garbage;
        if (fault.kind === "Flood" && fault.bytes > limit) stdout = " ".repeat(limit + 1);
        else if (fault.kind === "Flood") stdout = "x".repeat(fault.bytes);
      }
      if (stdout.length > limit || ended.stderr.length > limit) {
        throw new HostError("OutputLimitExceeded", `${request.script.name} printed more than ${limit} bytes`, {
          started: true,
        });
      }
      return {
        exitCode,
        stdout: printableLines(stdout),
        stderr: printableLines(ended.stderr),
        milliseconds: clock.monotonic() - began,
      };
    }
  }

  /** A client that gives up kills the script that it started, as the real sessions do. */
  async function waitOrKill(ms: number, request: RunRequest, process: ScriptProcess): Promise<void> {
    try {
      await wait(ms, request, true);
    } catch (error) {
      process.kill("aborted");
      throw error;
    }
  }

  return {
    session: (target) => ({ run: (request) => run(target, request) }),
    forget: () => undefined,
    close: () => Promise.resolve(),
  };
}
