import { describe, expect, it } from "vitest";
import type { Ocfs2Cluster } from "../../../../src/api/kinds.ts";
import { nodeClusters } from "../../../../src/controllers/gone/node-clusters.ts";
import { type HostView, pending } from "../../../../src/controllers/hosts/view.ts";
import type { World } from "../../../../src/controllers/world.ts";
import { known, reachable, unreachable } from "../facts.ts";
import { clusterConf, o2cb } from "../ocfs2-cluster/observations.ts";

const key = { namespace: "san", name: "brutus" };

/** Both list brutus, and have it in `status.nodes`; `mounted`: the status says that it had a file system mounted. */
const cluster = (name: string, created: string, mounted?: { readonly state: string; readonly bootID?: string }) =>
  ({
    metadata: { namespace: "san", name, creationTimestamp: created },
    status: {
      nodes: [{ hostRef: { name: "brutus" }, number: 1 }],
      filesystems: [{ label: "DATA", nodes: [{ hostRef: { name: "brutus" }, state: "Unknown", ...mounted }] }],
    },
  }) as unknown as Ocfs2Cluster;

const marked = (owner: string): HostView => reachable({ o2cb: known(o2cb({ configuration: clusterConf({ owner }) })) });

function counting(clusters: readonly Ocfs2Cluster[], view: HostView | undefined, asking?: string): string[] {
  const world = {
    stores: { clusters: { byIndex: () => clusters } },
    machines: { of: () => view && { agent: { view } } },
  } as unknown as World;
  const asks = asking === undefined ? undefined : { namespace: "san", name: asking };
  return nodeClusters(world, key, asks).map(({ metadata }) => metadata.name);
}

const [old, young] = [cluster("old", "2026-01-01T00:00:00Z"), cluster("young", "2026-01-02T00:00:00Z")];
const had = (one: Ocfs2Cluster) =>
  cluster(one.metadata.name, one.metadata.creationTimestamp ?? "", { state: "Unknown", bootID: "b1" });

describe("the clusters that may prove a host dead", () => {
  it.each([
    ["the one that the host names, also if it is younger", [old, young], marked("san/young u1"), ["young"]],
    ["the older one, without a word of the host and with a lost status", [young, old], unreachable, ["old"]],
    ["the older one, if the host names a cluster that does not list it", [old, young], marked("san/gone u1"), ["old"]],
    ["the one that had its file system mounted there, if the host says nothing", [old, had(young)], pending, ["young"]],
    [
      "both, if the host names one and the other had its file system mounted there",
      [had(old), young],
      marked("san/young u1"),
      ["old", "young"],
    ],
    ["the only one", [young], unreachable, ["young"]],
    ["all, of a host without a machine", [old, young], undefined, ["old", "young"]],
  ] as const)("are %s", (_which, clusters, view, expected) => {
    expect(counting(clusters, view)).toEqual(expected);
  });

  it("include the one that asks for its own sake", () => {
    expect(counting([old, young], unreachable, "young")).toEqual(["old", "young"]);
  });
});
