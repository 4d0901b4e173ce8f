import { describe, expect, it } from "vitest";
import type { Phase } from "../../src/sim/model/state.ts";
import { rename } from "../../src/sim/model/storage.ts";
import { at, type Manifest } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import {
  allReady,
  bytes,
  domainSays,
  executing,
  image,
  otherOf,
  readiness,
  ready,
  tutorialManifests,
} from "./rack-story.ts";
import { commands, domainHost, eventually, message, minutes, status, word } from "./rig.ts";

/** What two simultaneous faults leave: in the middle of a migration, of a swap, of a loss. */

const home = (stage: Stage) => executing(stage)[0]?.split(" ")[0] ?? "";
const acts = (sent: readonly string[]) => sent.filter((line) => /start-|stop-|settle-|ensure-image|delete-/.test(line));

/** Migrates the tutorial's domain, and restores the management cluster to its state before during the migration. */
async function restoredAt(stage: Stage, phase: Phase, then: () => void = () => undefined) {
  const source = home(stage);
  const target = otherOf(source);
  const yesterday = stage.server.backup();
  const sent = commands(stage);
  let restored = false;
  stage.rack.xen.atPhase(phase, () => {
    then();
    stage.clock.after(0, () => {
      stage.life.end();
      stage.server.restore(yesterday);
      stage.startOperator();
      restored = true;
    });
  });
  stage.apply({
    apiVersion: "xensan.dev/v1alpha1",
    kind: "XenMigration",
    metadata: at("move"),
    spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: target } },
  } as Manifest);
  await eventually(stage, () => restored, true);
  sent.length = 0;
  return { source, target, sent };
}

describe("an etcd of yesterday that comes back in the middle of a migration", () => {
  it("lets it come to its end, and finds the domain on the target", async () => {
    const stage = await ready();
    const inodes = executing(stage).map((line) => line.split(" ").slice(1));
    const { target, sent } = await restoredAt(stage, "Precopy");
    await eventually(stage, () => [readiness(stage), domainHost(stage, "vm-test")], [allReady, target], 15);
    expect(executing(stage).map((line) => line.split(" ").slice(1))).toEqual(inodes);
    expect(acts(sent)).toEqual([]);
  });

  it("whose sender is killed then names both copies, and a deletion takes neither of them nor the image", async () => {
    const stage = await ready();
    const { source, target, sent } = await restoredAt(stage, "Renamed", () =>
      stage.rack.xen.killSender("vm-test", "Unit"),
    );
    await eventually(stage, () => domainSays(stage, "Running"), "Unknown/OutcomeAmbiguous");
    const text = message(stage, "XenDomain", "vm-test", "Running");
    for (const host of [source, target])
      expect(text).toMatch(new RegExp(`vm-test--\\S+ \\(id \\d+, [a-z ]+\\) on ${host}`));
    const before = [executing(stage), bytes(stage)];
    stage.patch("XenDomain", at("vm-test"), { spec: { deletionPolicy: "Delete" } });
    stage.delete("XenDomain", at("vm-test"));
    await eventually(stage, () => domainSays(stage, "DeletionBlocked"), "True/SplitBrain");
    await stage.advance(minutes(15));
    expect([acts(sent), executing(stage), bytes(stage)]).toEqual([[], ...before]);
  });

  it("whose source has died starts no second copy beside what has arrived, until a person has ended that", async () => {
    const stage = await ready();
    const { source, target, sent } = await restoredAt(stage, "Renamed", () => stage.rack.powerOff(home(stage)));
    await stage.advance(minutes(10));
    expect(domainSays(stage, "Ready")).toBe("Unknown/Migrating");
    const boot = String(Object(status(stage, "XenHost", source).facts).bootID);
    stage.patch("XenHost", at(source), { metadata: { annotations: { "xensan.dev/forget": boot } } });
    await eventually(stage, () => domainSays(stage, "Running"), "Unknown/OutcomeAmbiguous");
    await stage.advance(minutes(15));
    expect(acts(sent)).toEqual([]);
    const [copy] = stage.rack.xen.domains(target);
    stage.rack.xen.destroyDomain(target, copy?.name ?? "");
    await eventually(stage, () => [home(stage), domainSays(stage, "Ready")], [target, "True/Ready"], 15);
  });
});

describe("two images that got each other's name", () => {
  it("are told apart by status and share: neither domain starts, until the names are back", async () => {
    const second = "/srv/xen/second.img";
    const [declared] = tutorialManifests().filter(({ kind }) => kind === "XenDomain");
    if (declared === undefined) throw new Error("no XenDomain in the tutorial");
    const spec = structuredClone(Object(declared.spec));
    const twin = {
      ...declared,
      metadata: at("second"),
      spec: { ...spec, disks: [{ ...spec.disks[0], path: "second.img" }] },
    };
    const domains = ["vm-test", "second"];
    const say = (type: string) => (stage: Stage) => domains.map((name) => word(stage, "XenDomain", name, type));
    const stage = await ready();
    stage.apply(twin);
    await eventually(stage, () => say("Ready")(stage), ["True/Ready", "True/Ready"], 15);
    const power = (powerState: string) => {
      for (const name of domains) stage.patch("XenDomain", at(name), { spec: { powerState } });
    };
    power("Halted");
    await eventually(stage, () => executing(stage), []);
    const host = stage.rack.host("bella");
    const swap = () => {
      for (const [from, to] of [
        [image, `${image}.swap`],
        [second, image],
        [`${image}.swap`, second],
      ] as const)
        rename(stage.rack.world, host, from, to);
    };
    const before = bytes(stage);
    swap();
    stage.life.end();
    stage.startOperator();
    power("Running");
    await eventually(stage, () => say("DisksReady")(stage), ["False/ImageChanged", "False/ImageChanged"]);
    await stage.advance(minutes(15));
    expect(executing(stage)).toEqual([]);
    swap();
    await eventually(stage, () => say("Ready")(stage), ["True/Ready", "True/Ready"], 15);
    expect(bytes(stage)).toEqual(before);
  });
});
