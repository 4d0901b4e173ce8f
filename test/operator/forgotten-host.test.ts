import { describe, expect, it } from "vitest";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { at, keySecret } from "../simulation/scenarios/objects.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, message, minutes, rig, status, word } from "./rig.ts";

const kinds = ["Namespace", "AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain"];
const running = (stage: Stage) =>
  ["bella", "brutus"].filter((host) => stage.rack.xen.domains(host).some(({ name }) => name === "vm-test"));
const ready = (stage: Stage) => word(stage, "XenDomain", "vm-test", "Ready");
const otherOf = (host: string) => (host === "bella" ? "brutus" : "bella");

async function started(): Promise<{ stage: Stage; home: string; other: string }> {
  const stage = rig({ rack: () => loadRack(tutorialRack), objects: tutorialObjects(kinds) });
  await eventually(stage, () => ready(stage), "True/Ready", 15);
  const [home = ""] = running(stage);
  return { stage, home, other: otherOf(home) };
}

const reasonsOf = (stage: Stage) =>
  stage.server.list(stage.server.kindNamed("Event"), {}).items.map((event) => String(Object(event).reason));

function forget(stage: Stage, host: string, boot?: string): void {
  const bootId = boot ?? String(Object(status(stage, "XenHost", host).facts).bootID);
  stage.patch("XenHost", at(host), { metadata: { annotations: { "xensan.dev/forget": bootId } } });
}

describe("a host that is dead", () => {
  it("gives its domains to another one at one word of a person, its lock too", async () => {
    const { stage, home, other } = await started();
    stage.rack.powerOff(home);
    await eventually(stage, () => word(stage, "XenDomain", "vm-test", "Running"), "Unknown/HostUnknown");
    await stage.advance(minutes(10));
    expect(running(stage)).toEqual([]);
    forget(stage, home);
    await eventually(stage, () => [running(stage), ready(stage)], [[other], "True/Ready"], 15);
    expect(word(stage, "XenHost", home, "Reachable")).toBe("False/Forgotten");
    // After its return it is a normal host, and the annotation has lost its effect.
    stage.rack.powerOn(home);
    await eventually(stage, () => [running(stage), word(stage, "XenHost", home, "Ready")], [[other], "True/Ready"], 15);
  });

  it("is not abandoned while it beats, also where its status was lost", async () => {
    const { stage, home, other } = await started();
    stage.life.end();
    stage.rack.setManagement(other, "Cut");
    stage.server.restore(new Map());
    for (const object of [keySecret, ...tutorialObjects(kinds)]) stage.apply(object);
    stage.startOperator();
    await stage.advance(minutes(3));
    expect(status(stage, "XenHost", other).facts).toBeUndefined();
    stage.patch("XenHost", at(other), { metadata: { annotations: { "xensan.dev/abandon": other } } });
    stage.delete("XenHost", at(other));
    await stage.advance(minutes(15));
    expect(word(stage, "XenHost", other, "DeletionBlocked")).toBe("True/HeartbeatHeard");
    expect(running(stage)).toEqual([home]);
  });

  it("that is off after a drain holds up no start on another one", async () => {
    const { stage, home, other } = await started();
    stage.rack.powerOff(other);
    stage.rack.xen.shutDown("vm-test", "poweroff");
    await stage.advance(minutes(10));
    expect(running(stage)).toEqual([]);
    forget(stage, other);
    await eventually(stage, () => [running(stage), ready(stage)], [[home], "True/Ready"], 15);
  });

  it("is not forgotten by the name of another boot", async () => {
    const { stage, home } = await started();
    stage.rack.powerOff(home);
    forget(stage, home, "00000000-0000-4000-8000-000000000000");
    await stage.advance(minutes(15));
    expect(running(stage)).toEqual([]);
  });
});

