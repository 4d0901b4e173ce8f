import { describe, expect, it } from "vitest";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { at, type Manifest } from "../simulation/scenarios/objects.ts";
import { setManagement, withManagement } from "../simulation/scenarios/observed.ts";
import { isObject } from "../simulation/world/kube/json.ts";
import { allReady, bytes, executing, readiness, ready, tutorialManifests } from "./rack-story.ts";
import { commands, eventually, hostWords, message, minutes, rig, status, word } from "./rig.ts";

const looks = ["probe", "probe-running", "read-configuration", "await-migration"];
const acts = (sent: readonly string[]) => sent.filter((line) => !looks.includes(line.split(" ")[1] ?? ""));

/** The scripts of `status.plan`, by host. */
function plan(stage: Parameters<typeof status>[0], kind: string, name: string): string[] {
  const { plan: steps } = status(stage, kind, name);
  return (Array.isArray(steps) ? steps : [])
    .filter(isObject)
    .map(({ hostRef, action }) => `${hostWords(hostRef)} ${String(action)}`);
}

describe("machines that are observed", () => {
  it("are left as they are, say what would be done, and are made to match with one field", async () => {
    const objects = tutorialManifests().map((object) => withManagement(object, "Observe"));
    const stage = rig({ rack: () => loadRack(tutorialRack), objects });
    const sent = commands(stage);
    const before = bytes(stage);
    await stage.advance(minutes(5));
    expect(acts(sent)).toEqual([]);
    expect(bytes(stage)).toEqual(before);
    expect(readiness(stage)).toMatchInlineSnapshot(`
      [
        "AoeServer/san False/ObserveOnly",
        "XenHost/bella False/ObserveOnly",
        "XenHost/brutus False/ObserveOnly",
        "AoeVolume/data False/AddressUnverified",
        "AoeVolume/scratch False/AddressUnverified",
        "Ocfs2Cluster/xen False/ObserveOnly",
        "XenDomain/vm-test Unknown/FilesystemNotReady",
      ]
    `);
    expect(plan(stage, "AoeServer", "san")).toMatchInlineSnapshot(`
      [
        "AoeServer/san install-packages",
      ]
    `);
    expect(plan(stage, "XenHost", "bella")).toMatchInlineSnapshot(`
      [
        "XenHost/bella install-packages",
        "XenHost/bella prepare-initiator",
        "XenHost/bella prepare-toolstack",
        "XenHost/bella prepare-relocation",
      ]
    `);
    expect(message(stage, "XenHost", "bella", "Ready")).toMatchInlineSnapshot(
      `"install-packages on XenHost bella would run (aoetools installed): spec.management of XenHost bella is Observe, so xensan changes nothing on that host; set Manage to allow it"`,
    );
    setManagement(stage, "Manage");
    await eventually(stage, () => readiness(stage), allReady, 15);
    expect(plan(stage, "XenHost", "bella")).toEqual([]);
  });

  it("are Ready where nothing differs, and keep a change of the spec in the plan of the object that wants it", async () => {
    const stage = await ready();
    setManagement(stage, "Observe");
    await stage.advance(minutes(2));
    const sent = commands(stage);
    expect(readiness(stage)).toEqual(allReady);
    const running = executing(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    stage.patch("AoeVolume", at("scratch"), { spec: { shelf: 0, clientRefs: [{ name: "brutus" }] } });
    stage.apply(migration);
    await stage.advance(minutes(3));
    expect(acts(sent)).toEqual([]);
    expect(executing(stage)).toEqual(running);
    expect(plan(stage, "XenDomain", "vm-test")).toEqual(["XenHost/bella stop-domain"]);
    expect(status(stage, "XenDomain", "vm-test").shutdownTime).toBeUndefined();
    expect(word(stage, "XenMigration", "move", "Admitted")).toBe("False/ObserveOnly");
    expect(message(stage, "XenMigration", "move", "Admitted")).toContain("spec.management of XenHost bella is Observe");
    // What was recorded while the machine was managed is not undone while it is only observed.
    stage.delete("AoeVolume", at("scratch"));
    await stage.advance(minutes(2));
    expect(word(stage, "AoeVolume", "scratch", "DeletionBlocked")).toBe("True/ObserveOnly");
    setManagement(stage, "Manage");
    await eventually(stage, () => stage.find("AoeVolume", at("scratch")), undefined);
    await eventually(stage, () => executing(stage), []);
  });
});

const migration: Manifest = {
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: at("move"),
  spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: "brutus" } },
};
