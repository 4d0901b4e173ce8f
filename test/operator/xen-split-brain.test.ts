import { describe, expect, it } from "vitest";
import { runsTwice } from "../../src/sim/model/executions.ts";
import { at, sharedFilesystem, xenDomain } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { isObject, objectAt } from "../simulation/world/kube/json.ts";
import { commands, eventually, message, minutes, rig, word } from "./rig.ts";
import { configuration, history, migration, outcome, said, seen, uuid, xenRig } from "./xen-rig.ts";

/** Events about one object, `Type Reason`. */
const events = (stage: Stage, kind: string) =>
  stage.server
    .list(stage.server.kindNamed("Event"), {})
    .items.filter(isObject)
    .filter((event) => objectAt(event, "regarding").kind === kind)
    .map(({ type, reason }) => `${String(type)} ${String(reason)}`);

/** The only violation is the domain that the test made run twice. */
function expectOnlyTwice(stage: Stage): void {
  const said = stage.violations.map((line) => line.replace(/^ *[0-9:.]+ /, ""));
  expect([...new Set(said)]).toEqual([`never twice: domain ${uuid} executes on bella 1 and brutus 1`]);
  stage.violations.length = 0;
}

const acts = (sent: readonly string[]) => sent.filter((line) => !/ probe(-running)?$/.test(line));

describe("running | running: somebody starts a domain on the target while it migrates", () => {
  it("nothing is done any more, the condition names both hosts, and it ends by itself when a person has ended one", async () => {
    const stage = await xenRig({ splitBrain: true });
    stage.rack.xen.atPhase("Connect", () => {
      stage.rack.xen.killSender("vm-test", "Unit");
      stage.rack.xen.createDomain("brutus", configuration());
    });
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/SplitBrain", 5);
    expect(said(stage, "go")).toMatch(
      /^vm-test runs on bella as vm-test \(id [0-9]+, .*\) and on brutus as vm-test \(id [0-9]+, .*\)\. xensan changes nothing: decide which copy/,
    );
    expect(history(stage, "go").at(-1)).toBe("SplitBrain");
    const sent = commands(stage);
    stage.patch("XenMigration", at("go"), { spec: { abort: "Requested" } });
    await stage.advance(minutes(20));
    expect(acts(sent)).toEqual([]);
    expect(outcome(stage, "go")).toBe("Unknown/SplitBrain");
    expect(seen(stage)).toEqual({ bella: ["vm-test"], brutus: ["vm-test"], caesar: [] });
    expect(events(stage, "XenMigration")).toContain("Warning SplitBrain");
    expect(runsTwice(stage.rack.xen.executions())).toHaveLength(1);
    stage.rack.xen.destroyDomain("brutus", "vm-test");
    await eventually(stage, () => outcome(stage, "go"), "False/AbortRequested", 5);
    expect(seen(stage)).toEqual({ bella: ["vm-test"], brutus: [], caesar: [] });
  });
});

