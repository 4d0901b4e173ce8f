import { describe, expect, it } from "vitest";
import { configurationFor } from "../../../../src/controllers/xen-domain/ensure-configurations.ts";
import { ensurePower } from "../../../../src/controllers/xen-domain/ensure-power.ts";
import type { DomainObservation } from "../../../../src/controllers/xen-domain/observation.ts";
import type { HostFacts } from "../../../../src/host/facts.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import { bootId, domain, filesystem, host, lock, mark, runs, uuid } from "./observations.ts";

const look = (one: DomainObservation, ready = true) => decision(ensurePower(one, ready));
const says = (condition: string, steps: readonly string[] = []) => ({
  ...{ conditions: [`Running ${condition}`], steps, proceed: true },
});

const digest = configurationFor(domain(), host("bella"))?.digest ?? "";
const written = { domainConfigurations: known([{ uuid, owner: mark, digest }]) };
/** A domain that runs nowhere and has its configuration on bella and brutus. */
const stopped = (rest: Partial<DomainObservation> = {}, bella: Partial<HostFacts> = {}, spec: object = {}) =>
  domain({ hosts: [host("bella", { ...written, ...bella }), host("brutus", written)], ...rest }, spec);
const starts = (name: string, holder = "- -") =>
  says(`False Progressing: The domain will be started on ${name}`, [
    `interrupting XenHost ${name} start-domain ${mark} ${uuid} vm ${digest} /srv/data/.xensan /srv/data ${filesystem} ${holder} bootfile=/boot/initrd.img-* bootfile=/boot/vmlinuz-* share=${filesystem}:/srv/data`,
  ]);
const gone = { kind: "Dead", bootId, hostname: "brutus", message: "" } as const;
const silent = { view: unreachable };
const recorded = (rest: Partial<DomainObservation["recorded"]>) => ({
  recorded: { ...domain().recorded, ...rest },
});

