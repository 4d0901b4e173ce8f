import { readFileSync } from "node:fs";
import { describe, expect, it, type TestContext } from "vitest";
import { loadRack, tutorialRack } from "../../../src/sim/rack-file.ts";
import { ocfs2Life } from "../../contract-hosts/ocfs2-life.ts";
import { playSimulated } from "../../contract-hosts/play.ts";
import { rackLife } from "../../contract-hosts/rack-life.ts";
import {
  normalise,
  ofClusters,
  ofDomains,
  ofRacks,
  ofServers,
  type Recording,
  recordingSchema,
} from "../../contract-hosts/recording.ts";
import { contractRack, type Init, serverLife } from "../../contract-hosts/server-life.ts";
import { xenLife } from "../../contract-hosts/xen-life.ts";

/** The recorded answers of real machines; `npm run contract -- NAME` records them again. */
function recorded(name: string): Recording {
  const file = new URL(`../../fixtures/contract/${name}.json`, import.meta.url);
  return recordingSchema.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** A recording of other commands than today's cannot be compared. */
function requireCurrent(context: TestContext, name: string, simulated: Recording): void {
  const asked = (recording: Recording) =>
    JSON.stringify(normalise(recording, []).map(({ host, script, args }) => [host, script, args]));
  if (asked(recorded(name)) === asked(simulated)) return;
  context.skip(`${name}.json was recorded with other commands: record it anew with npm run contract -- ${name}`);
}

/** The rack answers the steps of a life as the real machines did. */
function expectTheSame(context: TestContext, name: string, simulated: Recording, sections: readonly string[]): void {
  requireCurrent(context, name, simulated);
  expect(normalise(simulated, sections)).toEqual(normalise(recorded(name), sections));
}

describe.each<Init>(["systemd", "sysvinit"])("the rack and a real %s machine", (init) => {
  it("give the same answers to a server's eventful life", async (context) => {
    const simulated = await playSimulated(serverLife, contractRack(init));
    expectTheSame(context, init, simulated, ofServers);
  });
});

describe("the rack and a real server and dom0 with AoE in their kernels", () => {
  it("give the same answers from bare hosts to trouble and back", async (context) => {
    const simulated = await playSimulated(rackLife, loadRack(tutorialRack));
    expectTheSame(context, "lab", simulated, ofRacks);
  });
});

describe("the rack and two real dom0s that share an OCFS2", () => {
  it("lives from an export to a mount and back", async () => {
    const simulated = await playSimulated(ocfs2Life, loadRack(tutorialRack));
    expect(simulated.filter(({ exitCode }) => ![0, 3].includes(exitCode))).toEqual([]);
  });

  it("give the same answers", async (context) => {
    const simulated = await playSimulated(ocfs2Life, loadRack(tutorialRack));
    expectTheSame(context, "ocfs2", simulated, ofClusters);
  });
});

describe("the rack and two real dom0s under Xen", () => {
  it("lives from a shared file system to a domain that has moved and is gone", async () => {
    const simulated = await playSimulated(xenLife, loadRack(tutorialRack));
    expect(simulated.filter(({ exitCode }) => ![0, 3].includes(exitCode))).toEqual([]);
  });

  it("give the same answers", async (context) => {
    const simulated = await playSimulated(xenLife, loadRack(tutorialRack));
    expectTheSame(context, "xen", simulated, ofDomains);
  });
});
