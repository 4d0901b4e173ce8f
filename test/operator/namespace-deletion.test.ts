import { describe, expect, it } from "vitest";
import { secretFinalizer } from "../../src/api/common.ts";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { at, keySecret, type Manifest, namespace } from "../simulation/scenarios/objects.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import type { Stage } from "../simulation/stage.ts";
import { isObject, objectAt } from "../simulation/world/kube/json.ts";
import { seeded } from "../simulation/world/random.ts";
import { commands, eventually, exportsOf, message, minutes, rig, word } from "./rig.ts";

const kinds = ["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain"];
const objects = () => tutorialObjects(kinds);
const finalizers = (stage: Stage, kind: string, name: string) =>
  objectAt(stage.find(kind, at(name)) ?? {}, "metadata").finalizers;

/** The tutorial, converged, in a namespace with the finalizer of the real namespace controller. */
async function converged(change: (object: Manifest) => Manifest = (object) => object): Promise<Stage> {
  const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, finalizers: ["kubernetes"] } };
  const stage = rig({ rack: () => loadRack(tutorialRack), objects: [home, ...objects().map(change)] });
  await eventually(stage, () => word(stage, "XenDomain", "vm-test", "Ready"), "True/Ready");
  return stage;
}

/** Acts as the namespace controller: no more creations, and everything deleted at once in some order. */
function deleteNamespace(stage: Stage, order: readonly (readonly [kind: string, name: string])[]): void {
  stage.delete("Namespace", { namespace: "", name: namespace });
  for (const [kind, name] of order) stage.delete(kind, at(name));
}

const everything = (): (readonly [string, string])[] => [
  ["Secret", "rack-ssh"],
  ...objects().map(({ kind = "", metadata }) => [kind, metadata.name] as const),
];
const left = (stage: Stage) =>
  everything().flatMap(([kind, name]) => (stage.find(kind, at(name)) === undefined ? [] : [`${kind} ${name}`]));

/** What still runs on the hosts. */
function onHosts(stage: Stage) {
  stage.rack.settle();
  return {
    domains: ["bella", "brutus"].flatMap((host) =>
      stage.rack.xen
        .domains(host)
        .map(({ name }) => name)
        .filter((name) => name !== "Domain-0"),
    ),
    mounts: ["bella", "brutus"].flatMap((host) =>
      stage.rack
        .host(host)
        .running.mounts.filter(({ type }) => type === "ocfs2")
        .map(({ mountPoint }) => `${host} ${mountPoint}`),
    ),
    exports: exportsOf(stage, "san"),
  };
}
const nothing = { domains: [], mounts: [], exports: [] };

describe("a namespace that is deleted with everything in it", () => {
  const shuffled = (seed: number) => {
    const random = seeded(`order ${seed}`);
    return everything()
      .map((one) => [random.next(), one] as const)
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one);
  };
  const orders: [string, () => (readonly [string, string])[]][] = [
    ["the Secret first", everything],
    ["the Secret last", () => everything().reverse()],
    ...[1, 2, 3, 4].map((seed): [string, () => (readonly [string, string])[]] => [
      `in order ${seed}`,
      () => shuffled(seed),
    ]),
  ];

  it.each(orders)("ends with nothing left on the hosts: %s", async (_name, order) => {
    const stage = await converged();
    deleteNamespace(stage, order());
    await eventually(stage, () => left(stage), [], 5);
    expect(onHosts(stage)).toEqual(nothing);
  });

  it.each([2, 10, 20, 40])("ends although the operator dies %i s after the deletion", async (seconds) => {
    const stage = await converged();
    deleteNamespace(stage, everything());
    await stage.advance(seconds * 1000);
    stage.life.end();
    await stage.advance(minutes(2));
    stage.startOperator();
    await eventually(stage, () => left(stage), [], 10);
    expect(onHosts(stage)).toEqual(nothing);
  });

  it("keeps or deletes a file as its deletionPolicy says", async () => {
    const backing = "/srv/aoe/scratch.img";
    for (const deletionPolicy of ["Retain", "Delete"]) {
      const stage = await converged((object) =>
        object.metadata.name === "scratch" && isObject(object.spec)
          ? { ...object, spec: { ...object.spec, deletionPolicy } }
          : object,
      );
      expect(stage.rack.readFile("san", backing)).toBeDefined();
      deleteNamespace(stage, everything());
      await eventually(stage, () => left(stage), [], 5);
      expect([deletionPolicy, stage.rack.readFile("san", backing) !== undefined]).toEqual([
        deletionPolicy,
        deletionPolicy === "Retain",
      ]);
    }
  });

  it("says per object what blocks it when a host does not answer, and each can be let go of in there", async () => {
    const stage = await converged();
    stage.rack.powerOff("brutus");
    await stage.advance(minutes(2));
    deleteNamespace(stage, everything());
    await stage.advance(minutes(15));
    const waiting = left(stage).filter((one) => !one.startsWith("Secret "));
    expect(waiting.sort()).toEqual([
      "AoeServer san",
      "AoeVolume data",
      "AoeVolume scratch",
      "Ocfs2Cluster xen",
      "XenDomain vm-test",
      "XenHost bella",
      "XenHost brutus",
    ]);
    for (const one of waiting) {
      const [kind = "", name = ""] = one.split(" ");
      expect([one, message(stage, kind, name, "DeletionBlocked")]).toEqual([
        one,
        expect.stringContaining(`xensan.dev/abandon=${name}`),
      ]);
      stage.patch(kind, at(name), { metadata: { annotations: { "xensan.dev/abandon": name } } });
    }
    await eventually(stage, () => left(stage), [], 5);
  });
});

