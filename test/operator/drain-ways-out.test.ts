import { expect, it } from "vitest";
import type { RackFile } from "../../src/sim/rack-file.ts";
import { aoeServer, aoeVolume, at, device, ocfs2Cluster, xenDomain, xenHost } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import { domainHost, eventually, message, rig, word } from "./rig.ts";
import { migration, outcome, uuid } from "./xen-rig.ts";

const nodes = ["bella", "brutus"] as const;

/** The rack of two dom0s, of which brutus runs a Xen two versions younger. */
function upgraded(): RackFile {
  const rack = twoServers();
  const hosts = Object.entries(rack.hosts).map(
    ([name, one]) => [name, name === "brutus" ? { ...one, xen: { ...one.xen, version: "4.20.0" } } : one] as const,
  );
  return { ...rack, hosts: Object.fromEntries(hosts) };
}

const way = "a XenMigration of its XenDomain with mode Offline shuts the domain down and starts it on the target";

it.each([
  [
    "a PV guest without shadow paging",
    twoServers,
    { type: "PV" },
    "vm is a PV guest, and Xen on bella is built without",
  ],
  ["a target with a much newer Xen", upgraded, {}, "brutus runs Xen 4.20, bella runs 4.17"],
] as const)("a drain that %s blocks names the way out, and ends by it", async (_what, rack, spec, why) => {
  const host = (name: string, index: number) =>
    xenHost(name, 2212 + index, {
      relocation: {
        mode: "Enabled",
        address: `10.98.0.1${index + 2}`,
        allowedSourceHostRefs: nodes.filter((other) => other !== name).map((other) => ({ name: other })),
      },
    });
  const stage = rig({
    rack,
    objects: [
      aoeServer("san", 2210, ["/dev/vdb"]),
      ...nodes.map(host),
      aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
      ocfs2Cluster("xen", nodes),
      xenDomain("vm", nodes, { uuid, ...spec }),
    ],
  });
  await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready");
  expect(domainHost(stage, "vm")).toBe("bella");
  stage.patch("XenHost", at("bella"), { spec: { maintenance: "Drain" } });
  await eventually(stage, () => word(stage, "XenHost", "bella", "Drained"), "False/DrainBlocked", 10);
  const said = message(stage, "XenHost", "bella", "Drained");
  expect(said).toContain(why);
  expect(said).toContain(way);
  stage.apply(
    migration("go", {
      domain: undefined,
      domainRef: { name: "vm" },
      targetHostRef: { name: "brutus" },
      mode: "Offline",
    }),
  );
  await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 10);
  await eventually(stage, () => word(stage, "XenHost", "bella", "Drained"), "True/Drained", 10);
  expect(domainHost(stage, "vm")).toBe("brutus");
});
