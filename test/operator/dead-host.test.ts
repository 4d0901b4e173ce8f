import { describe, expect, it } from "vitest";
import { createImage } from "../../src/sim/model/storage.ts";
import { at, ocfs2Cluster, sharedFilesystem, xenDomain } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import type { Stage } from "../simulation/stage.ts";
import { guarded } from "./rack-story.ts";
import { commands, eventually, message, minutes, rig, status, word } from "./rig.ts";

const kinds = ["Namespace", "AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain"];
const running = (stage: Stage) =>
  ["bella", "brutus"].filter((host) => stage.rack.xen.domains(host).some(({ name }) => name === "vm-test"));
const ready = (stage: Stage) => word(stage, "XenDomain", "vm-test", "Ready");
const starts = (sent: readonly string[]) => sent.filter((line) => line.endsWith("start-domain"));
/** In milliseconds, for a threshold of 31. */
const deadTime = 60_000;

async function started(seconds = 20): Promise<{ stage: Stage; home: string; other: string }> {
  const stage = rig({ rack: () => guarded(seconds), objects: tutorialObjects(kinds) });
  await eventually(stage, () => ready(stage), "True/Ready", 15);
  await stage.advance(minutes(5));
  const [home = ""] = running(stage);
  return { stage, home, other: home === "bella" ? "brutus" : "bella" };
}

describe("a host whose power is cut", () => {
  it("is proved dead by its storage, and its domain runs elsewhere without a word of anybody", async () => {
    const { stage, home, other } = await started();
    expect(word(stage, "XenHost", home, "WatchdogReady")).toBe("True/WatchdogReady");
    const boot = String(Object(status(stage, "XenHost", home).facts).bootID);
    const cut = stage.clock.monotonic();
    stage.rack.powerOff(home);
    await eventually(stage, () => running(stage), [other], 15);
    const seconds = (stage.clock.monotonic() - cut) / 1_000;
    expect(seconds).toBeGreaterThan((2 * deadTime) / 1_000);
    expect(seconds).toBeLessThan((2 * deadTime) / 1_000 + 100);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(word(stage, "XenHost", home, "Reachable")).toBe("False/Dead");
    expect(status(stage, "XenHost", home).proof).toEqual({
      kind: "StorageDeath",
      bootID: boot,
      message: expect.stringContaining(`XenHost ${other} saw no heartbeat of node`),
      time: expect.any(String),
    });
    // After its return the host starts nothing, and the proof of its last boot's death is dropped.
    const sent = commands(stage);
    stage.rack.powerOn(home);
    await eventually(stage, () => word(stage, "XenHost", home, "Ready"), "True/Ready", 15);
    await stage.advance(minutes(10));
    expect([running(stage), starts(sent), status(stage, "XenHost", home).proof]).toEqual([[other], [], undefined]);
  });

  it("while it copies a template leaves the copy to the other one, which starts the domain", async () => {
    const { stage, home } = await started();
    const host = stage.rack.host(home);
    createImage(stage.rack.world, host, "/srv/xen/debian.img", 64 * 2 ** 20);
    const [filesystem] = Object(stage.find("Ocfs2Cluster", at("xen"))).spec.filesystems;
    const filesystems = [{ ...filesystem, templates: ["debian.img"] }];
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { filesystems } });
    let cut: string | undefined;
    stage.rack.subscribe((event) => {
      if (event.kind !== "FileCopied" || cut !== undefined) return;
      cut = event.host;
      stage.rack.powerOff(event.host);
    });
    const disk = {
      ...{ device: "xvda", filesystemRef: { clusterRef: { name: "xen" }, label: "data" } },
      ...{ path: "web.img", size: "64Mi", sourcePath: "debian.img" },
    };
    stage.apply(xenDomain("web", ["bella", "brutus"], { disks: [disk], memory: "64Mi" }));
    await eventually(stage, () => cut !== undefined, true, 5);
    const left = cut === "bella" ? "brutus" : "bella";
    const runs = () => stage.rack.xen.domains(left).some(({ name }) => name === "web");
    await eventually(stage, runs, true, 15);
    await eventually(stage, () => word(stage, "XenDomain", "web", "Ready"), "True/Ready");
  });

  it.each([
    ["Precopy", "Live"],
    ["Ready", "Live"],
    [undefined, "Offline"],
  ] as const)(
    "in the middle of a migration away from it (%s, %s) ends that, and its domain runs again",
    async (phase, mode) => {
      const { stage, home, other } = await started();
      const limit = 3_600;
      if (phase !== undefined) stage.rack.xen.atPhase(phase, () => stage.rack.powerOff(home));
      stage.apply({
        apiVersion: "xensan.dev/v1alpha1",
        kind: "XenMigration",
        metadata: at("away"),
        spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: other }, mode, timeoutSeconds: limit },
      } as never);
      if (phase === undefined) {
        await eventually(stage, () => word(stage, "XenMigration", "away", "Migrating"), "True/ShuttingDown");
        stage.rack.powerOff(home);
      }
      const cut = stage.clock.monotonic();
      await eventually(stage, () => word(stage, "XenMigration", "away", "Succeeded"), "False/DomainGone", 15);
      await eventually(stage, () => [running(stage), ready(stage)], [[other], "True/Ready"], 15);
      expect(stage.clock.monotonic() - cut).toBeLessThan(minutes(10));
    },
  );

  it("is proved dead anew by an operator that begins later, by two looks where it was written down before", async () => {
    const { stage, home, other } = await started();
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => running(stage), []);
    stage.rack.powerOff(home);
    await eventually(stage, () => word(stage, "XenHost", home, "Reachable"), "False/Dead", 15);
    stage.life.end();
    stage.startOperator();
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await eventually(stage, () => running(stage), [other], 3);
  });

  it("holds up no start elsewhere, switched off in an orderly way", async () => {
    const { stage, home, other } = await started();
    stage.rack.goDown(other, "Off");
    await eventually(stage, () => word(stage, "XenHost", other, "Reachable"), "False/Dead", 15);
    stage.rack.xen.shutDown("vm-test", "poweroff");
    await eventually(stage, () => [running(stage), ready(stage)], [[home], "True/Ready"], 15);
  });
});

