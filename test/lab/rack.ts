import { mkdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type Access, openAccess } from "./access.ts";
import type { Images } from "./images.ts";
import { hardware, type MachineFiles, machineFiles, nicIndex, startMachine } from "./machine.ts";
import { createNetwork, limitRate, type Network, plugTap, removeNetwork } from "./network.ts";
import { endOwned, isRunning, residentBytes } from "./owned-process.ts";
import { digest, LabError } from "./places.ts";
import { qmp } from "./qmp.ts";
import { type HostPlan, managementSegment, type RackPlan } from "./rack-plan.ts";
import { runCommand } from "./run-command.ts";
import { type RackState, readState, removeState, writeState } from "./state.ts";

/** The parts of a rack of virtual machines, and where it is. */
export interface RackOptions {
  readonly directory: string;
  readonly rackFile: string;
  readonly plan: RackPlan;
  readonly images: Images;
  /** Directory of the states that `resume` starts from, per host; see clean.ts. */
  readonly clean?: string;
  /** Ends the machines when this process dies. */
  readonly leashed: boolean;
  readonly signal?: AbortSignal;
}

/** How slow a cable is. */
export interface Slowness {
  /** Limit of traffic to the host, as tc writes it: 8mbit. */
  readonly rate?: string;
  /** Delays each packet, in both directions, by 0 to this many milliseconds. */
  readonly delayMs?: number;
}

/** Machines, cables and power switches. Hosts have their names of the rack file. */
export interface Rack extends Access {
  readonly directory: string;
  readonly plan: RackPlan;
  readonly privateKey: string;
  readonly privateKeyFile: string;
  readonly files: (host: string) => MachineFiles;
  readonly sshPort: (host: string) => number;
  readonly runs: (host: string) => boolean;
  /** Bytes that the host's QEMU holds. */
  readonly resident: (host: string) => number;
  /** Creates disks and network, and starts every machine: from its clean state where there is one, else by booting. */
  up(): Promise<void>;
  /** Returns to the clean state within seconds; all changes since are lost. */
  reset(): Promise<void>;
  /** Ends everything and removes the disks; logs stay. */
  down(): Promise<void>;
  /** Kills QEMU: what the host had not written to its disks is lost. */
  powerOff(host: string): Promise<void>;
  /** Swaps the slots of two disks of a host that is off, given by their paths in the rack file; `reset` undoes it. */
  swapDisks(host: string, one: string, other: string): void;
  /** The same for two of its network cards, given by the names of their interfaces in the rack file. */
  swapCards(host: string, one: string, other: string): void;
  /** Copies the present state of a disk, of a host that is on or off, into `kept`; until `reset` or `down`. */
  keepDisk(host: string, path: string): Promise<void>;
  /** The directory of the copies. */
  readonly kept: string;
  /** Boots from its disks. Resolves when the machine runs; see `answers`. */
  powerOn(host: string): Promise<void>;
  /** Resolves when the host runs a command. */
  answers(host: string, withinSeconds: number): Promise<void>;
  cutCable(host: string, nic?: string): Promise<void>;
  mendCable(host: string, nic?: string): Promise<void>;
  slowCable(host: string, how: Slowness, nic?: string): Promise<void>;
}