describe("a word that the machine contradicts", () => {
  it("is taken away, and does not count when the same boot falls silent later", async () => {
    const { stage, home } = await started();
    const annotationsOf = () => Object(stage.find("XenHost", at(home))?.metadata).annotations ?? {};
    forget(stage, home);
    await eventually(stage, () => annotationsOf(), {});
    await eventually(stage, () => reasonsOf(stage).filter((reason) => reason === "ForgetContradicted"), [
      "ForgetContradicted",
    ]);
    stage.rack.powerOff(home);
    await stage.advance(minutes(15));
    expect([running(stage), word(stage, "XenDomain", "vm-test", "Running")]).toEqual([[], "Unknown/HostUnknown"]);
  });

  it("counts when it was said right after the last look: the next one decides", async () => {
    const { stage, home, other } = await started();
    const bootId = String(Object(status(stage, "XenHost", home).facts).bootID);
    stage.rack.powerOff(home);
    forget(stage, home, bootId);
    await eventually(stage, () => [running(stage), ready(stage)], [[other], "True/Ready"], 15);
  });
});

describe("a host that rebooted after the etcd that was restored, and does not answer since", () => {
  const boots = (stage: Stage, host: string) => stage.rack.host(host).running.bootId;
  const says = (stage: Stage) => word(stage, "XenDomain", "vm-test", "Running");

  /** The status knows the first boot, the domain's lock file the second; `silence` comes before the restore. */
  async function restored(silence: (stage: Stage, home: string) => void) {
    const { stage, home, other } = await started();
    const first = boots(stage, home);
    const yesterday = stage.server.backup();
    stage.rack.powerOff(home);
    await stage.advance(minutes(2));
    stage.rack.powerOn(home);
    await eventually(stage, () => [running(stage), ready(stage)], [[home], "True/Ready"], 15);
    const second = boots(stage, home);
    stage.life.end();
    silence(stage, home);
    stage.server.restore(yesterday);
    stage.startOperator();
    await eventually(stage, () => says(stage), "Unknown/HostUnknown");
    return { stage, home, other, first, second };
  }

  it("gives its domains away once both boots are declared ended, and says which one is missing", async () => {
    const { stage, home, other, first, second } = await restored((one, host) => one.rack.powerOff(host));
    // What a lock file names does not count without what was seen last.
    forget(stage, home, second);
    await stage.advance(minutes(5));
    expect([running(stage), says(stage)]).toEqual([[], "Unknown/HostUnknown"]);
    forget(stage, home, first);
    await eventually(stage, () => says(stage), "Unknown/LockedElsewhere");
    const text = message(stage, "XenDomain", "vm-test", "Running");
    expect(text).toContain(
      `was taken by ${home} in boot ${second}, but XenHost ${home} was forgotten in boot ${first}`,
    );
    expect(text).toContain(`xensan forget ${home} --boot ${second}`);
    await stage.advance(minutes(5));
    expect(running(stage)).toEqual([]);
    forget(stage, home, `${first} ${second}`);
    await eventually(stage, () => [running(stage), ready(stage)], [[other], "True/Ready"], 15);
  });

  it("is alive while it beats, and the word is taken away when it answers in a boot that it names", async () => {
    const { stage, home, first, second } = await restored((one, host) => one.rack.setManagement(host, "Cut"));
    forget(stage, home, `${first} ${second}`);
    await stage.advance(minutes(10));
    expect([running(stage), word(stage, "XenHost", home, "Reachable")]).toEqual([[home], "False/HeartbeatHeard"]);
    stage.rack.setManagement(home, "Connected");
    const annotated = () => Object(Object(stage.find("XenHost", at(home))?.metadata).annotations)["xensan.dev/forget"];
    await eventually(stage, annotated, undefined);
    await eventually(stage, () => reasonsOf(stage).includes("ForgetContradicted"), true);
    expect(running(stage)).toEqual([home]);
  });
});

