import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { type AddressPolicy, createAddressGate, type Resolve } from "./addresses.ts";
import type { ObserveSsh } from "./events.ts";
import { createHostLink, type HostLink } from "./host-link.ts";
import { type HostDialer, HostError, type RunRequest, type RunResult, type SshTarget } from "./host-session.ts";
import { hostTrust } from "./host-trust.ts";
import { createKeyOpener } from "./key-opener.ts";
import { defaultLimits, type SshLimits } from "./limits.ts";
import { createKeyReader, credentialIdentity } from "./private-key.ts";
import { formatPublicKey, type PublicKey } from "./public-key.ts";
import { type Nonce, requestProblem } from "./wire.ts";

/** Options of a dialer. */
export interface DialerOptions {
  /** Addresses that connections may go to. */
  readonly allow: AddressPolicy;
  readonly observe?: ObserveSsh;
  readonly clock?: Clock;
  readonly limits?: Partial<SshLimits>;
  readonly resolve?: Resolve;
  readonly nonce?: () => Nonce;
}

/** The {@link HostDialer} for real hosts, over SSH. Throws a RangeError for an address list that cannot be parsed. */
export function createDialer(options: DialerOptions): HostDialer {
  const clock = options.clock ?? systemClock;
  const limits = { ...defaultLimits, ...options.limits };
  const observe = options.observe ?? (() => undefined);
  const nonce = options.nonce ?? (() => randomBytes(16).toString("hex"));
  const gate = createAddressGate(options.allow, options.resolve);
  const opener = createKeyOpener();
  const readKey = createKeyReader(opener);
  /**
   * By endpoint, then by everything that makes a connection usable for a target: no target uses the login of another.
   */
  const links = new Map<string, Map<string, HostLink>>();
  const firstSeen = new Map<string, PublicKey>();
  let closed = false;

  const linkFor = (target: SshTarget): HostLink => {
    const endpoint = endpointOf(target);
    const identity = linkIdentity(target);
    const siblings = links.get(endpoint) ?? new Map<string, HostLink>();
    links.set(endpoint, siblings);
    const known = siblings.get(identity);
    if (known !== undefined) return known;
    const link = createHostLink({
      clock,
      limits,
      gate,
      readKey,
      nonce,
      observe,
      trust: (current) => hostTrust(current, firstSeen.get(endpoint)),
      onConnected(current, { serverKey }) {
        if (hostTrust(current, firstSeen.get(endpoint)).firstUse) firstSeen.set(endpoint, serverKey);
      },
      onEnd() {
        if (siblings.get(identity) !== link) return;
        siblings.delete(identity);
        if (siblings.size === 0 && links.get(endpoint) === siblings) links.delete(endpoint);
      },
    });
    siblings.set(identity, link);
    return link;
  };

  const run = async (target: SshTarget, request: RunRequest, afterwards: () => void): Promise<RunResult> => {
    const { host, port, user } = target;
    const started = clock.monotonic();
    const event = { kind: "command", host, port, user, script: request.script.name } as const;
    try {
      const problem = requestProblem(request);
      if (problem !== undefined) throw new HostError("InvalidRequest", problem, { started: false });
      if (closed) throw new HostError("Aborted", "xensan is stopping", { started: false });
      const output = await linkFor(target).run(target, request).finally(afterwards);
      const milliseconds = clock.monotonic() - started;
      observe({ ...event, milliseconds, outcome: "Completed", exitCode: output.exitCode });
      return { ...output, milliseconds };
    } catch (error) {
      const outcome = error instanceof HostError ? error.code : "Unreachable";
      observe({ ...event, milliseconds: clock.monotonic() - started, outcome, exitCode: undefined });
      throw error;
    }
  };

  return {
    session(target) {
      let reported = false;
      const reportHostKey = () => {
        const seen = firstSeen.get(endpointOf(target));
        if (reported || seen === undefined || !hostTrust(target, undefined).firstUse) return;
        reported = true;
        target.onHostKey?.(formatPublicKey(seen));
      };
      return { run: (request) => run(target, request, reportHostKey) };
    },
    forget(target) {
      const endpoint = endpointOf(target);
      for (const link of [...(links.get(endpoint)?.values() ?? [])]) link.retire();
      links.delete(endpoint);
      firstSeen.delete(endpoint);
    },
    async close() {
      closed = true;
      const open = [...links.values()].flatMap((siblings) => [...siblings.values()]);
      links.clear();
      await Promise.all([opener.close(), ...open.map((link) => link.close())]);
    },
  };
}

function endpointOf({ host, port, user }: Pick<SshTarget, "host" | "port" | "user">): string {
  return `${user}@${host}:${port}`;
}

function linkIdentity(target: SshTarget): string {
  return JSON.stringify([
    credentialIdentity(target.credential),
    target.hostKeyPolicy,
    target.hostKeys,
    target.knownHosts,
  ]);
}
