import { expect, it } from "vitest";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { keySecret } from "../simulation/scenarios/objects.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import { conditionOf, type Stage } from "../simulation/stage.ts";
import { objectAt } from "../simulation/world/kube/json.ts";
import { eventually, rig } from "./rig.ts";

/** The SAN server in one namespace, a dom0 in another. */
function twoNamespaces(): { stage: Stage; lines: string[] } {
  const lines: string[] = [];
  const moved = (kind: string, name: string, namespace: string) =>
    tutorialObjects([kind])
      .filter(({ metadata }) => metadata.name === name)
      .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
  const stage = rig({
    ...{ rack: () => loadRack(tutorialRack), config: { claimAs: "a/one" }, log: (line: string) => lines.push(line) },
    objects: [
      { ...keySecret, metadata: { namespace: "xen", name: "rack-ssh" } },
      ...moved("AoeServer", "san", "san"),
      ...moved("XenHost", "bella", "xen"),
    ],
  });
  return { stage, lines };
}

const server = { kind: "AoeServer", namespace: "san", name: "san" };
const host = { kind: "XenHost", namespace: "xen", name: "bella" };
const prepared = (stage: Stage) => [
  conditionOf(stage.find("AoeServer", server), "Prepared").status,
  conditionOf(stage.find("XenHost", host), "AoeReady").status,
];
const claim = (namespace: string) => ({ namespace, name: "xensan-claim" });
const renewals = (stage: Stage, namespace: string) =>
  objectAt(stage.find("Lease", claim(namespace)) ?? {}, "spec").renewTime;
/** How each installation on a host ended from here on: its exit code, or that it was called off. */
const installations = (stage: Stage, from: number) =>
  stage.rack.events
    .slice(from)
    .flatMap((event) =>
      event.kind === "CommandEnded" && event.script === "install-packages"
        ? [`${event.host} ${event.exitCode === undefined ? "called off" : event.exitCode}`]
        : [],
    );

it("the claim of one namespace that is lost ends what was begun there, and nothing anywhere else", async () => {
  const { stage, lines } = twoNamespaces();
  await eventually(stage, () => prepared(stage), ["True", "True"]);
  // Right after a renewal: the next one, which notices the loss, comes in ten seconds.
  const before = renewals(stage, "san");
  await stage.advance(15_000, () => renewals(stage, "san") !== before);
  await stage.advance(5_000);
  const from = stage.rack.events.length;
  stage.rack.host("san").packages.delete("vblade");
  stage.rack.host("bella").packages.delete("aoetools");
  for (const { kind, ...key } of [server, host])
    stage.patch(kind, key, { metadata: { annotations: { "xensan.dev/reconcile-at": "now" } } });
  stage.patch("Lease", claim("san"), { spec: { holderIdentity: "b/two" } });
  await stage.advance(30_000);
  expect(installations(stage, from)).toEqual(["san called off", "bella 0"]);
  expect(lines.filter((line) => line.includes("is served by b/two"))).toHaveLength(1);

  // The other release is gone: its unfinished work is done.
  await eventually(stage, () => installations(stage, from), ["san called off", "bella 0", "san 0"], 3);
  await eventually(stage, () => prepared(stage), ["True", "True"]);
  expect(objectAt(stage.find("Lease", claim("san")) ?? {}, "spec").holderIdentity).toBe("a/one");
});
