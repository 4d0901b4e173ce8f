import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { GenericContainer, Network } from "testcontainers";
import type { SshTarget } from "../../../src/ssh/host-session.ts";
import { startHost, type TestHost } from "../../containers/host.ts";
import { imageName, release, runLabel } from "../../containers/images.ts";
import { setup, teardown } from "../../containers/setup.ts";

const hosts = 10;
const hostImage = `xensan-bench-host:${release}`;
const nodeImage = `xensan-bench-control-node:${release}`;
const here = fileURLToPath(new URL(".", import.meta.url));
const files = ["ansible.cfg", "exports.yaml", "ensure-exports.sh", "on-all.sh"];

/** A container with systemd, sshd, vblade and python3. */
export interface Machine {
  readonly host: TestHost;
  readonly target: SshTarget;
  /** `ssh-ed25519 AAAA…` of its sshd. */
  readonly hostKey: string;
}

/** Ten hosts on one network, one that listens there, and a node with Ansible and ssh. */
export interface Machines extends AsyncDisposable {
  readonly machines: readonly Machine[];
  /** Not before somebody has listened on the segment does xensan export. */
  readonly listener: Machine;
  /** Runs a command line on the control node; resolves with its seconds, without those of the container engine. */
  timed(commandLine: string): Promise<number>;
}

/** Builds the images, and starts the containers. */
export async function startMachines(): Promise<Machines> {
  await setup();
  await build("host.Dockerfile", hostImage, { BASE: imageName("host") });
  await build("control-node.Dockerfile", nodeImage, { RELEASE: release });
  await using undo = new AsyncDisposableStack();
  undo.defer(teardown);
  const network = undo.adopt(await new Network().start(), (it) => it.stop().then(() => undefined));
  const started: Machine[] = [];
  for (let index = 0; index <= hosts; index++) {
    const host = undo.adopt(await startHost({ image: "host", tag: hostImage, network }), (it) => it.stop());
    // All have that of the image.
    await host.sh("rm -f /etc/machine-id && systemd-machine-id-setup && mkdir -p /srv/xensan");
    const hostKey = (await host.sh("cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub")).trim();
    started.push({ host, target: host.target, hostKey });
  }
  const [listener, ...machines] = started;
  if (listener === undefined) throw new Error("no host was started");
  const addresses = await Promise.all(
    machines.map(async ({ host }) => (await host.sh("ip -4 -o addr show eth0 | sed 's/.*inet //; s,/.*,,'")).trim()),
  );
  const [label, value] = runLabel();
  const inventory = addresses.map((address, index) => `${address} shelf=${101 + index}\n`).join("");
  const content = [
    { content: machines[0]?.target.credential.privateKey ?? "", target: "/root/key", mode: 0o600 },
    { content: inventory, target: "/root/hosts", mode: 0o644 },
    ...(await Promise.all(
      files.map(async (name) => ({ content: await readFile(`${here}/${name}`, "utf8"), target: `/root/${name}` })),
    )),
  ];
  const node = undo.adopt(
    await new GenericContainer(nodeImage)
      .withLabels({ [label]: value })
      .withNetwork(network)
      .withCopyContentToContainer(content)
      .withCommand(["sleep", "infinity"])
      .start(),
    (it) => it.stop({ timeout: 0 }).then(() => undefined),
  );
  const rest = undo.move();
  return {
    machines,
    listener,
    async timed(commandLine) {
      const text = `cd /root && mkdir -p .ssh && export ADDRESSES="${addresses.join(" ")}" && date +%s.%N && { ${commandLine}; } >out 2>&1 && date +%s.%N || { cat out; exit 1; }`;
      const { exitCode, output } = await node.exec(["sh", "-c", text]);
      const [begin, end] = output.split("\n").map(Number);
      if (exitCode !== 0 || begin === undefined || end === undefined) throw new Error(`${commandLine}: ${output}`);
      return end - begin;
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

async function build(dockerfile: string, tag: string, args: Record<string, string>): Promise<void> {
  await GenericContainer.fromDockerfile(here, dockerfile).withBuildArgs(args).build(tag, { deleteOnExit: false });
}
