import { annotations } from "../../src/api/common.ts";
import type { Fault, FaultPoint } from "../../src/sim/faults.ts";
import { reset } from "../../src/sim/model/power.ts";
import type { Stage } from "./stage.ts";
import { objectAt } from "./world/kube/json.ts";
import type { Random } from "./world/random.ts";
import { calm, stormy } from "./world/weather.ts";

/** Plans everything that goes wrong in one run: faults of commands, machines, networks, the API and the operator. */
export function brewStorm(stage: Stage, random: Random, durationMs: number): void {
  stage.weather = stormy(random.branch("weather"));
  stage.rack.faults = commandFaults(random.branch("commands"));
  const troubles = random.between(0, 8);
  for (let index = 0; index < troubles; index++) {
    const trouble = random.pick(allTroubles);
    const own = random.branch(`trouble ${index}`);
    stage.clock.after(random.next() * durationMs, () => trouble(stage, own));
  }
}

/** Ends all faults: repairs what only a user can repair, and leaves what xensan must repair. */
export function endStorm(stage: Stage): void {
  stage.weather = calm();
  stage.rack.faults = () => undefined;
  const { rack } = stage;
  for (const [name, host] of rack.hosts) {
    if (host.management === "Cut") rack.setManagement(name, "Connected");
    if (host.power === "Off") rack.powerOn(name);
    for (const nic of host.interfaces.values()) if (nic.cable === "Pulled") rack.setCable(name, nic.name, "Plugged");
    if (host.running.dpkgLock !== undefined) rack.setDpkgLock(name, "Free");
  }
  stage.rack.world.splits.clear();
  if (!stage.life.alive) stage.startOperator();
}

function commandFaults(random: Random): (point: FaultPoint) => Fault | undefined {
  const probability = random.pick([0, 0.005, 0.02, 0.05]);
  return (point) => {
    if (!random.chance(probability)) return undefined;
    if (point.at === "Connect") return random.pick<() => Fault>(beforeIt)();
    if (point.at === "Step") return random.pick<() => Fault>([...interrupting(random)])();
    const shape = random.pick<() => Fault>([
      () => ({ kind: "Drop" }),
      () => ({ kind: "Truncate", bytes: random.between(0, 4000) }),
      () => ({ kind: "Garbage" }),
      () => ({ kind: "Flood", bytes: 100 * 2 ** 20 }),
      () => ({ kind: "ExitCode", exitCode: random.pick([0, 1, 3, 4, 255]) }),
      () => ({ kind: "Delay", ms: random.between(100, 40_000) }),
    ])();
    return shape;
  };
}

const beforeIt: [() => Fault, ...(() => Fault)[]] = [
  () => ({ kind: "Refuse" }),
  () => ({ kind: "Drop" }),
  () => ({ kind: "Hang" }),
  () => ({ kind: "Delay", ms: 5_000 }),
];

function interrupting(random: Random): [() => Fault, ...(() => Fault)[]] {
  return [
    () => ({ kind: "Drop" }),
    () => ({ kind: "Hang" }),
    // Longer delays could outlast what the clients reported before the script acts.
    () => ({ kind: "Delay", ms: random.between(100, 5_000) }),
    () => ({ kind: "Event", name: "reset", act: (world, host) => reset(world, host) }),
  ];
}

type Trouble = (stage: Stage, random: Random) => void;

function anyHost(stage: Stage, random: Random): string {
  return random.pickFrom([...stage.rack.hosts.keys()]) ?? "";
}

function storageNic(stage: Stage, host: string): string {
  return [...stage.rack.host(host).interfaces.values()].find((nic) => nic.segment !== "management")?.name ?? "";
}

const operatorCrash: Trouble = (stage, random) => {
  stage.life.end();
  stage.clock.after(random.between(0, 30_000), () => {
    if (!stage.life.alive) stage.startOperator();
  });
};

const hostReset: Trouble = (stage, random) => stage.rack.reset(anyHost(stage, random));

const powerCut: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  stage.rack.powerOff(host);
  stage.clock.after(random.between(1_000, 120_000), () => stage.rack.powerOn(host));
};

const managementCut: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  stage.rack.setManagement(host, "Cut");
  stage.clock.after(random.between(1_000, 120_000), () => stage.rack.setManagement(host, "Connected"));
};

const cablePulled: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  const nic = storageNic(stage, host);
  stage.rack.setCable(host, nic, "Pulled");
  stage.clock.after(random.between(1_000, 120_000), () => stage.rack.setCable(host, nic, "Plugged"));
};

const networkSplit: Trouble = (stage, random) => {
  const [one, other] = [anyHost(stage, random), anyHost(stage, random)];
  const segment = stage.rack.host(one).interfaces.get(storageNic(stage, one))?.segment ?? "";
  if (one === other || stage.rack.host(other).interfaces.get(storageNic(stage, other))?.segment !== segment) return;
  stage.rack.split(segment, one, other);
  stage.clock.after(random.between(1_000, 120_000), () => stage.rack.heal(segment, one, other));
};

const interfaceDown: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  if (stage.rack.host(host).power === "On") stage.rack.setInterface(host, storageNic(stage, host), "Down");
};

const vbladesKilled: Trouble = (stage, random) => stage.rack.killVblade(anyHost(stage, random));

const moduleUnloaded: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  if (stage.rack.host(host).power === "On") stage.rack.unloadModule(host);
};

const dpkgBusy: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  stage.rack.setDpkgLock(host, "Held");
  stage.clock.after(random.between(1_000, 60_000), () => stage.rack.setDpkgLock(host, "Free"));
};

const apiOutage: Trouble = (stage, random) => {
  stage.weather.apiDown = true;
  stage.trace.note(stage.clock.now(), "fault", () => "the API server is down");
  stage.clock.after(random.between(1_000, 60_000), () => {
    stage.weather.apiDown = false;
    stage.trace.note(stage.clock.now(), "fault", () => "the API server is back");
  });
};

const historyCompacted: Trouble = (stage) => stage.server.compact();

/** A program reads the device for a while. */
const deviceHeld: Trouble = (stage, random) => {
  const host = anyHost(stage, random);
  const target = random.pickFrom([...stage.rack.host(host).running.aoe.devices.keys()]);
  const close = target === undefined ? undefined : stage.hold(host, target, `process ${random.between(1000, 9999)} dd`);
  if (close !== undefined) stage.clock.after(random.between(1_000, 120_000), close);
};

/** A user holds xensan back from a volume for a while. */
const volumeHeldBack: Trouble = (stage, random) => {
  const volume = random.pickFrom(stage.server.list(stage.server.kindNamed("AoeVolume")).items);
  if (volume === undefined) return;
  const { namespace, name } = objectAt(volume, "metadata");
  const key = { namespace: String(namespace), name: String(name) };
  const annotation = random.pick([annotations.paused, annotations.dryRun]);
  const annotate = (value: string | null) =>
    stage.patch("AoeVolume", key, { metadata: { annotations: { [annotation]: value } } });
  annotate("true");
  stage.clock.after(random.between(1_000, 120_000), () => annotate(null));
};

const allTroubles: [Trouble, ...Trouble[]] = [
  operatorCrash,
  operatorCrash,
  hostReset,
  powerCut,
  managementCut,
  cablePulled,
  networkSplit,
  interfaceDown,
  vbladesKilled,
  moduleUnloaded,
  dpkgBusy,
  apiOutage,
  historyCompacted,
  deviceHeld,
  volumeHeldBack,
];
