import type { Clock } from "../clock.ts";
import type { FaultSource } from "./faults.ts";
import { setInterfaceList, unloadDriver } from "./model/aoe-driver.ts";
import { buildWorld } from "./model/build.ts";
import type { RackEvent } from "./model/events.ts";
import type { Interface, VbladeProcess } from "./model/hardware.ts";
import { swapCards } from "./model/interface-card.ts";
import { heal, split } from "./model/network.ts";
import { goDown, hang, powerOff, powerOn, reset, switchOff, switchOn } from "./model/power.ts";
import type { Host, Timings, World } from "./model/state.ts";
import { type Backing, backingAt, readText, remove, resolve, swapDisks, writeText } from "./model/storage.ts";
import { endVblade } from "./model/vblade.ts";
import { defaultTimings, note } from "./model/world.ts";
import { type ProcessHooks, type ScriptProcess, startScript } from "./process.ts";
import type { RackFile } from "./rack-file.ts";
import { type Ocfs2Words, ocfs2Words } from "./rack-ocfs2.ts";
import { type XenWords, xenWords } from "./rack-xen.ts";

/**
 * A simulated rack: its hosts run on a clock. They are reached through a dialer (dialer.ts) or through real SSH
 * (ssh-server.ts), observed through events and hosts, and disturbed through the methods here and through faults.
 */
export interface Rack {
  readonly file: RackFile;
  readonly clock: Clock;
  /** The events up to the last settled time: call {@link Rack.settle} first to see those up to now. */
  readonly events: readonly RackEvent[];
  readonly hosts: ReadonlyMap<string, Host>;
  readonly world: World;
  /** Asked at every point at which a fault can occur. */
  faults: FaultSource;
  /** Runs everything that is due by now. */
  settle(): void;
  subscribe(listener: (event: RackEvent) => void): () => void;
  host(name: string): Host;
  start(host: Host, script: string, args: readonly string[], hooks?: ProcessHooks): ScriptProcess;

  /** Clusters and shared file systems. */
  readonly ocfs2: Ocfs2Words;

  /** Domains, guests and migrations. */
  readonly xen: XenWords;

  powerOff(host: string): void;
  powerOn(host: string): void;
  reset(host: string): void;
  /** dom0 hangs for ever, or until its watchdog resets the machine. */
  hang(host: string): void;
  /** A user types `poweroff` or `reboot` there. */
  goDown(host: string, then: "Off" | "Reboot"): void;
  /** The operator's network connection to this host. The host does not notice a cut. */
  setManagement(host: string, state: "Connected" | "Cut"): void;
  setCable(host: string, nic: string, state: "Plugged" | "Pulled"): void;
  setInterface(host: string, nic: string, state: "Up" | "Down"): void;
  /** Two hosts no longer reach each other on a segment. */
  split(segment: string, a: string, b: string): void;
  heal(segment: string, a: string, b: string): void;
  /** Ends one vblade as `kill` does; all of the host when no pid is given. */
  killVblade(host: string, pid?: number): void;
  writeFile(host: string, path: string, text: string): void;
  removeFile(host: string, path: string): void;
  readFile(host: string, path: string): string | undefined;
  /** What a path on a host leads to: kind, size, identity. */
  backingOf(host: string, path: string): Backing;
  /** Replaces the host by another machine: the same address, key and disks, another machine-id. */
  replaceMachine(host: string, machineId: string): void;
  /**
   * Two hosts swap their addresses, as when cables or leases are swapped. `Cloned`: their SSH host keys are the same,
   * so that only their machine-ids distinguish them.
   */
  swapAddresses(one: string, other: string, keys?: "Own" | "Cloned"): void;
  /** The host that answers at the address of the given one in the rack file, and its host key. */
  answering(name: string): { readonly host: string; readonly key: string };
  /** A reset after which the kernel names of two disks are swapped. */
  swapDisks(host: string, one: string, other: string): void;
  /** A reset after which the kernel names of two network cards are swapped. */
  swapCards(host: string, one: string, other: string): void;
  setReadOnly(host: string, path: string, state: "ReadOnly" | "ReadWrite"): void;
  setFreeBytes(host: string, path: string, bytes: number): void;
  unloadModule(host: string): "Unloaded" | "InUse";
  setAoeInterfaces(host: string, names: readonly string[]): void;
  /** Another program takes or releases the dpkg lock. */
  setDpkgLock(host: string, state: "Held" | "Free"): void;
  /** Running vblades of all hosts. */
  exports(): { readonly host: Host; readonly nic: Interface | undefined; readonly process: VbladeProcess }[];
}

/** Clock, timings and faults of a simulated rack. */
export interface RackOptions {
  readonly clock: Clock;
  readonly timings?: Partial<Timings>;
  readonly faults?: FaultSource;
  /** Makes boot IDs differ from those of another run of the same rack. */
  readonly salt?: string;
}

