import { loadRack, tutorialRack } from "../../../src/sim/rack-file.ts";
import type { Scenario } from "../stage.ts";
import { conditionOf, type Stage } from "../stage.ts";
import { isObject, type Json, objectAt } from "../world/kube/json.ts";
import { missingEverywhere, nameOf, objects } from "./ground-truth.ts";
import { keySecret } from "./objects.ts";
import { tutorialObjects } from "./tutorial.ts";

export const cluster: Scenario = {
  name: "cluster",
  share: 0.2,
  says: "the cluster of examples/tutorial: two bare dom0s and one volume become one OCFS2 on both",
  rack: () => loadRack(tutorialRack),
  manifests: () => [
    keySecret,
    ...tutorialObjects(["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster"]).filter(
      ({ metadata }) => metadata.name !== "scratch",
    ),
  ],
  missing: (stage) => [...missingEverywhere(stage), ...missingInClusters(stage)],
};

/** Where an Ocfs2Cluster is not Ready, or differs from the rack. */
export function missingInClusters(stage: Stage): string[] {
  return objects(stage, "Ocfs2Cluster").flatMap((object) => {
    const name = `Ocfs2Cluster/${nameOf(object)}`;
    const ready = conditionOf(object, "Ready");
    // mkfs was interrupted: a user must decide, and until then nothing may happen.
    if (ready.reason === "FormatInterrupted" && wasCutOff(stage)) return [];
    if (ready.status !== "True") return [`${name} has Ready=${ready.status} (${ready.reason}: ${ready.message})`];
    return untrue(stage, object).map((what) => `${name}: ${what}`);
  });
}

function wasCutOff(stage: Stage): boolean {
  const begun = stage.rack.events.filter(({ kind }) => kind === "FormatBegun").length;
  const done = [...stage.rack.hosts.values()].some((host) =>
    [...host.rootFileSystem.nodes].some(
      ([path, node]) =>
        path.startsWith("/var/lib/xensan/formats/") && node.kind === "File" && /\bdone\b/i.test(node.text ?? ""),
    ),
  );
  return begun === 1 && !done;
}

function untrue(stage: Stage, object: Parameters<typeof nameOf>[0]): string[] {
  const spec = objectAt(object, "spec");
  const status = objectAt(object, "status");
  return list(spec.filesystems).flatMap((filesystem) => {
    if (!isObject(filesystem)) return [];
    const entry = list(status.filesystems)
      .filter(isObject)
      .find(({ label }) => label === filesystem.label);
    if (entry?.uuid === undefined) return [`no UUID is recorded for ${String(filesystem.label)}`];
    return list(spec.nodes).flatMap((node) => {
      const host = isObject(node) ? String(objectAt(node, "hostRef").name) : "";
      const mounts = stage.rack.host(host).running.o2cb.mounts;
      const right = mounts.some(({ mountPoint, uuid }) => mountPoint === filesystem.mountPoint && uuid === entry.uuid);
      return right ? [] : [`${host} has not mounted ${String(entry.uuid)} on ${String(filesystem.mountPoint)}`];
    });
  });
}

const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
