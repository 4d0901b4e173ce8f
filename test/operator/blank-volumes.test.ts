import { describe, expect, it } from "vitest";
import { aoeServer, aoeVolume, at, logicalVolume, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, exportsOf, message, minutes, rig, status, volumeReady, word } from "./rig.ts";

const volume = (size: string, rest: object = { deletionPolicy: "Delete" }) =>
  aoeVolume("data", "san", [0, 3], logicalVolume("data", size), ["bella"], rest);
/** A GiB takes a minute to fill with zeros. */
const slow = (size: string): Stage => {
  const stage = rig({ objects: [aoeServer("san", 2210, ["san/data"]), xenHost("bella", 2212), volume(size)] });
  Object.assign(stage.rack.world.timings, { blankGibibyte: 60_000 });
  return stage;
};
const volumesOf = (stage: Stage) => [...(stage.rack.host("san").volumeGroups.get("san")?.volumes.keys() ?? [])].sort();
const told = (stage: Stage) => message(stage, "AoeVolume", "data", "Exported");
const blanking = /; the new part of \/dev\/san\/data is being filled with zeroes, [1-9][0-9]?% so far/;
const begun = (stage: Stage) => eventually(stage, () => blanking.test(told(stage)), true);

describe("what is new of a logical volume", () => {
  it("is served only once it is filled with zeroes, and says how far that is", async () => {
    const stage = slow("2Gi");
    await begun(stage);
    expect([exportsOf(stage, "san"), volumesOf(stage)]).toEqual([[], ["data.xensan-new"]]);
    expect(word(stage, "AoeVolume", "data", "Exported")).toBe("False/Progressing");
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect([exportsOf(stage, "san"), volumesOf(stage)]).toEqual([["e0.3 eth1 /dev/san/data"], ["data"]]);
  });

  it("is begun anew after a power cut, and never served before it is blank", async () => {
    const stage = slow("2Gi");
    await begun(stage);
    stage.rack.reset("san");
    await begun(stage);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(stage.violations).toEqual([]);
  });

  it("is made blank beside the volume that it is for, which is served meanwhile", async () => {
    const stage = slow("512Mi");
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.apply(volume("2Gi"));
    await begun(stage);
    expect([word(stage, "AoeVolume", "data", "Exported"), volumeReady(stage, "data"), exportsOf(stage, "san")]).toEqual(
      ["True/Progressing", "False/Progressing", ["e0.3 eth1 /dev/san/data"]],
    );
    expect(status(stage, "AoeVolume", "data").size).toBe("512Mi");
    await eventually(stage, () => [volumeReady(stage, "data"), status(stage, "AoeVolume", "data").size], [
      "True/Ready",
      "2Gi",
    ]);
    expect(volumesOf(stage)).toEqual(["data"]);
  });

  it("goes with its object", async () => {
    const stage = slow("2Gi");
    await begun(stage);
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined);
    await stage.advance(minutes(5));
    expect(volumesOf(stage)).toEqual([]);
  });

  it("is of the size that is wanted in the end", async () => {
    const stage = slow("2Gi");
    await begun(stage);
    stage.apply(volume("1Gi"));
    await eventually(stage, () => [volumeReady(stage, "data"), status(stage, "AoeVolume", "data").size], [
      "True/Ready",
      "1Gi",
    ]);
  });
});