describe("a domain that runs nowhere", () => {
  it("is started on one host", () => {
    expect(look(stopped())).toEqual(starts("bella"));
  });

  it("is started where it ran last", () => {
    expect(look(stopped(recorded({ host: "brutus" })))).toEqual(starts("brutus"));
  });

  it("is started where no configuration of another object is left", () => {
    const left = { domainConfigurations: known([{ uuid, owner: "san/former 9", digest: "" }]) };
    expect(look(domain({ hosts: [host("bella", left), host("brutus", written)] }))).toEqual(starts("brutus"));
    const why = `the configuration of the domain was written for XenDomain san/former; if that object is gone, remove /var/lib/xensan/domains/${uuid}.cfg and /var/lib/xensan/domains/${uuid}.cfg.owner there`;
    expect(look(domain({ hosts: [host("bella", left), host("brutus", left)] }))).toEqual(
      says(`False NoHostFits: No host can run the domain now. bella: ${why}; brutus: ${why}`),
    );
  });

  it("takes the lock over from a host that answers and does not have it", () => {
    expect(look(stopped({}, lock("brutus")))).toEqual(starts("bella", `brutus ${bootId}`));
  });

  it("takes the lock over from a host whose boot has ended by proof", () => {
    const hosts = [host("bella", { ...written, ...lock("brutus") }), host("brutus", {}, { ...silent, gone })];
    expect(look(domain({ hosts }))).toEqual(starts("bella", `brutus ${bootId}`));
  });

  it("takes the lock over from another boot of which a person said that it has ended, too", () => {
    const boot = "22222222-2222-4222-8222-222222222222";
    const forgotten = { ...gone, kind: "Forgotten", otherBoots: [boot] } as const;
    const hosts = [
      host("bella", { ...written, ...lock("brutus", boot) }),
      host("brutus", {}, { ...silent, gone: forgotten }),
    ];
    expect(look(domain({ hosts }))).toEqual(starts("bella", `brutus ${boot}`));
  });

  it.each<[string, DomainObservation]>([
    ["False Halted: The domain is not running, as spec.powerState requires", stopped({}, {}, { powerState: "Halted" })],
    [
      "Unknown HostUnknown: The domain is not running on any reachable host, but its state on other hosts is unknown: XenHost brutus cannot be reached (Unreachable)",
      domain({ hosts: [host("bella", written), host("brutus", {}, silent)] }),
    ],
    [
      "Unknown HostUnknown: The domain is not running on any reachable host, but its state on other hosts is unknown: XenHost brutus answers and writes no heartbeat, but another machine may be running in its place: XenHost bella sees it",
      domain({
        hosts: [
          host("bella", { ...written, ...lock("brutus", "22222222-2222-4222-8222-222222222222") }),
          host("brutus", written, { heard: "XenHost bella sees it" }),
        ],
      }),
    ],
    [
      "Unknown HostUnknown: The domain is not running on any reachable host, but its state on other hosts is unknown: XenHost brutus has not been probed yet",
      domain({ hosts: [host("bella", written), host("brutus", written, { fresh: false })] }),
    ],
    [
      "Unknown HostUnknown: The domain is not running on any reachable host, but its state on other hosts is unknown: XenHost bella did not report its domains (xl failed)",
      stopped({}, { domains: { state: "unknown", why: "xl failed" } }),
    ],
    [
      `Unknown HostUnknown: The domain is not running on any reachable host, but its state on other hosts is unknown: XenHost bella is building the domain (create)`,
      stopped({}, { domains: known({ domains: [], processes: [{ pid: 7, verb: "create", name: `/x/${uuid}.cfg` }] }) }),
    ],
    [
      `Unknown LockedElsewhere: /srv/data/.xensan/${uuid} names carl, which is not a XenHost of this domain: remove that file if the domain does not run there`,
      stopped({}, lock("carl")),
    ],
    [
      `Unknown LockedElsewhere: /srv/data/.xensan/${uuid} was taken by brutus in boot 22222222-2222-4222-8222-222222222222, but XenHost brutus was proved dead in boot ${bootId}: if the machine is off, run xensan forget brutus --boot 22222222-2222-4222-8222-222222222222`,
      domain({
        hosts: [
          host("bella", { ...written, ...lock("brutus", "22222222-2222-4222-8222-222222222222") }),
          host("brutus", {}, { ...silent, gone }),
        ],
      }),
    ],
    [
      "Unknown HostUnknown: bella has not reported yet what uses the images of the domain",
      stopped({}, { images: { state: "unknown", why: "" } }),
    ],
    [
      "False Vanished: The domain has just disappeared; a guest that reboots returns within seconds",
      stopped({ absentMs: 9_999 }),
    ],
    ["False Progressing: The configuration of the domain is not on bella yet", domain()],
    [
      "False HostFailed: XenHost brutus, on which the domain ran, is dead, and spec.onHostFailure is Stay: the domain will be started when that host answers again, after xensan forget brutus, or with onHostFailure Restart",
      domain(
        { hosts: [host("bella", written), host("brutus", {}, { ...silent, gone })], ...recorded({ host: "brutus" }) },
        { onHostFailure: "Stay" },
      ),
    ],
    [
      "Unknown SplitBrain: The domain ran on several hosts, and its state on some of them is unknown: XenHost brutus cannot be reached (Unreachable). xensan changes nothing until that state is known",
      domain({ hosts: [host("bella", written), host("brutus", {}, silent)], ...recorded({ splitBrain: true }) }),
    ],
  ])("is not started where it says %s", (condition, one) => {
    expect(look(one)).toEqual(says(condition));
  });

  it("is not started before its disks are ready", () => {
    expect(look(stopped(), false)).toEqual(says("False Waiting: The domain will be started when its disks are ready"));
  });
});

