import { absolutePathSchema } from "../../api/text.ts";
import { type ProbeRequest, probe } from "../../host/actions.ts";
import type { HostFacts } from "../../host/facts.ts";
import { parseProbe } from "../../host/parse-probe.ts";
import type { HostDialer, HostSession, SshTarget } from "../../ssh/host-session.ts";
import { lookUpKnownHost } from "../../ssh/known-hosts.ts";
import { formatPublicKey } from "../../ssh/public-key.ts";
import { type Address, addressText } from "./address.ts";
import { factOf, type Looked } from "./look.ts";
import type { LookedRack } from "./rack.ts";

/** Whom to ask, and by what they are known. */
export interface SurveyRequest {
  readonly sans: readonly Address[];
  readonly dom0s: readonly Address[];
  readonly privateKey: string;
  readonly passphrase?: string | undefined;
  /** The text of a known_hosts file. */
  readonly knownHosts: string;
  readonly signal: AbortSignal;
}

/** What was seen, and of whom nothing: a line each. */
export interface Survey {
  readonly rack: LookedRack;
  readonly unseen: readonly string[];
}

/** Looks at every host with the probe of the operator, all at once. It changes nothing there. */
export async function survey(dialer: HostDialer, request: SurveyRequest): Promise<Survey> {
  const unseen: string[] = [];
  const look = async (address: Address, how: (ask: Ask) => Promise<Pick<Looked, "facts" | "files" | "gaps">>) => {
    try {
      const target = targetOf(address, request);
      const seen = await how(askOf(dialer.session(target), request.signal));
      return [{ address, hostKeys: target.hostKeys, ...seen }];
    } catch (error) {
      request.signal.throwIfAborted();
      unseen.push(`${addressText(address)}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  };
  const [sans, dom0s] = await Promise.all([
    Promise.all(request.sans.map((address) => look(address, lookAtServer))),
    Promise.all(request.dom0s.map((address) => look(address, lookAtClient))),
  ]);
  return { rack: { sans: sans.flat(), dom0s: dom0s.flat() }, unseen: unseen.sort() };
}

type Ask = (request: ProbeRequest) => Promise<HostFacts>;

function askOf(session: HostSession, signal: AbortSignal): Ask {
  return async (request) => {
    const { script, args, timeoutSeconds, maxOutputBytes } = probe(request);
    const limit = maxOutputBytes === undefined ? {} : { maxOutputBytes };
    const { stdout } = await session.run({ script, args, timeoutSeconds, signal, ...limit });
    return parseProbe(stdout);
  };
}

async function lookAtServer(ask: Ask): Promise<Pick<Looked, "facts" | "files" | "gaps">> {
  const request = { roles: ["Server"], backings: [], segments: [] } as const;
  const first = await ask(request);
  const backings = plain((factOf(first.exports) ?? []).map(({ backing }) => backing));
  return { facts: backings.length === 0 ? first : await ask({ ...request, backings }), files: [], gaps: [] };
}

async function lookAtClient(ask: Ask): Promise<Pick<Looked, "facts" | "files" | "gaps">> {
  const request = { roles: ["Client"], backings: [], segments: [] } as const;
  const first = await ask(request);
  const sharedDevices = (factOf(first.aoeDevices) ?? []).map(({ shelf, slot }) => `/dev/etherd/e${shelf}.${slot}`);
  return {
    facts: sharedDevices.length === 0 ? first : await ask({ ...request, sharedDevices }),
    files: [],
    gaps: [],
  };
}

/** Those that a probe can be asked for, once each. */
const plain = (paths: readonly string[]) => [
  ...new Set(paths.filter((path) => absolutePathSchema.safeParse(path).success)),
];

function targetOf(address: Address, { privateKey, passphrase, knownHosts }: SurveyRequest): SshTarget {
  const { keys } = lookUpKnownHost(knownHosts, address.host, address.port);
  return {
    ...address,
    become: address.user === "root" ? "None" : "Sudo",
    hostKeys: keys.map(formatPublicKey),
    knownHosts,
    hostKeyPolicy: "Pinned",
    credential: { privateKey, ...(passphrase === undefined ? {} : { passphrase }), version: "1" },
  };
}