describe("a XenDomain that somebody starts on a second host", () => {
  const nodes = ["bella", "brutus"];
  interface Scene {
    readonly stage: Stage;
    /** The host on which it runs, and the other one. */
    readonly first: string;
    readonly second: string;
  }
  async function once(): Promise<Scene> {
    const stage = rig({
      objects: [...sharedFilesystem(nodes), xenDomain("vm", nodes, { uuid })],
    });
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready");
    const first = nodes.find((host) => stage.rack.xen.domains(host).length > 0) ?? "";
    const second = nodes.find((host) => host !== first) ?? "";
    return { stage, first, second };
  }
  async function twice(): Promise<Scene> {
    const { stage, first, second } = await once();
    stage.rack.xen.createDomain(second, configuration({ name: "vm" }));
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Running"), "Unknown/SplitBrain", 5);
    return { stage, first, second };
  }
  const running = (stage: Stage) => nodes.flatMap((host) => stage.rack.xen.domains(host).map(() => host));

  it("is not said to run twice when it only moved between two looks", async () => {
    const { stage, first, second } = await once();
    for (let moved = 0; moved < 3; moved++) {
      stage.rack.xen.destroyDomain(first, "vm");
      stage.rack.xen.createDomain(second, configuration({ name: "vm" }));
      await stage.advance(minutes(3));
      stage.rack.xen.destroyDomain(second, "vm");
      stage.rack.xen.createDomain(first, configuration({ name: "vm" }));
      await stage.advance(minutes(3));
    }
    expect(events(stage, "XenDomain")).not.toContain("Warning SplitBrain");
  });

  it("says where it runs, tells it as an event, and touches neither", async () => {
    const { stage, first, second } = await twice();
    expect(message(stage, "XenDomain", "vm", "Running")).toBe(
      "The domain runs on bella and brutus: xensan changes nothing until one copy is stopped by hand",
    );
    expect(word(stage, "XenDomain", "vm", "Ready")).toBe("Unknown/SplitBrain");
    const sent = commands(stage);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await stage.advance(minutes(20));
    expect(running(stage)).toEqual(nodes);
    expect(acts(sent)).toEqual([]);
    expect(events(stage, "XenDomain").filter((line) => line === "Warning SplitBrain")).toHaveLength(1);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    expectOnlyTwice(stage);
    stage.rack.xen.destroyDomain(second, "vm");
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 5);
    expect(running(stage)).toEqual([first]);
  });

  it("names what a migration has left of it that no XenMigration records any more, and touches neither", async () => {
    const { stage, first, second } = await once();
    stage.rack.xen.createDomain(second, configuration({ name: "vm--incoming" }));
    stage.rack.xen.pauseDomain(second, "vm--incoming");
    expectOnlyTwice(stage);
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Running"), "Unknown/OutcomeAmbiguous", 5);
    expect(message(stage, "XenDomain", "vm", "Running")).toMatch(
      /^The domain is in the middle of a migration that no XenMigration records and that no host is performing: vm.* \(id \d+, .*\) on bella and vm.* \(id \d+, .*\) on brutus\. xensan starts, stops and destroys nothing until only one copy is left, under the name vm$/,
    );
    const sent = commands(stage);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await stage.advance(minutes(10));
    expect(acts(sent)).toEqual([]);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    stage.rack.xen.destroyDomain(second, "vm--incoming");
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 5);
    expect(running(stage)).toEqual([first]);
  });

  it("stays frozen while one of the hosts cannot be reached", async () => {
    const { stage, first, second } = await twice();
    const sent = commands(stage);
    stage.rack.setManagement(second, "Cut");
    await eventually(stage, () => word(stage, "XenHost", second, "Reachable"), "False/HeartbeatHeard", 5);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await stage.advance(minutes(10));
    expect(word(stage, "XenDomain", "vm", "Running")).toBe("Unknown/SplitBrain");
    expect(running(stage)).toEqual(nodes);
    expect(acts(sent)).toEqual([]);
    stage.rack.xen.destroyDomain(second, "vm");
    stage.rack.setManagement(second, "Connected");
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Halted", 10);
    expect(acts(sent).filter((line) => line.endsWith("stop-domain"))).toEqual([`${first} stop-domain`]);
    expectOnlyTwice(stage);
  });

  it("is not let go of when it is deleted", async () => {
    const { stage } = await twice();
    const sent = commands(stage);
    stage.delete("XenDomain", at("vm"));
    await eventually(stage, () => word(stage, "XenDomain", "vm", "DeletionBlocked"), "True/SplitBrain", 5);
    await stage.advance(minutes(10));
    expect(running(stage)).toEqual(nodes);
    expect(acts(sent)).toEqual([]);
    expectOnlyTwice(stage);
  });

  it("does not move, neither live nor offline", async () => {
    const { stage, first, second } = await twice();
    for (const mode of ["Live", "Offline"])
      stage.apply(
        migration(mode.toLowerCase(), {
          domain: undefined,
          domainRef: { name: "vm" },
          sourceHostRef: { name: first },
          targetHostRef: { name: second },
          mode,
        }),
      );
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "XenMigration", "offline", "Admitted"), "False/AlreadyThere", 5);
    await stage.advance(minutes(5));
    expect(word(stage, "XenMigration", "live", "Admitted")).toBe("False/RelocationNotAllowed");
    expect(running(stage)).toEqual(nodes);
    expect(acts(sent)).toEqual([]);
    expectOnlyTwice(stage);
  });
});