export function openRack(options: RackOptions): Rack {
  const { directory, plan, images, leashed } = options;
  const network: Network = { namespace: `xensan-lab-${digest([directory])}` };
  let state: RackState = readState(directory) ?? {
    rackFile: options.rackFile,
    imageKey: images.key,
    namespace: network.namespace,
    machines: {},
    ...(options.clean === undefined ? {} : { clean: options.clean }),
  };
  const planOf = (host: string): HostPlan => {
    const found = plan.hosts.find(({ name }) => name === host);
    if (found !== undefined) return found;
    throw new LabError(`there is no host ${host}; the rack has ${plan.hosts.map(({ name }) => name).join(", ")}`);
  };
  const machineOf = (host: string) => {
    const machine = state.machines[planOf(host).name];
    if (machine === undefined) throw new LabError(`${host} was never started: npm run lab -- up`);
    return machine;
  };
  const remember = (host: string, machine: RackState["machines"][string]) => {
    state = { ...state, machines: { ...state.machines, [host]: machine } };
    writeState(directory, state);
  };
  /** Hosts whose disks are not in the slots of the rack file. */
  const slots = new Map<string, readonly number[]>();
  /** Hosts whose network cards are not in the order of the rack file. */
  const cards = new Map<string, readonly number[]>();
  const kept = path.join(directory, "kept");
  const files = (host: string) => machineFiles(path.join(directory, host), planOf(host));
  const openHosts = () =>
    openAccess({
      privateKey: images.privateKey,
      portOf: (host) => machineOf(host).sshPort,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  let access = openHosts();
  /** Otherwise connections to the former machines would have to time out first. */
  const forgetConnections = async () => {
    const before = access;
    access = openHosts();
    await before.close();
  };

  /** Swaps two things of a host that is off: at the next boot each has the other's name. */
  const swap = (
    host: string,
    names: readonly string[],
    pair: readonly string[],
    orders: Map<string, readonly number[]>,
  ) => {
    if (rack.runs(host)) throw new LabError(`${host} is on: ${pair.join(" and ")} are swapped while it is off`);
    const [first, second] = pair.map((name) => names.indexOf(name));
    if (first === undefined || second === undefined || first < 0 || second < 0)
      throw new LabError(`${host} has no ${pair.join(" and ")}; it has ${names.join(", ")}`);
    const before = orders.get(host) ?? [...names.keys()];
    orders.set(
      host,
      before.map((index) => (index === first ? second : index === second ? first : index)),
    );
  };

  const start = async (host: HostPlan, resumeFrom?: string) => {
    const machine = state.machines[host.name];
    const index = plan.hosts.indexOf(host);
    const cables = host.nics.filter(({ segment }) => segment !== managementSegment);
    const taps = cables.map((_nic, cable) => `xl${digest([directory]).slice(0, 7)}${index}-${cable}`);
    const sshPort = machine?.sshPort ?? (await freePort(host.host.ssh.port));
    options.signal?.throwIfAborted();
    const owned = await startMachine({
      plan: host,
      image: images.of(host.kind),
      files: files(host.name),
      sshPort,
      taps,
      leashed,
      ...(slots.has(host.name) ? { slots: slots.get(host.name) ?? [] } : {}),
      ...(cards.has(host.name) ? { cards: cards.get(host.name) ?? [] } : {}),
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
    });
    remember(host.name, { sshPort, taps, process: owned });
    for (const [cable, nic] of cables.entries()) await plugTap(network, plan, taps[cable] ?? "", nic.segment);
  };
  const startClean = async (host: HostPlan) => {
    const clean = options.clean === undefined ? undefined : path.join(options.clean, host.name);
    const { directory, disks } = files(host.name);
    await mkdir(directory, { recursive: true });
    for (const [index, disk] of disks.entries()) {
      const size = String(host.host.disks[index]?.size ?? 0);
      const base =
        clean === undefined
          ? index === 0
            ? images.of(host.kind).disk
            : undefined
          : path.join(clean, path.basename(disk));
      const backing = base === undefined ? [] : ["-F", "qcow2", "-b", base];
      await runCommand("qemu-img", ["create", "-q", "-f", "qcow2", ...backing, disk, size]);
    }
    if (clean === undefined) return start(host);
    await start(host, path.join(clean, "memory"));
    await untilResumed(files(host.name).qmp);
    // The clock of the resumed state is as old as the cache.
    await rack.until(host.name, `date -u -s @${Math.round(Date.now() / 1000)} >/dev/null`, 60);
  };
  const end = async (host: string) => {
    const machine = state.machines[host];
    if (machine?.process === undefined) return;
    await endOwned(machine.process);
    const { process: _ended, ...off } = machine;
    remember(host, off);
  };
  const all = (act: (host: HostPlan) => Promise<void>) => settled(plan.hosts.map(act));

  const rack: Rack = {
    directory,
    plan,
    privateKey: images.privateKey,
    privateKeyFile: images.privateKeyFile,
    files,
    sshPort: (host) => machineOf(host).sshPort,
    runs: (host) => {
      const owned = state.machines[planOf(host).name]?.process;
      return owned !== undefined && isRunning(owned);
    },
    resident: (host) => {
      const owned = state.machines[planOf(host).name]?.process;
      return owned === undefined ? 0 : residentBytes(owned);
    },
    run: (host, script, args, timeoutSeconds) => access.run(host, script, args, timeoutSeconds),
    on: (host, text, timeoutSeconds) => access.on(host, text, timeoutSeconds),
    until: (host, text, withinSeconds) => access.until(host, text, withinSeconds),
    close: () => access.close(),
    async up() {
      writeState(directory, state);
      await createNetwork(network.namespace, plan);
      await all(startClean);
    },
    async reset() {
      await all(({ name }) => end(name));
      await forgetConnections();
      slots.clear();
      cards.clear();
      await rm(kept, { recursive: true, force: true });
      await all(startClean);
    },
    async down() {
      await all(({ name }) => end(name));
      await access.close();
      await removeNetwork(network.namespace);
      await rm(kept, { recursive: true, force: true });
      await all(async ({ name }) => {
        const { disks, qmp, console } = files(name);
        for (const file of [...disks, qmp, console]) await rm(file, { force: true });
      });
      removeState(directory);
    },
    powerOff: (host) => end(planOf(host).name),
    kept,
    async keepDisk(host, disk) {
      const file = files(host).disks[planOf(host).host.disks.findIndex((one) => one.path === disk)];
      if (file === undefined) throw new LabError(`${host} has no disk ${disk}`);
      await mkdir(kept, { recursive: true });
      // -U: the machine keeps writing to it. The copy contains what was flushed.
      const copy = path.join(kept, `${host}-${path.basename(disk)}.qcow2`);
      await runCommand("qemu-img", ["convert", "-U", "-O", "qcow2", file, copy]);
    },
    swapDisks(host, one, other) {
      const paths = planOf(host).host.disks.map(({ path }) => path);
      swap(host, paths, [one, other], slots);
    },
    swapCards(host, one, other) {
      const names = planOf(host).nics.map(({ name }) => name);
      swap(host, names, [one, other], cards);
    },
    async powerOn(host) {
      if (!rack.runs(host)) await start(planOf(host));
    },
    async answers(host, withinSeconds) {
      await rack.until(host, ":", withinSeconds);
    },
    cutCable: (host, nic) => setLink(host, nic, false),
    mendCable: (host, nic) => setLink(host, nic, true),
    async slowCable(host, { rate, delayMs }, nic) {
      const index = nicIndex(planOf(host), nic ?? firstCable(host));
      const id = `slow${index}`;
      // Absent when the cable was not slow before.
      await qmp(files(host).qmp, "object-del", { id }).catch(() => undefined);
      if (delayMs !== undefined) {
        const filter = { "qom-type": "filter-buffer", id, netdev: `n${index}`, queue: "all", interval: delayMs * 1000 };
        await qmp(files(host).qmp, "object-add", filter);
      }
      await limitRate(network, machineOf(host).taps[index - 1] ?? "", rate);
    },
  };
  const firstCable = (host: string) => {
    const found = planOf(host).nics.find(({ segment }) => segment !== managementSegment);
    if (found === undefined) throw new LabError(`${host} has no cable but the management one`);
    return found.name;
  };
  const setLink = async (host: string, nic: string | undefined, up: boolean) => {
    const name = `nic${nicIndex(planOf(host), nic ?? firstCable(host))}`;
    await qmp(files(host).qmp, "set_link", { name, up });
  };
  return rack;
}

/** Stops the machine, saves it to `memoryFile` and ends it: its disks and the file are a state to resume from. */
export async function saveMachine(socketPath: string, memoryFile: string): Promise<void> {
  await qmp(socketPath, "stop");
  await qmp(socketPath, "migrate-set-parameters", { "max-bandwidth": 2 ** 40 });
  await qmp(socketPath, "migrate", { uri: `exec:cat >'${memoryFile}'` });
  const statusSchema = z.looseObject({ status: z.string().optional(), "error-desc": z.string().optional() });
  for (;;) {
    const { status, "error-desc": why } = statusSchema.parse(await qmp(socketPath, "query-migrate"));
    if (status === "completed") break;
    if (status === "failed" || status === "cancelled") throw new LabError(`saving ${memoryFile} ${status}: ${why}`);
    await delay(100);
  }
  await qmp(socketPath, "quit").catch(() => undefined);
}

async function untilResumed(socketPath: string): Promise<void> {
  const statusSchema = z.looseObject({ status: z.string() });
  for (;;) {
    const { status } = statusSchema.parse(await qmp(socketPath, "query-status"));
    // It was stopped before it was saved.
    if (status === "paused") await qmp(socketPath, "cont");
    if (status === "paused" || status === "running") return;
    if (status !== "inmigrate") throw new LabError(`a resumed machine is ${status}`);
    await delay(50);
  }
}

/** What a saved state depends on besides the rack file: other hardware cannot resume it. */
export async function hardwareKey(plan: RackPlan, images: Images): Promise<string> {
  const version = await runCommand("qemu-system-x86_64", ["--version"]);
  return digest([version, ...plan.hosts.flatMap((host) => hardware({ plan: host, image: images.of(host.kind) }))]);
}

/** Waits for all of them before it throws the first error, so that none goes on unobserved. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

/** The wanted port if it is free, else any. */
async function freePort(wanted: number): Promise<number> {
  const attempt = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(undefined));
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
      });
    });
  const port = (await attempt(wanted)) ?? (await attempt(0));
  if (port === undefined) throw new LabError("no port of 127.0.0.1 is free");
  return port;
}
