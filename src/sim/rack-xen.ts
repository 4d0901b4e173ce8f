import type { FileSystem } from "./model/content.ts";
import { blankContent } from "./model/content.ts";
import { uuidOf } from "./model/disk-content.ts";
import { endDomain, makeDomain, pause, unpause } from "./model/domain.ts";
import { parseConfiguration } from "./model/domain-configuration.ts";
import { shutDown } from "./model/domain-end.ts";
import { type Execution, executions } from "./model/executions.ts";
import { createFileSystem, makeDirectories } from "./model/filesystem.ts";
import { guestOf } from "./model/guest.ts";
import { killSender, killTransport } from "./model/migration.ts";
import { pairOf } from "./model/migration-state.ts";
import type { Domain, Guest, Host, Migration, Phase, ShutdownReason, World } from "./model/state.ts";
import { addBlock } from "./model/storage.ts";
import { note } from "./model/world.ts";

/** Reads and disturbs the domains of a rack from outside. A domain is given by its UUID or name. */
export interface XenWords {
  /** Domains of a host by id, without Domain-0. */
  domains(host: string): readonly Domain[];
  /** All executions of domains up to now. */
  executions(): readonly Execution[];
  migrations(): readonly Migration[];
  /** Packets between two dom0s are lost, whatever the state of the cables and the operator's network. */
  cutBetween(a: string, b: string): void;
  healBetween(a: string, b: string): void;
  /** Sender: SIGKILL to xl migrate alone. Unit: also to its ssh and the script that waits for it. */
  killSender(domain: string, what?: "Sender" | "Unit"): void;
  /** SIGKILL to the ssh under xl migrate. */
  killTransport(domain: string): void;
  /** The target of this domain's next migration gets permission, but fails to start the domain. */
  failStart(domain: string): void;
  /** The next xl create on the host prints these lines and fails. */
  failCreate(host: string, lines: readonly string[]): void;
  /** Runs `act` once, when the domain's next migration (any, where no domain is given) reaches this phase. */
  atPhase(phase: Phase, act: (migration: Migration) => void, domain?: string): void;
  /** Changes how the operating system inside behaves. */
  setGuest(uuid: string, behaviour: Partial<Pick<Guest, "shutdown" | "suspend" | "resume">>): void;
  /** The guest shuts down by itself or by its administrator: crash, reboot, poweroff. */
  shutDown(domain: string, reason: Exclude<ShutdownReason, "suspend">): void;
  /** A user types xl create; the domain exists at once. */
  createDomain(host: string, configuration: string, state?: "Running" | "Paused"): Domain;
  destroyDomain(host: string, domain: string): void;
  pauseDomain(host: string, domain: string): void;
  unpauseDomain(host: string, domain: string): void;
  setService(host: string, service: string, state: "active" | "inactive"): void;
  /** Mounts a file system on all these hosts until they go down, without SAN and cluster below it; returns its UUID. */
  share(hosts: readonly string[], mountPoint: string): string;
}