/** Builds the hosts of a rack file and boots them; time passes on `options.clock`. */
export function createRack(file: RackFile, options: RackOptions): Rack {
  const { clock } = options;
  const timings = { ...defaultTimings, ...options.timings };
  const world = buildWorld(file, { now: clock.now(), timings, salt: options.salt ?? "" });
  const settle = () => world.agenda.settle(clock.now());
  const hostNamed = (name: string): Host => {
    const host = world.hosts.get(name);
    if (host === undefined)
      throw new Error(`the rack has no host ${name}; it has ${[...world.hosts.keys()].join(", ")}`);
    return host;
  };
  const nicNamed = (host: Host, name: string): Interface => {
    const nic = host.interfaces.get(name);
    if (nic === undefined) throw new Error(`${host.name} has no interface ${name}`);
    return nic;
  };
  /** Brings the rack up to now, records the fault, then does it. */
  const disturb = (name: string, fault: string, act: (host: Host) => void) => {
    settle();
    const host = hostNamed(name);
    note(world, host, { kind: "Fault", fault });
    act(host);
  };
  /** A reset after which the kernel names of two things are swapped. */
  const swapAtBoot =
    (swap: (host: Host, one: string, other: string) => void) => (name: string, one: string, other: string) =>
      disturb(name, `${one} and ${other} swap their names at a boot`, (host) => {
        powerOff(world, host);
        swap(host, one, other);
        powerOn(world, host);
      });

  const answers = new Map<string, { readonly host: string; readonly key: string }>();
  const answering = (name: string) => answers.get(name) ?? { host: name, key: name };

  return {
    file,
    clock,
    world,
    hosts: world.hosts,
    events: world.events,
    faults: options.faults ?? (() => undefined),
    settle,
    subscribe(listener) {
      world.listeners.add(listener);
      return () => {
        world.listeners.delete(listener);
      };
    },
    host: hostNamed,
    start: (host, script, args, hooks) => startScript(world, host, script, args, hooks),
    ocfs2: ocfs2Words(world, hostNamed, disturb),

    xen: xenWords(world, settle, disturb),
    powerOff: (name) => disturb(name, "power off", (host) => powerOff(world, host)),
    powerOn: (name) => disturb(name, "power on", (host) => powerOn(world, host)),
    reset: (name) => disturb(name, "reset", (host) => reset(world, host)),
    hang: (name) => disturb(name, "dom0 hangs", (host) => hang(world, host)),
    goDown: (name, then) => disturb(name, `goes down: ${then}`, (host) => goDown(world, host, then)),
    replaceMachine: (name, machineId) =>
      disturb(name, `machine-id ${machineId}`, (host) => {
        host.machineId = machineId;
      }),
    swapAddresses: (one, other, keys = "Own") =>
      disturb(one, `${one} and ${other} swap their addresses`, () => {
        const [first, second] = [answering(one).host, answering(other).host];
        answers.set(one, { host: second, key: keys === "Cloned" ? one : second });
        answers.set(other, { host: first, key: keys === "Cloned" ? other : first });
      }),
    answering,
    swapDisks: swapAtBoot(swapDisks),
    swapCards: swapAtBoot(swapCards),
    setManagement: (name, state) =>
      disturb(name, `management ${state}`, (host) => {
        host.management = state;
      }),
    setCable: (name, nic, state) =>
      disturb(name, `cable of ${nic} ${state}`, (host) => {
        nicNamed(host, nic).cable = state;
      }),
    setInterface: (name, nic, state) =>
      disturb(name, `${nic} ${state}`, (host) =>
        (state === "Up" ? switchOn : switchOff)(world, host, nicNamed(host, nic)),
      ),
    split: (segment, a, b) => disturb(a, `no ${segment} to ${b}`, () => split(world, segment, a, b)),
    heal: (segment, a, b) => disturb(a, `${segment} to ${b} again`, () => heal(world, segment, a, b)),
    killVblade: (name, pid) =>
      disturb(name, "vblade killed", (host) => {
        for (const process of [...host.running.processes.values()]) {
          if (pid === undefined || process.pid === pid) endVblade(world, host, process.pid, "killed");
        }
      }),
    writeFile: (name, path, text) =>
      disturb(name, `${path} edited`, (host) => {
        const problem = writeText(world, host, path, text);
        if (problem !== undefined) throw new Error(`${path}: ${problem}`);
      }),
    removeFile: (name, path) =>
      disturb(name, `${path} removed`, (host) => {
        remove(world, host, path);
      }),
    backingOf: (name, path) => backingAt(hostNamed(name), path),
    readFile: (name, path) => readText(hostNamed(name), path),
    setReadOnly: (name, path, state) =>
      disturb(name, `${path} ${state}`, (host) => {
        resolve(host, path).mount.fileSystem.readOnly = state === "ReadOnly";
      }),
    setFreeBytes: (name, path, bytes) =>
      disturb(name, `${bytes} bytes free at ${path}`, (host) => {
        resolve(host, path).mount.fileSystem.freeBytes = bytes;
      }),
    unloadModule(name) {
      let result: "Unloaded" | "InUse" = "Unloaded";
      disturb(name, "rmmod aoe", (host) => {
        result = unloadDriver(world, host);
      });
      return result;
    },
    setAoeInterfaces: (name, names) =>
      disturb(name, `aoe_iflist ${names.join(" ")}`, (host) => setInterfaceList(world, host, names)),
    setDpkgLock: (name, state) =>
      disturb(name, `dpkg lock ${state}`, (host) => {
        host.running.dpkgLock = state === "Held" ? "unattended-upgr" : undefined;
      }),
    exports: () =>
      [...world.hosts.values()].flatMap((host) =>
        [...host.running.processes.values()].map((process) => ({
          host,
          nic: host.interfaces.get(process.interface),
          process,
        })),
      ),
  };
}