describe("the Secret of hosts", () => {
  const held = (stage: Stage, name = "rack-ssh") => finalizers(stage, "Secret", name);

  it("is held while a host names it, and not longer", async () => {
    const stage = rig({
      rack: () => loadRack(tutorialRack),
      objects: objects().filter(({ kind }) => kind === "XenHost"),
    });
    await eventually(stage, () => held(stage), [secretFinalizer]);
    stage.delete("XenHost", at("bella"));
    await eventually(stage, () => stage.find("XenHost", at("bella")), undefined);
    await stage.advance(minutes(1));
    expect(held(stage)).toEqual([secretFinalizer]);
    stage.delete("XenHost", at("brutus"));
    await eventually(stage, () => held(stage), undefined);
  });

  it("is held before it is needed on a host, however the two come", async () => {
    const stage = rig({
      rack: () => loadRack(tutorialRack),
      objects: objects().filter(({ kind }) => kind === "AoeServer"),
      secret: null,
    });
    await eventually(stage, () => word(stage, "AoeServer", "san", "Reachable"), "False/SecretNotFound");
    stage.apply(keySecret);
    await eventually(stage, () => held(stage), [secretFinalizer]);
  });

  it("goes when its hosts name another one", async () => {
    const [server] = objects().filter(({ kind }) => kind === "AoeServer");
    const stage = rig({ rack: () => loadRack(tutorialRack), objects: server === undefined ? [] : [server] });
    await eventually(stage, () => held(stage), [secretFinalizer]);
    stage.delete("Secret", at("rack-ssh"));
    stage.apply({ ...keySecret, metadata: at("new-ssh") });
    await stage.advance(minutes(1));
    expect(word(stage, "AoeServer", "san", "Reachable")).toBe("True/Reachable");
    stage.patch("AoeServer", at("san"), { spec: { ssh: { privateKeySecretRef: { name: "new-ssh" } } } });
    await eventually(stage, () => stage.find("Secret", at("rack-ssh")), undefined);
    await eventually(stage, () => held(stage, "new-ssh"), [secretFinalizer]);
  });

  it("is let go of by the next operator when its hosts went while none ran", async () => {
    const stage = rig({
      rack: () => loadRack(tutorialRack),
      objects: objects().filter(({ kind }) => kind === "XenHost"),
    });
    await eventually(stage, () => held(stage), [secretFinalizer]);
    stage.life.end();
    for (const name of ["bella", "brutus"]) {
      stage.delete("XenHost", at(name));
      stage.patch("XenHost", at(name), { metadata: { finalizers: null } });
    }
    stage.startOperator();
    await eventually(stage, () => held(stage), undefined);
  });

  it("says who keeps it when it is deleted, and is written no second time", async () => {
    const stage = rig({
      rack: () => loadRack(tutorialRack),
      objects: objects().filter(({ kind }) => kind === "XenHost"),
    });
    await eventually(stage, () => held(stage), [secretFinalizer]);
    stage.delete("Secret", at("rack-ssh"));
    await stage.advance(minutes(1));
    const events = stage.server.list(stage.server.kindNamed("Event"), { namespace }).items;
    expect(events.filter(({ reason }) => reason === "SecretInUse").map(({ note, type }) => ({ note, type }))).toEqual([
      {
        type: "Normal",
        note: "XenHost bella, XenHost brutus reference this Secret, so xensan keeps it for the clean-up of their hosts. Delete them, or make them reference another Secret",
      },
    ]);
    const writes = stage.effects.done.filter(({ what }) => / secrets /.test(what)).length;
    expect(writes).toBe(1);
  });

  it("of nobody's is left alone", async () => {
    const foreign = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: at("foreign"),
      type: "Opaque",
      stringData: { a: "b" },
    };
    const stage = rig({ rack: () => loadRack(tutorialRack), objects: [foreign] });
    const sent = commands(stage);
    await stage.advance(minutes(5));
    expect([finalizers(stage, "Secret", "foreign"), sent]).toEqual([undefined, []]);
  });
});