describe("a host that a younger cluster lists, which is refused it", () => {
  const claimedBy = async (stage: Stage, home: string, heartbeatThreshold: number) => {
    const young = { clusterName: "other", filesystems: [], timeouts: { heartbeatThreshold } };
    stage.apply(ocfs2Cluster("young", [home], young));
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "young", "Configured"), "False/NodeInOtherCluster");
  };

  it("is proved dead all the same, by its own cluster", async () => {
    const { stage, home, other } = await started();
    await claimedBy(stage, home, 7);
    await stage.advance(minutes(2));
    expect(word(stage, "XenHost", home, "WatchdogReady")).toBe("True/WatchdogReady");
    stage.rack.powerOff(home);
    await eventually(stage, () => running(stage), [other], 15);
    expect(word(stage, "XenHost", home, "Reachable")).toBe("False/Dead");
  });

  it("is abandoned after the dead time of its own cluster, also by an operator that begins later", async () => {
    const { stage, home } = await started(0);
    await claimedBy(stage, home, 1800);
    stage.rack.powerOff(home);
    await eventually(stage, () => word(stage, "XenHost", home, "Reachable"), "False/Unreachable");
    stage.life.end();
    stage.startOperator();
    stage.patch("XenHost", at(home), { metadata: { annotations: { "xensan.dev/abandon": home } } });
    stage.delete("XenHost", at(home));
    await eventually(stage, () => stage.find("XenHost", at(home)), undefined, 10);
  });
});

describe("a host without a watchdog", () => {
  it.each([
    ["none", 0],
    ["one that takes as long as the dead time", 60],
  ])("that has %s is not proved dead, and says what a person can do", async (_which, seconds) => {
    const { stage, home } = await started(seconds);
    expect(word(stage, "XenHost", home, "WatchdogReady")).toBe("False/WatchdogMissing");
    const sent = commands(stage);
    stage.rack.powerOff(home);
    await stage.advance(minutes(30));
    expect(starts(sent)).toEqual([]);
    expect(word(stage, "XenHost", home, "Reachable")).toBe("False/Unreachable");
    expect(message(stage, "XenDomain", "vm-test", "Running")).toContain(`WatchdogMissing`);
    expect(message(stage, "XenDomain", "vm-test", "Running")).toContain(`xensan forget ${home}`);
  });
});

describe("a dom0 that hangs", () => {
  it("is reset by its watchdog, and its domain runs once", async () => {
    const { stage, home } = await started();
    stage.rack.hang(home);
    await eventually(stage, () => [running(stage).length, ready(stage)], [1, "True/Ready"], 15);
    expect(word(stage, "XenHost", home, "Reachable")).toBe("True/Reachable");
  });
});

