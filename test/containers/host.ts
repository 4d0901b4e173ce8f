import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer } from "testcontainers";
import { systemClock } from "../../src/clock.ts";
import { type ProbeRequest, probe } from "../../src/host/actions.ts";
import type { HostCommand, Outcome } from "../../src/host/command.ts";
import type { HostFacts } from "../../src/host/facts.ts";
import { outcomeOf } from "../../src/host/outcome.ts";
import { parseProbe } from "../../src/host/parse-probe.ts";
import { createDialer } from "../../src/ssh/dialer.ts";
import type { RunResult, SshTarget } from "../../src/ssh/host-session.ts";
import { type ImageName, imageName, runLabel } from "./images.ts";

/** A container that xensan reaches over its own SSH client, like a machine. */
export interface TestHost {
  readonly target: SshTarget;
  run(command: HostCommand): Promise<RunResult>;
  act(command: HostCommand): Promise<Outcome>;
  probe(request?: Partial<ProbeRequest>): Promise<HostFacts>;
  /** Logs in as another user than root, who becomes root with sudo. */
  runAs(user: string, command: HostCommand): Promise<RunResult>;
  /** Behind xensan's back, as an administrator types it; throws with the output when it fails. */
  sh(text: string): Promise<string>;
  /** Like `sh`, with the exit code. */
  try(text: string): Promise<{ exitCode: number; output: string }>;
  /** Off and on again: everything in memory is lost, everything on disk stays. */
  reboot(): Promise<void>;
  stop(): Promise<void>;
}

export interface HostOptions {
  readonly image: ImageName;
  /** An image that is built on it, instead. */
  readonly tag?: string;
  /** Absent: a network of its own, since hosts of two test files on one segment would see each other's exports. */
  readonly network?: StartedNetwork;
  /** Every tool and sh itself are busybox's, as on a rescue system or an appliance. */
  readonly busybox?: boolean;
  readonly tmpfs?: Readonly<Record<string, string>>;
}

/** Settings for which testcontainers has no method: block devices inside, and separate cgroups for systemd. */
class HostContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    Object.assign(this.hostConfig, { DeviceCgroupRules: ["b *:* rwm", "c 10:237 rwm"], CgroupnsMode: "private" });
  }
}

const keys = newKeyPair();

export async function startHost(options: HostOptions): Promise<TestHost> {
  const [label, value] = runLabel();
  const container = new HostContainer(options.tag ?? imageName(options.image))
    .withAddedCapabilities("SYS_ADMIN", "NET_ADMIN", "NET_RAW", "MKNOD", "SYS_PTRACE")
    .withSecurityOpt("seccomp=unconfined", "apparmor=unconfined")
    .withTmpFs({ "/run": "rw", "/run/lock": "rw", ...options.tmpfs })
    .withLabels({ [label]: value })
    .withCopyContentToContainer([{ content: keys.publicKey, target: "/root/.ssh/authorized_keys", mode: 0o600 }])
    .withExposedPorts(22);
  const ownNetwork = options.network === undefined ? await new Network().start() : undefined;
  const network = options.network ?? ownNetwork;
  if (network !== undefined) container.withNetwork(network);
  const started = await container.start();
  const dialer = createDialer({ allow: "Any" });
  const session = (changes: Partial<SshTarget> = {}) => dialer.session({ ...targetOf(started), ...changes });
  const attempt = async (text: string) => {
    const { exitCode, output } = await started.exec(["/bin/sh", "-c", text]);
    return { exitCode, output };
  };
  const sh = async (text: string) => {
    const { exitCode, output } = await attempt(text);
    if (exitCode !== 0) throw new Error(`exit ${exitCode} from ${text}\n${output}`);
    return output;
  };
  const run = (command: HostCommand, changes: Partial<SshTarget> = {}) =>
    session(changes).run({ script: command.script, args: command.args, timeoutSeconds: command.timeoutSeconds });
  const isReady = async () => {
    const script = { name: "ready", text: "echo ready" };
    const answer = await session().run({ script, args: [], timeoutSeconds: 5 });
    // Acting during the boot would race with the services that it starts.
    const { output } = await attempt("[ ! -d /run/systemd/system ] || systemctl is-system-running --wait");
    return answer.exitCode === 0 && !output.includes("starting");
  };
  if (options.busybox === true) {
    await sh("busybox --install -s /usr/local/sbin && ln -sf /bin/busybox /bin/sh && rm -f /usr/local/sbin/init");
  }
  await eventually("the host answers over SSH", isReady);
  return {
    target: targetOf(started),
    run: (command) => run(command),
    runAs: (user, command) => run(command, { user, become: "Sudo" }),
    act: async (command) => outcomeOf(await run(command)),
    async probe(request) {
      const command = probe({ roles: ["Server"], backings: [], segments: [], ...request });
      return parseProbe((await run(command)).stdout);
    },
    sh,
    try: attempt,
    async reboot() {
      await started.restart({ timeout: 5 });
      await eventually("the host answers over SSH after its reboot", isReady);
    },
    async stop() {
      await dialer.close();
      await started.stop({ timeout: 0 });
      await ownNetwork?.stop();
    },
  };
}

/** Waits until a condition holds; a throw counts as "not yet", and a timeout reports it. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  { seconds = 60 }: { seconds?: number } = {},
): Promise<void> {
  const deadline = systemClock.monotonic() + seconds * 1000;
  let last: unknown = "it was false each time";
  while (systemClock.monotonic() < deadline) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    await systemClock.sleep(100);
  }
  throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
}

/** The value of a known fact; throws with the reason otherwise. */
export function known<T>(
  fact: { state: "known"; value: T } | { state: "absent" } | { state: "unknown"; why: string },
): T {
  if (fact.state !== "known") throw new Error(`not known: ${JSON.stringify(fact)}`);
  return fact.value;
}

function targetOf(container: StartedTestContainer): SshTarget {
  return {
    host: container.getHost(),
    port: container.getMappedPort(22),
    user: "root",
    become: "None",
    hostKeys: [],
    hostKeyPolicy: "TrustOnFirstUse",
    credential: { privateKey: keys.privateKey, version: "1" },
  };
}

function newKeyPair(): { privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const parsed = ssh2.utils.parseKey(pair.privateKey);
  if (parsed instanceof Error) throw parsed;
  return { privateKey: pair.privateKey, publicKey: `ssh-rsa ${parsed.getPublicSSH().toString("base64")} test\n` };
}
