import type { Clock } from "../../../src/clock.ts";
import { probe } from "../../../src/host/actions.ts";
import type { HostCommand, Outcome } from "../../../src/host/command.ts";
import type { Fact, HostFacts } from "../../../src/host/facts.ts";
import { outcomeOf } from "../../../src/host/outcome.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import type { Owner } from "../../../src/host/values.ts";
import { type DirectOptions, directDialer, directHostKey, endpoint } from "../../../src/sim/dialer.ts";
import type { FaultSource } from "../../../src/sim/faults.ts";
import type { RackEvent } from "../../../src/sim/model/events.ts";
import { createRack, type Rack } from "../../../src/sim/rack.ts";
import { loadRack, parseRack, type RackFile, type RackFileInput, tutorialRack } from "../../../src/sim/rack-file.ts";
import type { RunRequest, RunResult, SshTarget } from "../../../src/ssh/host-session.ts";

/** A clock that jumps: a sleep ends at once. */
interface TestClock extends Clock {
  pass(ms: number): void;
}

function testClock(): TestClock {
  let time = Date.UTC(2026, 0, 1);
  return {
    now: () => time,
    monotonic: () => time,
    random: () => 0.5,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      time += ms;
      return Promise.resolve();
    },
    pass(ms) {
      time += ms;
    },
  };
}

export interface Stage {
  readonly rack: Rack;
  readonly clock: TestClock;
  run(host: string, command: HostCommand, request?: Partial<RunRequest>): Promise<RunResult>;
  act(host: string, command: HostCommand): Promise<Outcome>;
  facts(host: string, backings?: readonly string[]): Promise<HostFacts>;
  pass(seconds: number): void;
  /** Events since the last call, except those of the begin and end of commands. */
  happened(kind?: RackEvent["kind"]): RackEvent[];
}

export interface StageOptions extends DirectOptions {
  readonly file?: RackFile;
  readonly faults?: FaultSource;
  readonly target?: Partial<SshTarget>;
}

export function stage(options: StageOptions = {}): Stage {
  const clock = testClock();
  const file = options.file ?? loadRack(tutorialRack);
  const rack = createRack(file, { clock, ...(options.faults === undefined ? {} : { faults: options.faults }) });
  const dialer = directDialer(rack, options);
  let seen = rack.events.length;
  const run: Stage["run"] = (host, command, request) =>
    dialer
      .session({
        ...endpoint(rack, host),
        become: "None",
        hostKeys: [directHostKey(host)],
        hostKeyPolicy: "Pinned",
        credential: { privateKey: "key", version: "1" },
        ...options.target,
      })
      .run({ script: command.script, args: command.args, timeoutSeconds: command.timeoutSeconds, ...request });
  return {
    rack,
    clock,
    run,
    act: async (host, command) => outcomeOf(await run(host, command)),
    async facts(host, backings = []) {
      const server = rack.host(host).roles.includes("server");
      const request = { roles: [server ? "Server" : "Client"], backings, segments: server ? [] : ["eth1"] } as const;
      return parseProbe((await run(host, probe(request))).stdout);
    },
    pass(seconds) {
      clock.pass(seconds * 1000);
      rack.settle();
    },
    happened(kind) {
      const fresh = rack.events.slice(seen);
      seen = rack.events.length;
      return fresh.filter((event) =>
        kind === undefined ? !["CommandBegun", "CommandEnded", "Fault"].includes(event.kind) : event.kind === kind,
      );
    },
  };
}

export function known<T>(fact: Fact<T>): T {
  if (fact.state !== "known") throw new Error(`not known but ${JSON.stringify(fact)}`);
  return fact.value;
}

export const owner: Owner = { namespace: "san", name: "data", uid: "0a1b" };
export const allowedBackings = ["/dev/vdb", "/srv/aoe/*", "san/*"];

/** The tutorial's rack with a changed file. */
export function changedRack(change: (file: RackFileInput) => void): RackFile {
  const file: RackFileInput = structuredClone(loadRack(tutorialRack));
  change(file);
  return parseRack(file);
}