describe("a host of which only the management link is cut", () => {
  it("beats, so nothing is started, however long it lasts and whatever the wall clock says", async () => {
    const { stage, home, other } = await started();
    const sent = commands(stage);
    stage.rack.setManagement(home, "Cut");
    await stage.advance(minutes(60));
    expect([running(stage), starts(sent)]).toEqual([[home], []]);
    expect(message(stage, "XenHost", home, "Reachable")).toContain(`XenHost ${other} sees the heartbeat`);
  });
});

describe("the domains of a dead host", () => {
  const nodes = ["bella", "brutus"];
  const domains = [
    ["old", {}],
    ["young", {}],
    ["last", { priority: -5 }],
    ["first", { priority: 10 }],
    ["stays", { priority: 20, onHostFailure: "Stay" }],
  ] as const;

  /** bella has room for all of them, brutus for three. */
  async function crowded(): Promise<Stage> {
    const rack = () => {
      const file = structuredClone(twoServers());
      for (const [name, host] of Object.entries(file.hosts)) {
        if (host.roles.includes("dom0")) host.xen.watchdog = 20;
        if (name === "bella") host.memory = 3 * 2 ** 30;
      }
      return file;
    };
    const stage = rig({ rack, objects: sharedFilesystem(nodes) });
    for (const [name, rest] of domains) {
      stage.apply(xenDomain(name, nodes, rest));
      await stage.advance(2_000);
    }
    await eventually(stage, () => on(stage, "bella"), domains.map(([name]) => name).sort(), 15);
    await stage.advance(minutes(5));
    return stage;
  }

  const on = (stage: Stage, host: string) =>
    stage.rack.xen
      .domains(host)
      .map(({ name }) => name)
      .sort();

  it("are started by priority and age, two at once, as many as fit, and the others say why they wait", async () => {
    const stage = await crowded();
    const names = new Map(stage.rack.xen.domains("bella").map(({ name, configuration }) => [configuration.uuid, name]));
    const begun: string[] = [];
    const ongoing = new Set<number>();
    let most = 0;
    stage.rack.subscribe((event) => {
      if (event.kind === "CommandBegun" && event.script === "start-domain") {
        begun.push(names.get(event.args.find((word) => names.has(word)) ?? "") ?? "?");
        ongoing.add(event.id);
        most = Math.max(most, ongoing.size);
      }
      if (event.kind === "CommandEnded") ongoing.delete(event.id);
    });
    stage.rack.powerOff("bella");
    await eventually(stage, () => word(stage, "XenDomain", "young", "Running"), "False/StartQueued", 15);
    expect(message(stage, "XenDomain", "young", "Running")).toContain("The domain will be started on brutus:");
    await eventually(stage, () => on(stage, "brutus"), ["first", "old", "young"], 15);
    // The first two start at the same time, and their commands may overtake one another.
    expect([begun.slice(0, 2).sort(), begun.slice(2), most]).toEqual([["first", "old"], ["young"], 2]);
    await eventually(stage, () => word(stage, "XenDomain", "last", "Running"), "False/NoHostFits");
    expect(message(stage, "XenDomain", "last", "Running")).toMatch(/brutus: \d+ MiB are free.*128 MiB are needed/);
    expect(word(stage, "XenDomain", "stays", "Running")).toBe("False/HostFailed");
    // The host is back: domains that waited for it are started there, but none that has moved.
    stage.rack.powerOn("bella");
    await eventually(
      stage,
      () => [on(stage, "bella"), on(stage, "brutus")],
      [
        ["last", "stays"],
        ["first", "old", "young"],
      ],
      15,
    );
  });

  it("that stay are started elsewhere at a person's word", async () => {
    const stage = await crowded();
    for (const [name] of domains.slice(0, 4)) stage.patch("XenDomain", at(name), { spec: { powerState: "Halted" } });
    await eventually(stage, () => on(stage, "bella"), ["stays"]);
    stage.rack.powerOff("bella");
    await eventually(stage, () => word(stage, "XenDomain", "stays", "Running"), "False/HostFailed", 15);
    const bootId = String(Object(status(stage, "XenHost", "bella").facts).bootID);
    stage.patch("XenHost", at("bella"), { metadata: { annotations: { "xensan.dev/forget": bootId } } });
    await eventually(stage, () => on(stage, "brutus"), ["stays"]);
    expect(Object(status(stage, "XenHost", "bella").proof).kind).toBe("Forgotten");
  });
});