/** `disturb` brings the rack up to now, and records what was done to which host. */
export function xenWords(
  world: World,
  settle: () => void,
  disturb: (host: string, fault: string, act: (host: Host) => void) => void,
): XenWords {
  const isMeant = (domain: Domain, name: string) => domain.name === name || domain.configuration.uuid === name;

  const domainOn = (host: Host, name: string): Domain => {
    const found = [...host.running.xen.domains.values()].find((domain) => isMeant(domain, name));
    if (found === undefined) throw new Error(`${host.name} has no domain ${name}`);
    return found;
  };

  const migrationOf = (name: string): Migration => {
    settle();
    const found = [...world.xen.migrations].find((one) => one.uuid === name || one.name === name);
    if (found === undefined) throw new Error(`${name} does not migrate`);
    return found;
  };

  const meant = (name: string | undefined): string | undefined => {
    if (name === undefined) return undefined;
    for (const host of world.hosts.values()) {
      for (const domain of host.running.xen.domains.values()) {
        if (isMeant(domain, name)) return domain.configuration.uuid;
      }
    }
    return name;
  };

  const atPhase = (phase: Phase, act: (migration: Migration) => void, domain: string | undefined) => {
    settle();
    world.xen.hooks.push({
      phase,
      uuid: meant(domain),
      act(migration) {
        note(world, migration.source, { kind: "Fault", fault: `at phase ${phase} of ${migration.name}` });
        act(migration);
      },
    });
  };

  return {
    domains(name) {
      settle();
      return [...(world.hosts.get(name)?.running.xen.domains.values() ?? [])];
    },
    executions() {
      settle();
      return executions(world.events);
    },
    migrations() {
      settle();
      return [...world.xen.migrations];
    },
    cutBetween: (a, b) =>
      disturb(a, `cut to ${b}`, () => {
        world.xen.cuts.add(pairOf(a, b));
      }),
    healBetween: (a, b) =>
      disturb(a, `healed to ${b}`, () => {
        world.xen.cuts.delete(pairOf(a, b));
      }),
    killSender(domain, what = "Sender") {
      const migration = migrationOf(domain);
      disturb(migration.source.name, `xl migrate killed (${what})`, () => killSender(world, migration, what));
    },
    killTransport(domain) {
      const migration = migrationOf(domain);
      disturb(migration.source.name, "ssh of xl migrate killed", () => killTransport(world, migration));
    },
    failStart(domain) {
      atPhase(
        "Arrived",
        (migration) => {
          const id = migration.incoming?.id ?? 0;
          migration.startFailure = `libxl: error: libxl_domain.c:605:libxl__domain_unpause: Domain ${id}:failed to unpause: Invalid argument`;
        },
        domain,
      );
    },
    failCreate: (name, lines) =>
      disturb(name, "xl create fails", (host) => {
        host.running.xen.createFailures.push(lines);
      }),
    atPhase,
    setGuest(uuid, behaviour) {
      settle();
      Object.assign(guestOf(world, meant(uuid) ?? uuid), behaviour);
    },
    shutDown(name, reason) {
      settle();
      for (const host of world.hosts.values()) {
        for (const domain of [...host.running.xen.domains.values()]) {
          if (!isMeant(domain, name) || domain.since === undefined) continue;
          disturb(host.name, `${name}: ${reason}`, () => shutDown(world, host, domain, reason));
          return;
        }
      }
      throw new Error(`no domain ${name} runs`);
    },
    createDomain(name, text, state = "Running") {
      const configuration = parseConfiguration(text);
      if (configuration === undefined) throw new Error(`not a configuration: ${text}`);
      let made: Domain | undefined;
      disturb(name, `xl create ${configuration.name}`, (host) => {
        const uuid = configuration.uuid || uuidOf(`domain ${host.name} ${host.running.xen.nextId}`);
        const domain = makeDomain(host, { ...configuration, uuid });
        domain.name = configuration.name;
        domain.memory = configuration.memory;
        domain.vcpus = configuration.vcpus;
        if (state === "Running") unpause(world, host, domain);
        made = domain;
      });
      if (made === undefined) throw new Error(`${configuration.name} was not made`);
      return made;
    },
    destroyDomain: (name, domain) =>
      disturb(name, `xl destroy ${domain}`, (host) => endDomain(world, host, domainOn(host, domain), "xl destroy")),
    pauseDomain: (name, domain) =>
      disturb(name, `xl pause ${domain}`, (host) => pause(world, host, domainOn(host, domain))),
    unpauseDomain: (name, domain) =>
      disturb(name, `xl unpause ${domain}`, (host) => unpause(world, host, domainOn(host, domain))),
    setService: (name, service, state) =>
      disturb(name, `${service} ${state}`, (host) => {
        host.running.xen.services.set(service, state);
      }),
    share(hosts, mountPoint) {
      const uuid = uuidOf(`shared ${mountPoint}`);
      const fileSystem = sharedAt(world, mountPoint) ?? createFileSystem("ocfs2", sharedDevice, 2 ** 40);
      for (const name of hosts) {
        disturb(name, `${mountPoint} shared`, (host) => {
          makeDirectories(host.rootFileSystem, mountPoint);
          addBlock(host, {
            path: sharedPath,
            device: sharedDevice,
            sizeBytes: 2 ** 40,
            type: "disk",
            content: { ...blankContent("ocfs2"), uuid },
            says: "",
            holders: new Set(),
            links: [],
          });
          const options = ["rw", "relatime"];
          host.running.mounts.push({ source: sharedPath, mountPoint, type: "ocfs2", options, fileSystem, root: "/" });
        });
      }
      return uuid;
    },
  };
}

const sharedPath = "/dev/etherd/e15.15";
const sharedDevice = "152:240";

/** The file system that {@link XenWords.share} has mounted there on some host. */
function sharedAt(world: World, mountPoint: string): FileSystem | undefined {
  for (const host of world.hosts.values()) {
    const mount = host.running.mounts.find((one) => one.mountPoint === mountPoint && one.source === sharedPath);
    if (mount !== undefined) return mount.fileSystem;
  }
  return undefined;
}
