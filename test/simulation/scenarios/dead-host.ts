import { loadRack, type RackFile, tutorialRack } from "../../../src/sim/rack-file.ts";
import type { Scenario } from "../stage.ts";
import { conditionOf, type Stage } from "../stage.ts";
import { missingInClusters } from "./cluster.ts";
import { missingEverywhere } from "./ground-truth.ts";
import { at, keySecret } from "./objects.ts";
import { tutorialObjects } from "./tutorial.ts";

const minute = 60_000;
const dom0s = ["bella", "brutus"];

/** The tutorial's rack, whose dom0s have a watchdog. */
function rack(): RackFile {
  const file = structuredClone(loadRack(tutorialRack));
  for (const name of dom0s) {
    const host = file.hosts[name];
    if (host !== undefined) host.xen.watchdog = 20;
  }
  return file;
}

/** What happens to the dom0 that runs the domain, and how it is repaired. */
const fates: readonly [string, (stage: Stage, host: string) => void][] = [
  ["power cut", (stage, host) => stage.rack.powerOff(host)],
  ["dom0 hangs", (stage, host) => stage.rack.hang(host)],
  ["poweroff typed", (stage, host) => stage.rack.goDown(host, "Off")],
  ["reboot typed", (stage, host) => stage.rack.goDown(host, "Reboot")],
  ["management link cut", (stage, host) => stage.rack.setManagement(host, "Cut")],
];

function mend(stage: Stage, host: string): void {
  if (stage.rack.host(host).power === "Off") stage.rack.powerOn(host);
  if (stage.rack.host(host).management === "Cut") stage.rack.setManagement(host, "Connected");
}

const runningOn = (stage: Stage) =>
  dom0s.filter((host) => stage.rack.xen.domains(host).some(({ name }) => name === "vm-test"));

/** Stages whose fault is still to come. */
const unfinished = new WeakSet<Stage>();

function prepare(stage: Stage): void {
  const random = stage.random.branch("fate");
  unfinished.add(stage);
  // After the rack has converged and the storm is over.
  stage.clock.after(10 * minute + random.between(0, minute), () => {
    const [host = "bella"] = runningOn(stage);
    const [, strike] = random.pickFrom(fates) ?? fates[0] ?? ["", () => undefined];
    strike(stage, host);
    stage.clock.after(random.between(minute, 12 * minute), () => {
      mend(stage, host);
      unfinished.delete(stage);
    });
  });
}

export const deadHost: Scenario = {
  name: "dead-host",
  share: 0.03,
  says: "the dom0 that runs a domain dies, hangs, goes down or is cut off; the domain runs once, and in the end it runs",
  rack,
  prepare,
  manifests: () => [
    keySecret,
    ...tutorialObjects(["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain"]).filter(
      ({ metadata }) => metadata.name !== "scratch",
    ),
  ],
  edits: [
    {
      name: "the guest reboots",
      act(stage) {
        const executes = dom0s.some((host) => stage.rack.xen.domains(host).some(({ since }) => since !== undefined));
        if (executes) stage.rack.xen.shutDown("vm-test", "reboot");
      },
    },
  ],
  missing: (stage) => [
    ...(unfinished.has(stage) ? ["its fate has not come yet"] : []),
    ...missingEverywhere(stage),
    ...missingInClusters(stage),
    ...missingDomain(stage),
  ],
};

function missingDomain(stage: Stage): string[] {
  const ready = conditionOf(stage.find("XenDomain", at("vm-test")), "Ready");
  const formatted = conditionOf(stage.find("Ocfs2Cluster", at("xen")), "Ready").reason !== "FormatInterrupted";
  if (!formatted) return [];
  if (ready.status !== "True") return [`vm-test has Ready=${ready.status} (${ready.reason}: ${ready.message})`];
  const hosts = runningOn(stage);
  return hosts.length === 1 ? [] : [`vm-test runs on ${hosts.length} hosts`];
}
