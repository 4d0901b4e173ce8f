import { describe, expect, it } from "vitest";
import {
  aoeServer,
  aoeVolume,
  at,
  device,
  keySecret,
  type Manifest,
  sharedFilesystem,
  xenHost,
} from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, exportsOf, minutes, rig, status, volumeReady, word } from "./rig.ts";
import { dom0, migration, outcome, seen, xenRig } from "./xen-rig.ts";

/** The machine reports the machine-id of another one, as a cloned image or a hostile host does. */
const cloned = (stage: Stage, name: string, original: string) =>
  stage.rack.replaceMachine(name, stage.rack.host(original).machineId);

const elsewhere = (object: Manifest): Manifest => ({
  ...object,
  metadata: { ...object.metadata, namespace: "other" },
});

describe("a host that reports the machine-id of another one", () => {
  it("in another namespace, where it is only observed, keeps nobody from changing the other one", async () => {
    const stage = rig({
      objects: [
        elsewhere(keySecret),
        elsewhere(xenHost("twin", 2213, { management: "Observe" })),
        aoeServer("san", 2210, ["/dev/vdb"]),
        xenHost("bella", 2212),
        aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
      ],
      prepare: (before) => cloned(before, "brutus", "bella"),
    });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready", 5);
  });

  it("in the same namespace keeps nobody from it either, once the looks have shown two machines", async () => {
    const stage = rig({
      objects: [
        xenHost("brutus", 2213, { management: "Observe" }),
        aoeServer("san", 2210, ["/dev/vdb"]),
        xenHost("bella", 2212),
        aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
      ],
      prepare: (before) => cloned(before, "brutus", "bella"),
    });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready", 5);
    stage.rack.reset("brutus");
    await stage.advance(minutes(5));
    expect(volumeReady(stage, "data")).toBe("True/Ready");
  });

  it("is another target: a domain moves there", async () => {
    const stage = await xenRig({ prepare: (before) => cloned(before, "brutus", "bella") });
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: ["vm-test"], caesar: [] });
  });

  it("is another node of its cluster", async () => {
    const stage = rig({
      objects: sharedFilesystem(["bella", "brutus"]),
      prepare: (before) => cloned(before, "brutus", "bella"),
    });
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
  });

  it("has other disks, in whatever namespace", async () => {
    const stage = rig({
      objects: [
        elsewhere(keySecret),
        elsewhere(aoeServer("twin", 2211, ["/dev/vdb"])),
        elsewhere(aoeVolume("data", "twin", [7, 7], device("/dev/vdb"), [])),
        aoeServer("san", 2210, ["/dev/vdb"]),
        xenHost("bella", 2212),
      ],
      prepare: (before) => cloned(before, "oldie", "san"),
    });
    await stage.advance(minutes(1));
    stage.apply(aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]));
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  });
});

describe("one machine under two XenHosts", () => {
  it("is one target: a domain that runs there does not move to it", async () => {
    const again: Manifest = dom0("bella");
    const { ssh } = again.spec as { ssh: object };
    // Another Secret makes it another endpoint.
    const privateKeySecretRef = { name: "second" };
    const spec = { ...(again.spec as object), ssh: { ...ssh, privateKeySecretRef } };
    const stage = await xenRig();
    stage.apply({ ...keySecret, metadata: at("second") });
    const twin: Manifest = { ...again, metadata: at("twin"), spec };
    stage.apply(twin);
    await eventually(stage, () => word(stage, "XenHost", "twin", "Reachable"), "True/Reachable");
    expect(status(stage, "XenHost", "twin").machineID).toBe(stage.rack.host("bella").machineId);
    stage.apply(migration("go", { sourceHostRef: { name: "bella" }, targetHostRef: { name: "twin" } }));
    await eventually(stage, () => word(stage, "XenMigration", "go", "Admitted"), "False/AlreadyThere", 5);
    expect(seen(stage)).toEqual({ bella: ["vm-test"], brutus: [], caesar: [] });
  });
});