describe("a domain that runs", () => {
  const on = { ...runs(), ...lock("bella"), images: known([]) };
  const here = (rest: Partial<DomainObservation> = {}, bella: Partial<HostFacts> = on, spec: object = {}) =>
    domain({ hosts: [host("bella", bella), host("brutus")], ...rest }, spec);
  const stop = (how: string, seconds: number) =>
    `XenHost bella stop-domain ${mark} ${uuid} ${how} ${seconds} /srv/data/.xensan`;

  it("is left alone", () => {
    expect(look(here())).toEqual(says("True Running: The domain runs on bella as domain 3"));
  });

  it("gets the lock that it does not have", () => {
    expect(look(here({}, { ...on, ...lock("brutus") }))).toEqual(
      says("True Running: The domain runs on bella as domain 3", [
        `XenHost bella take-domain-lock ${mark} ${uuid} /srv/data/.xensan /srv/data ${filesystem}`,
      ]),
    );
  });

  it.each<[string, DomainObservation]>([
    [
      "Unknown HostUnknown: The domain was seen on bella and brutus: waiting for another probe of these hosts",
      domain({ hosts: [host("bella", on), host("brutus", runs())] }),
    ],
    [
      "Unknown SplitBrain: The domain runs on bella and brutus: xensan changes nothing until one copy is stopped by hand",
      domain({ hosts: [host("bella", on), host("brutus", runs())], twice: true }, { powerState: "Halted" }),
    ],
    ["True Migrating: XenMigration go is moving the domain (seen on bella)", here({ migration: "go" })],
    [
      "True Running: The domain runs on bella as domain 3; xensan cannot determine whether it also runs on other hosts: XenHost brutus cannot be reached (Unreachable)",
      domain({ hosts: [host("bella", on), host("brutus", {}, silent)] }),
    ],
    [
      "Unknown Migrating: a migration is moving the domain (seen on bella)",
      here({}, { ...on, ...runs({ name: "vm--incoming", state: "--p---" }) }),
    ],
    [
      "Unknown OutcomeAmbiguous: The domain is in the middle of a migration that no XenMigration records and that no host is performing: vm--incoming (id 3, paused) on bella. xensan starts, stops and destroys nothing until only one copy is left, under the name vm",
      here({ settled: true }, { ...on, ...runs({ name: "vm--incoming", state: "--p---" }) }),
    ],
    [
      "False Crashed: The guest crashed on bella as domain 3, and spec.onCrash preserves it for inspection",
      here({}, { ...on, ...runs({ state: "---sc-", shutdownReason: "c" }) }),
    ],
    [
      "False Stopped: The guest has shut down and is kept on bella as domain 3",
      here({}, { ...on, ...runs({ state: "---s--" }) }),
    ],
    [
      "False DomainPaused: The domain is paused on bella as domain 3: unpause it there",
      here({}, { ...on, ...runs({ state: "--p---" }) }),
    ],
  ])("is left alone where it says %s", (condition, one) => {
    expect(look(one)).toEqual(says(condition));
  });

  it("is asked to shut down, and destroyed only late and where the spec says so", () => {
    const halted = (onTimeout: string) => ({ powerState: "Halted", shutdown: { timeoutSeconds: 60, onTimeout } });
    const asked = "True Stopping: The guest is being asked to shut down on bella as domain 3";
    const since = (askedMs: number) => ({ askedMs });
    expect(look(here({}, on, halted("Destroy")))).toEqual(says(asked, [stop("shutdown", 20)]));
    expect(look(here(since(60_000), on, halted("Destroy")))).toEqual(says(asked, [stop("shutdown", 20)]));
    expect(look(here(since(60_001), on, halted("Destroy")))).toEqual(says(asked, [stop("destroy", 5)]));
    expect(look(here(since(60_001), on, halted("Wait")))).toEqual(
      says(
        "True ShutdownTimedOut: The domain still runs on bella as domain 3 60 s after it was asked to shut down: shut the guest down from within, or set spec.shutdown.onTimeout to Destroy",
        [stop("shutdown", 20)],
      ),
    );
  });
});

describe("a lock file that is left beside a former first disk", () => {
  const own = { uuid, path: `/srv/data/.xensan/${uuid}`, host: "brutus", bootId };
  const left = { uuid, path: `/srv/old/.xensan/${uuid}`, host: "bella", bootId };
  const seen = (...locks: (typeof own)[]) => ({ domainLocks: known(locks) });

  it("does not hide the lock of the running domain", () => {
    const on = (locks: { domainLocks: ReturnType<typeof seen>["domainLocks"] }) =>
      look(
        domain({
          hosts: [host("bella", { ...written, ...locks }), host("brutus", { ...written, ...runs(), ...locks })],
        }),
      );
    expect(on(seen(left, own))).toEqual(on(seen(own)));
  });

  it("does not name the holder of a domain that runs nowhere", () => {
    const locks = seen(left, own);
    const hosts = [host("bella", { ...written, ...locks }), host("brutus", { ...written, ...locks })];
    expect(look(domain({ hosts }))).toEqual(starts("bella", `brutus ${bootId}`));
  });
});
