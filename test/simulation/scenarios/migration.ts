import { parseRack, type RackFile } from "../../../src/sim/rack-file.ts";
import type { Edit, Scenario } from "../stage.ts";
import { conditionOf, type Stage } from "../stage.ts";
import { missingEverywhere, nameOf, objects } from "./ground-truth.ts";
import { at, keySecret, type Manifest, xenHost } from "./objects.ts";

const names = ["bella", "brutus", "caesar"];
const uuids = { "vm-one": "37baabc6-98d5-48a2-9634-a38b12e29c01", "vm-two": "37baabc6-98d5-48a2-9634-a38b12e29c02" };

/** Dom0s whose xl can resume a domain, with memory for a few. */
const rack = (): RackFile =>
  parseRack({
    hosts: Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          roles: ["dom0"],
          ssh: { port: 2211 + index },
          memory: "2Gi",
          xen: { version: "4.20.0" },
          interfaces: [
            {
              name: "eth0",
              mac: `52:54:00:99:00:1${index + 1}`,
              segment: "management",
              address: `10.98.0.1${index + 1}/24`,
            },
            { name: "eth1", mac: `52:54:00:99:01:1${index + 1}`, segment: "san", address: `10.99.0.1${index + 1}/24` },
          ],
          disks: [{ path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" }],
        },
      ]),
    ),
  });

const dom0 = (name: string, rest: object = {}): Manifest => {
  const allowedSourceHostRefs = names.filter((other) => other !== name).map((other) => ({ name: other }));
  const address = `10.99.0.1${names.indexOf(name) + 1}`;
  return xenHost(name, 2211 + names.indexOf(name), {
    relocation: { mode: "Enabled", address, allowedSourceHostRefs },
    ...rest,
  });
};

const migration = (name: string, domain: string, rest: object = {}): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: at(name),
  spec: { domain, timeoutSeconds: 600, ...rest },
});

function prepare(stage: Stage): void {
  for (const [name, uuid] of Object.entries(uuids)) {
    const text = `name = "${name}"\nuuid = "${uuid}"\ntype = "pvh"\nmemory = 128\nvcpus = 1\nkernel = "/boot/vmlinuz-6.1.0-56-amd64"\n`;
    stage.rack.xen.createDomain("bella", text);
  }
}

/** A disturbance of a running migration; does nothing when none runs. */
const disturb = (name: string, act: (stage: Stage, domain: string) => void): Edit => ({
  name,
  act(stage, random) {
    stage.rack.settle();
    const found = random.pickFrom([...stage.rack.xen.migrations()]);
    if (found !== undefined && found.sender === "Working") act(stage, found.uuid);
  },
});

const edits: readonly Edit[] = [
  { name: "a second one", act: (stage) => stage.apply(migration("second", "vm-two")) },
  disturb("the sender is killed", (stage, domain) => stage.rack.xen.killSender(domain, "Sender")),
  {
    name: "back again",
    act: (stage) => stage.apply(migration("back", "vm-one", { targetHostRef: { name: "bella" } })),
  },
  {
    name: "no packet between two dom0s",
    act(stage, random) {
      const [one, other] = [random.pickFrom(names) ?? "bella", random.pickFrom(names) ?? "brutus"];
      if (one === other) return;
      stage.rack.xen.cutBetween(one, other);
      stage.clock.after(random.between(1_000, 90_000), () => stage.rack.xen.healBetween(one, other));
    },
  },
  { name: "an abort", act: (stage) => stage.patch("XenMigration", at("first"), { spec: { abort: "Requested" } }) },
  disturb("the unit is killed", (stage, domain) => stage.rack.xen.killSender(domain, "Unit")),
  { name: "a drain", act: (stage) => stage.apply(dom0("brutus", { maintenance: "Drain" })) },
  disturb("ssh dies", (stage, domain) => stage.rack.xen.killTransport(domain)),
  { name: "no drain", act: (stage) => stage.apply(dom0("brutus")) },
  { name: "a deletion", act: (stage) => stage.delete("XenMigration", at("second")) },
];

export const migrations: Scenario = {
  name: "migration",
  share: 0.1,
  says: "domains move between three dom0s, while hosts, connections, programs and operators die",
  rack,
  prepare,
  manifests: () => [
    keySecret,
    ...names.map((name) => dom0(name)),
    migration("first", "vm-one", { targetHostRef: { name: "brutus" } }),
  ],
  edits,
  missing: (stage) => [...missingEverywhere(stage), ...unsettled(stage), ...leftovers(stage), ...toBeDrained(stage)],
};

export const drain: Scenario = {
  name: "drain",
  share: 0.02,
  says: "a host is emptied, one domain after the other",
  rack,
  prepare,
  manifests: () => [keySecret, ...names.map((name) => dom0(name, name === "bella" ? { maintenance: "Drain" } : {}))],
  missing: (stage) => [...missingEverywhere(stage), ...unsettled(stage), ...leftovers(stage), ...undrained(stage)],
};

/** Reasons that wait for a user's decision: nothing may happen before it. */
const decided = ["ApprovalNeeded", "OutcomeAmbiguous"];

function unsettled(stage: Stage): string[] {
  return objects(stage, "XenMigration").flatMap((object) => {
    const { status, reason, message } = conditionOf(object, "Succeeded");
    if (status !== "Unknown" && status !== "absent") return [];
    return decided.includes(reason) ? [] : [`XenMigration/${nameOf(object)} is ${status} (${reason}: ${message})`];
  });
}

/** A domain in a state that only a migration leaves, without a migration that reports it. */
function leftovers(stage: Stage): string[] {
  const open = objects(stage, "XenMigration").some((object) =>
    decided.includes(conditionOf(object, "Succeeded").reason),
  );
  if (open) return [];
  return names.flatMap((host) =>
    stage.rack.xen
      .domains(host)
      .filter(({ name, paused, shutdown }) => /^$|--/.test(name) || paused || shutdown !== undefined)
      .map(({ name }) => `${host} has a leftover ${name || "(null)"}`),
  );
}

/** Drains that will be tried again automatically. */
function toBeDrained(stage: Stage): string[] {
  return objects(stage, "XenHost").flatMap((object) => {
    const { reason, message } = conditionOf(object, "Drained");
    return reason === "DrainBlocked" && message.includes("next attempt at") ? [`${nameOf(object)}: ${message}`] : [];
  });
}

function undrained(stage: Stage): string[] {
  if (objects(stage, "XenMigration").some((object) => decided.includes(conditionOf(object, "Succeeded").reason)))
    return [];
  const { status, reason, message } = conditionOf(stage.find("XenHost", at("bella")), "Drained");
  return status === "True" ? [] : [`bella has Drained=${status} (${reason}: ${message})`];
}