describe("a host whose management link is cut, while its heartbeat is seen", () => {
  it("is alive whatever a person says: nothing is started, its object is not abandoned", async () => {
    const { stage, home, other } = await started();
    await stage.advance(minutes(3));
    stage.rack.setManagement(home, "Cut");
    await eventually(stage, () => word(stage, "XenDomain", "vm-test", "Running"), "Unknown/HostUnknown");
    forget(stage, home);
    stage.patch("XenHost", at(home), { metadata: { annotations: { "xensan.dev/abandon": home } } });
    stage.delete("XenHost", at(home));
    await stage.advance(minutes(15));
    expect(running(stage)).toEqual([home]);
    expect(word(stage, "XenHost", home, "Reachable")).toBe("False/HeartbeatHeard");
    expect(word(stage, "XenHost", home, "DeletionBlocked")).toBe("True/HeartbeatHeard");
    expect(message(stage, "XenDomain", "vm-test", "Running")).toContain(`XenHost ${other} sees the heartbeat`);
  });

  it("is never taken for forgotten by an operator that begins later and has not listened yet", async () => {
    const { stage, home } = await started();
    stage.rack.setManagement(home, "Cut");
    await eventually(stage, () => word(stage, "XenHost", home, "Reachable"), "False/HeartbeatHeard");
    forget(stage, home);
    const said = new Set<string>();
    stage.server.onChange(() => said.add(word(stage, "XenHost", home, "Reachable")));
    for (let restarts = 0; restarts < 5; restarts++) {
      stage.life.end();
      stage.startOperator();
      await stage.advance(minutes(5));
    }
    expect([running(stage), [...said]]).toEqual([[home], ["False/HeartbeatHeard", "False/Unreachable"]]);
  });
});

describe("a management network that is out", () => {
  const abandon = (stage: Stage, host: string) => {
    const nodes = Object(stage.find("Ocfs2Cluster", at("xen"))).spec.nodes.filter(
      (node: { hostRef: { name: string } }) => node.hostRef.name !== host,
    );
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { nodes } });
    stage.patch("XenHost", at(host), { metadata: { annotations: { "xensan.dev/abandon": host } } });
    stage.delete("XenHost", at(host));
  };
  const nodesOf = (stage: Stage): string[] =>
    Object(status(stage, "Ocfs2Cluster", "xen"))
      .nodes.map((node: { hostRef: { name: string } }) => node.hostRef.name)
      .sort();

  it("lets no host be abandoned: the only node that could hear it cannot be asked", async () => {
    const { stage, home, other } = await started();
    for (const host of [home, other]) stage.rack.setManagement(host, "Cut");
    await eventually(stage, () => word(stage, "XenHost", other, "Reachable"), "False/Unreachable");
    await stage.advance(minutes(5));
    abandon(stage, other);
    await stage.advance(minutes(15));
    expect(word(stage, "XenHost", other, "DeletionBlocked")).toBe("True/HeartbeatHeard");
    expect(message(stage, "XenHost", other, "DeletionBlocked")).toContain(
      `XenHost ${home}, which may see the heartbeat of ${other}`,
    );
    expect(nodesOf(stage)).toEqual(["bella", "brutus"]);
    // The network is back for the listener alone: the other one still beats.
    stage.rack.setManagement(home, "Connected");
    await stage.advance(minutes(15));
    expect(message(stage, "XenHost", other, "DeletionBlocked")).toContain(`XenHost ${home} sees the heartbeat`);
    expect([nodesOf(stage), running(stage)]).toEqual([["bella", "brutus"], [home]]);
  });

  it("is no reason to wait where the listener itself is declared dead", async () => {
    const { stage, home, other } = await started();
    for (const host of [home, other]) stage.rack.powerOff(host);
    await eventually(stage, () => word(stage, "XenHost", other, "Reachable"), "False/Unreachable");
    abandon(stage, other);
    await stage.advance(minutes(5));
    expect(message(stage, "XenHost", other, "DeletionBlocked")).toContain(`run xensan forget ${home}`);
    forget(stage, home);
    await eventually(stage, () => stage.find("XenHost", at(other)), undefined);
  });
});
