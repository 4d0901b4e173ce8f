import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { readManifests } from "../../src/cli/manifests.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { createOperator, type Operator } from "./operator.ts";
import { projectRoot } from "./places.ts";
import type { Rack } from "./rack.ts";
import { runCommand } from "./run-command.ts";
import type { Rival, Words } from "./scenario.ts";

/** Another control plane and another operator for the same hosts. */
async function openRival(rack: Rack, name: string, signal: AbortSignal): Promise<Rival> {
  const cluster = await startCluster(rack, signal);
  const operator = createOperator(cluster.kubeconfigFile, path.join(rack.directory, `operator-${name}-rival.log`));
  await operator.start();
  const { apply, examples, get, become, remove, gone } = cluster;
  return {
    ...{ apply, examples, get, become, remove, gone },
    async close() {
      await operator.end("SIGTERM");
      await cluster.stop();
    },
  };
}

const bootId = "cat /proc/sys/kernel/random/boot_id";
/** A Xen dom0 boots in one to two minutes alone, in more when other machines boot beside it. */
const bootSeconds = 1200;

/** What one story runs on: a rack, an empty control plane and an operator. */
export interface Stage {
  readonly words: Words;
  readonly cluster: Cluster;
  readonly operator: Operator;
  close(): Promise<void>;
}

/** `there`: an existing control plane; else a new one is started. */
export async function openStage(rack: Rack, name: string, signal: AbortSignal, there?: Cluster): Promise<Stage> {
  const cluster = there ?? (await startCluster(rack, signal));
  const operator = createOperator(cluster.kubeconfigFile, path.join(rack.directory, `operator-${name}.log`));
  await operator.start();
  const { on, run, apply, examples, remove, get, become, ready, gone } = { ...cluster, on: rack.on, run: rack.run };
  const until: Words["until"] = (host, text, withinSeconds = 180) => rack.until(host, text, withinSeconds);
  const xensan = (...args: readonly string[]) => {
    const entry = path.join(projectRoot, "src", "cli", "main.ts");
    return runCommand(process.execPath, [entry, ...args, "--namespace", "san"], { signal });
  };
  const rivals = new Set<Rival>();
  const words: Words = {
    ...{ on, run, until, apply, examples, remove, get, become, ready, gone },
    power: {
      cut: (host) => rack.powerOff(host),
      async restore(host, withinSeconds = bootSeconds) {
        await rack.powerOn(host);
        await rack.answers(host, withinSeconds);
      },
    },
    keepDisk: (host, disk) => rack.keepDisk(host, disk),
    swapDisks: (host, one, other) => rack.swapDisks(host, one, other),
    swapCards: (host, one, other) => rack.swapCards(host, one, other),
    async reboot(host, withinSeconds = bootSeconds) {
      const before = await on(host, bootId);
      await on(host, "(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &");
      await until(host, `test "$(${bootId})" != ${before}`, withinSeconds);
    },
    cable: {
      cut: (host, nic) => rack.cutCable(host, nic),
      async mend(host, nic) {
        await rack.mendCable(host, nic);
        await rack.slowCable(host, {}, nic);
      },
      slow: (host, how, nic) => rack.slowCable(host, how, nic),
    },
    operator: {
      kill: () => operator.end("SIGKILL"),
      stop: () => operator.end("SIGTERM"),
      start: () => operator.start(),
    },
    xensan: (...args) => xensan(...args, "--kubeconfig", cluster.kubeconfigFile),
    async imported() {
      const address = (host: string) => `root@127.0.0.1:${rack.sshPort(host)}`;
      const dom0s = ["bella", "brutus"];
      const keys = ["san", ...dom0s].map(
        async (host) =>
          `[127.0.0.1]:${rack.sshPort(host)} ${await on(host, "cat /etc/ssh/ssh_host_ed25519_key.pub")}\n`,
      );
      const directory = await mkdtemp(path.join(rack.directory, "imported-"));
      const knownHosts = path.join(directory, "known_hosts");
      await writeFile(knownHosts, (await Promise.all(keys)).join(""));
      const output = path.join(directory, "rack");
      const hosts = dom0s.flatMap((host) => ["--host", address(host)]);
      const key = ["--identity", rack.privateKeyFile, "--known-hosts", knownHosts];
      const told = await xensan("import", "--san", address("san"), ...hosts, ...key, "--output", output);
      const files = (await readdir(output)).filter((file) => file !== "kustomization.yaml");
      const manifests = (await Promise.all(files.map((file) => readManifests(path.join(output, file))))).flat();
      return { manifests, said: told.split("\n").flatMap((line) => line.split("not imported: ")[1] ?? []) };
    },
    async rival() {
      const opened = await openRival(rack, name, signal);
      const rival: Rival = {
        ...opened,
        async close() {
          if (rivals.delete(rival)) await opened.close();
        },
      };
      rivals.add(rival);
      return rival;
    },
  };
  return {
    words,
    cluster,
    operator,
    async close() {
      for (const rival of [...rivals]) await rival.close();
      await operator.end("SIGTERM");
      await cluster.stop();
    },
  };
}
