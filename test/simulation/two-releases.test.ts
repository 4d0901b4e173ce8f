import { describe, expect, it, onTestFinished } from "vitest";
import { operatorWith } from "./operator-process.ts";
import { namespace } from "./scenarios/objects.ts";
import { tutorial } from "./scenarios/tutorial.ts";
import { Stage, type StartOperator } from "./stage.ts";
import { silent } from "./trace.ts";
import { objectAt } from "./world/kube/json.ts";

const minute = 60_000;
const claim = { namespace, name: "xensan-claim" };
const settled = (stage: Stage) => tutorial.missing(stage, new Set()).length === 0;

/** Operator processes 1, 2, … of the stage, each of the release that `releases` names for it. */
function twoReleases(releases: readonly string[]) {
  const lines: string[] = [];
  let started = 0;
  const operator: StartOperator = (doors, signal, print) =>
    operatorWith({ claimAs: releases[started++] ?? "none" })(doors, signal, print);
  const name = expect.getState().currentTestName ?? "";
  const stage = new Stage({ seed: name, scenario: tutorial, operator, trace: silent, log: (line) => lines.push(line) });
  const actors = new Set<string>();
  stage.onEffect = ({ door, by, what }) => {
    if (door === "host" || !/ (leases|events) /.test(what)) actors.add(by);
  };
  for (const object of tutorial.manifests()) stage.apply(object);
  stage.startOperator();
  onTestFinished(() => {
    stage.life.end();
    expect(stage.violations).toEqual([]);
  });
  const holder = () => objectAt(stage.find("Lease", claim) ?? {}, "spec").holderIdentity;
  return { stage, lines, actors, holder };
}

describe("two releases that serve the same namespace", () => {
  it("end with the second one leaving it alone, and saying so in log and event", async () => {
    const { stage, lines, actors, holder } = twoReleases(["a/one", "b/two"]);
    const first = stage.life;
    await stage.advance(2_000);
    stage.startOperator();
    const second = stage.life;
    await stage.advance(10 * minute, () => settled(stage));
    await stage.advance(10 * minute);
    expect([settled(stage), [...actors], holder()]).toEqual([true, [first.name], "a/one"]);
    const words = `Namespace ${namespace} is served by a/one; b/two changes nothing in it until that operator has not renewed the Lease for 60 s. Only one release may serve a namespace`;
    expect(lines.filter((line) => line.includes(words))).toHaveLength(1);
    const events = stage.server.list(stage.server.kindNamed("Event"), { namespace }).items;
    expect(events.filter(({ reason }) => reason === "ServedElsewhere").map(({ note }) => note)).toEqual([words]);
    first.end();
    second.end();
  });

  it("change over when the first one is gone for a minute", async () => {
    const { stage, actors, holder } = twoReleases(["a/one", "b/two"]);
    const first = stage.life;
    await stage.advance(2_000);
    stage.startOperator();
    await stage.advance(10 * minute, () => settled(stage));
    first.end();
    const configuration = "/etc/vblade.conf.d/e0.1.conf";
    const text = stage.rack.readFile("san", configuration) ?? "";
    stage.rack.writeFile("san", configuration, `${text}options='-r'\n`);
    await stage.advance(50_000);
    expect(holder()).toBe("a/one");
    await stage.advance(3 * minute, () => stage.rack.readFile("san", configuration) === text);
    expect([holder(), stage.rack.readFile("san", configuration) === text, [...actors]]).toEqual([
      "b/two",
      true,
      [first.name, stage.life.name],
    ]);
  });

  it("a restart of the one that serves does not wait", async () => {
    const { stage, holder } = twoReleases(["a/one", "a/one"]);
    await stage.advance(10 * minute, () => settled(stage));
    stage.life.end();
    stage.startOperator();
    const configuration = "/etc/vblade.conf.d/e0.1.conf";
    const text = stage.rack.readFile("san", configuration) ?? "";
    stage.rack.writeFile("san", configuration, `${text}options='-r'\n`);
    await stage.advance(40_000, () => stage.rack.readFile("san", configuration) === text);
    expect([holder(), stage.rack.readFile("san", configuration)]).toEqual(["a/one", text]);
  });

  it("whose claim is taken acts there no more", async () => {
    const { stage, actors, lines } = twoReleases(["a/one"]);
    await stage.advance(10 * minute, () => settled(stage));
    stage.patch("Lease", claim, { spec: { holderIdentity: "b/two" } });
    await stage.advance(20_000);
    actors.clear();
    for (const object of tutorial.manifests())
      if (object.kind === "AoeVolume")
        stage.patch("AoeVolume", { namespace, name: object.metadata.name }, { spec: { bufferCount: 32 } });
    await stage.advance(30_000);
    expect([...actors]).toEqual([]);
    expect(lines.filter((line) => line.includes("is served by b/two"))).toHaveLength(1);
  });

  it("a claim whose Lease was deleted is made again", async () => {
    const { stage, holder } = twoReleases(["a/one"]);
    await stage.advance(10 * minute, () => settled(stage));
    stage.delete("Lease", claim);
    await stage.advance(30_000);
    expect(holder()).toBe("a/one");
  });

  it("go on cleaning up in a namespace that is being deleted, where the Lease is gone too", async () => {
    const { stage, actors } = twoReleases(["a/one", "b/two", "a/one"]);
    const first = stage.life;
    await stage.advance(2_000);
    stage.startOperator();
    const second = stage.life;
    await stage.advance(10 * minute, () => settled(stage));
    stage.apply({
      ...{ apiVersion: "v1", kind: "Namespace" },
      metadata: { namespace: "", name: namespace, finalizers: ["kubernetes"] },
    });
    stage.delete("Namespace", { namespace: "", name: namespace });
    stage.delete("Lease", claim);
    first.end();
    stage.startOperator();
    for (const { kind = "", metadata } of tutorial.manifests()) stage.delete(kind, { namespace, name: metadata.name });
    const left = () =>
      tutorial.manifests().filter(({ kind = "", metadata }) => stage.find(kind, { namespace, name: metadata.name }));
    await stage.advance(10 * minute, () => left().length === 0);
    expect(left()).toEqual([]);
    expect([...actors]).toEqual([first.name, stage.life.name]);
    second.end();
  });
});
