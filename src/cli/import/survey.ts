import { absolutePathSchema } from "../../api/text.ts";
import { probe } from "../../host/actions.ts";
import type { HostCommand } from "../../host/command.ts";
import { parseConfigurationFiles, readConfiguration } from "../../host/configuration-files.ts";
import { parseProbe } from "../../host/parse-probe.ts";
import type { HostDialer, HostSession, SshTarget } from "../../ssh/host-session.ts";
import { lookUpKnownHost } from "../../ssh/known-hosts.ts";
import { formatPublicKey } from "../../ssh/public-key.ts";
import { type Address, addressText } from "./address.ts";
import { domainFile } from "./domain-file.ts";
import { factOf, type Looked } from "./look.ts";
import type { LookedRack } from "./rack.ts";

/** The hosts to look at, and the credentials and keys for them. */
export interface SurveyRequest {
  readonly sans: readonly Address[];
  readonly dom0s: readonly Address[];
  readonly privateKey: string;
  readonly passphrase?: string | undefined;
  /** The text of a known_hosts file. */
  readonly knownHosts: string;
  readonly signal: AbortSignal;
}

/** What was found, and the hosts that did not answer, a line each. */
export interface Survey {
  readonly rack: LookedRack;
  readonly unseen: readonly string[];
}

/** Looks at every host with the operator's probe, all at once. Changes nothing there. */
export async function survey(dialer: HostDialer, request: SurveyRequest): Promise<Survey> {
  const unseen: { readonly kind: "San" | "Dom0"; readonly line: string }[] = [];
  const look = async (kind: "San" | "Dom0", address: Address, how: (ask: Ask) => Promise<Seen>) => {
    try {
      const target = targetOf(address, request);
      const seen = await how(askOf(dialer.session(target), request.signal));
      return [{ address, hostKeys: target.hostKeys, ...seen }];
    } catch (error) {
      request.signal.throwIfAborted();
      unseen.push({ kind, line: `${addressText(address)}: ${error instanceof Error ? error.message : String(error)}` });
      return [];
    }
  };
  const [sans, dom0s] = await Promise.all([
    Promise.all(request.sans.map((address) => look("San", address, lookAtServer))),
    Promise.all(request.dom0s.map((address) => look("Dom0", address, lookAtClient))),
  ]);
  const blind = unseen.filter(({ kind }) => kind === "Dom0").map(({ line }) => `not probed: ${line}`);
  return {
    rack: { sans: sans.flat(), dom0s: dom0s.flat(), unseen: blind.sort() },
    unseen: unseen.map(({ line }) => line).sort(),
  };
}

/** Runs a command on one host, and returns its output. */
type Ask = (command: HostCommand) => Promise<string>;
type Seen = Pick<Looked, "facts" | "files" | "gaps">;

function askOf(session: HostSession, signal: AbortSignal): Ask {
  return async ({ script, args, timeoutSeconds, maxOutputBytes }) => {
    const limit = maxOutputBytes === undefined ? {} : { maxOutputBytes };
    const { stdout } = await session.run({ script, args, timeoutSeconds, signal, ...limit });
    return stdout;
  };
}

async function lookAtServer(ask: Ask): Promise<Seen> {
  const request = { roles: ["Server"], backings: [], segments: [] } as const;
  const first = parseProbe(await ask(probe(request)));
  const backings = plain((factOf(first.exports) ?? []).map(({ backing }) => backing));
  const facts = backings.length === 0 ? first : parseProbe(await ask(probe({ ...request, backings })));
  return { facts, files: [], gaps: [] };
}

/** Directories in which people and xensan keep files of domains. */
const directories = ["/etc/xen", "/etc/xen/auto", "/var/lib/xensan/domains"];

async function lookAtClient(ask: Ask): Promise<Seen> {
  const request = { roles: ["Client"], backings: [], segments: [] } as const;
  const first = parseProbe(await ask(probe(request)));
  const shared = (factOf(first.mounts) ?? [])
    .filter(({ type }) => type === "ocfs2")
    .map(({ mountPoint }) => mountPoint);
  const answer = await ask(readConfiguration([...directories, ...plain(shared)]));
  const { files, skipped } = parseConfigurationFiles(answer);
  const sharedDevices = (factOf(first.aoeDevices) ?? []).map(({ shelf, slot }) => `/dev/etherd/e${shelf}.${slot}`);
  const images = plain(files.flatMap((file) => domainFile(file)?.disks ?? []).map(({ target }) => target));
  const facts =
    sharedDevices.length + images.length === 0
      ? first
      : parseProbe(await ask(probe({ ...request, sharedDevices, images })));
  return { facts, files, gaps: skipped };
}

/** The paths that a probe accepts, without duplicates. */
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
