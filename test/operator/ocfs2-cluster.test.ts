import { describe, expect, it } from "vitest";
import { aoeServer, aoeVolume, device, ocfs2Cluster, xenHost } from "../simulation/scenarios/objects.ts";
import { commands, eventually, message, minutes, rig, status, word } from "./rig.ts";

const nodes = ["bella", "brutus", "caesar"];
const rack = (count: number) => [
  aoeServer("san", 2210, ["/dev/vdb"]),
  ...nodes.slice(0, count).map((name, index) => xenHost(name, 2212 + index)),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes.slice(0, count)),
];

/** Whether an Ocfs2Cluster sends this command. */
const isOurs = (line: string) => /(cluster|filesystem|online|slots)$/.test(line);

describe("a cluster of bare dom0s and one volume", () => {
  for (const count of [2, 3])
    it(`becomes the same file system on ${count} nodes`, async () => {
      const stage = rig({ objects: [...rack(count), ocfs2Cluster("xen", nodes.slice(0, count))] });
      const sent = commands(stage);
      await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
      expect(sent.filter((line) => line.endsWith("format-filesystem"))).toHaveLength(1);
      expect(message(stage, "Ocfs2Cluster", "xen", "Mounted")).toBe(
        `/srv/xen mounted on ${nodes.slice(0, count).join(", ")}, now and after a reboot`,
      );
      const before = sent.filter(isOurs).length;
      await stage.advance(minutes(10));
      expect(sent.filter(isOurs).slice(before)).toEqual([]);
      expect(word(stage, "Ocfs2Cluster", "xen", "Ready")).toBe("True/Ready");
      expect(status(stage, "Ocfs2Cluster", "xen")).toMatchObject({
        nodes: nodes.slice(0, count).map((name) => ({ hostRef: { name }, state: "Online" })),
      });
    });
});
