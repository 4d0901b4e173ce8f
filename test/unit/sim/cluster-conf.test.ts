import { describe, expect, it } from "vitest";
import { type ClusterRequest, clusterOnline, configureCluster } from "../../../src/host/ocfs2-actions.ts";
import { loadDriver } from "../../../src/sim/model/aoe-driver.ts";
import { overwrite } from "../../../src/sim/model/content.ts";
import { createVolume } from "../../../src/sim/model/ocfs2-volume.ts";
import { startVblade } from "../../../src/sim/model/vblade.ts";
import { createRack } from "../../../src/sim/rack.ts";
import { scaleRack } from "../../../src/sim/scale.ts";
import { clusterFacts, clusterRequest, device, exportedStage, rackWith, uuid } from "./cluster-stage.ts";
import { known } from "./tutorial.ts";

const conf = "/etc/ocfs2/cluster.conf";

describe("a cluster.conf that is there already", () => {
  it("is taken over when it says the same in other words", async () => {
    const stage = await exportedStage();
    await stage.act("bella", configureCluster(clusterRequest));
    const text = stage.rack.readFile("bella", conf) ?? "";
    stage.rack.writeFile("brutus", conf, text.replace(/^# xensan.*\n/, "# by hand\n"));
    expect(await stage.act("brutus", configureCluster(clusterRequest))).toEqual({ kind: "done", detail: "configured" });
  });

  it.each([
    ["another owner", "# xensan: san/other 9f\n", "was written for san/other"],
    ["somebody's own", "", "exists, was not written by xensan and has other contents: cluster mine"],
  ])("is left alone when it is %s", async (_what, mark, words) => {
    const stage = await exportedStage();
    const text = `${mark}cluster:\n\tname = mine\n\theartbeat_mode = local\n\tnode_count = 0\n`;
    stage.rack.writeFile("bella", conf, text);
    expect(await stage.act("bella", configureCluster(clusterRequest))).toMatchObject({
      reason: "ForeignCluster",
      message: expect.stringContaining(words),
    });
    expect(stage.rack.readFile("bella", conf)).toBe(text);
  });

  it("is told as unreadable without a node_count", async () => {
    const stage = await exportedStage();
    stage.rack.writeFile("bella", conf, "cluster:\n\tname = mine\n");
    expect(known((await clusterFacts(stage, "bella")).o2cb).configuration).toEqual({
      state: "Unreadable",
      why: "a cluster has no node_count",
    });
  });
});

describe("a global heartbeat", () => {
  it("runs without a mount, on the devices that cluster.conf names", async () => {
    const stage = await exportedStage({ file: rackWith({ signature: "ocfs2" }) });
    const found = stage.rack.ocfs2.superblockOf("bella", device)?.uuid ?? "";
    const region = found.replaceAll("-", "").toUpperCase();
    const request = { ...clusterRequest, heartbeatMode: "Global", regions: [{ uuid: found, device }] } as const;
    await stage.act("bella", configureCluster(request));
    expect(await stage.act("bella", clusterOnline(request))).toEqual({ kind: "done", detail: "online" });
    expect(known((await clusterFacts(stage, "bella")).o2cb).active).toMatchObject({
      heartbeatMode: "Global",
      regions: [{ uuid: region, device }],
      liveNodes: [0],
    });
    const refused = async (regions: ClusterRequest["regions"]) => {
      await stage.act("bella", configureCluster({ ...request, regions }));
      return await stage.act("bella", clusterOnline({ ...request, regions }));
    };
    const other = uuid.replaceAll("-", "").toUpperCase();
    expect(await refused([{ uuid, device }])).toMatchObject({
      reason: "ClusterOffline",
      message: `no heartbeat on ${other}: ${device} does not hold the OCFS2 ${other}`,
    });
    expect(await refused([{ uuid, device: "/dev/etherd/e7.7" }])).toMatchObject({
      message: `no heartbeat on ${other}: /dev/etherd/e7.7 is no block device`,
    });
    expect(await refused([{ uuid, device: undefined }])).toMatchObject({
      message: `no heartbeat on ${other}: its device is unknown`,
    });
  });
});

describe("a hundred hosts with one file system", () => {
  it("cost nothing while nothing happens", () => {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now, random: () => 0.5, sleep: () => Promise.resolve() };
    const rack = createRack(scaleRack({ servers: 1, dom0s: 100, packages: "Installed" }), { clock });
    const san = rack.host("san-1");
    for (const name of rack.hosts.keys()) rack.setInterface(name, "eth1", "Up");
    startVblade(rack.world, san, ["0", "1", "eth1", "/dev/vdb"], { by: "None", instance: "" });
    const nodes = [...rack.hosts.keys()]
      .slice(1)
      .map((name, number) => ({ number, name, address: `10.0.0.${number}`, port: 7777 }));
    const disk = [...san.blocks.values()].find(({ path }) => path === "/dev/vdb");
    if (disk === undefined) throw new Error("no vdb");
    const sizeBytes = disk.sizeBytes;
    const volume = createVolume({
      uuid,
      label: "DATA",
      cluster: "labclus",
      globalHeartbeat: false,
      nodeSlots: 100,
      sizeBytes,
    });
    overwrite(disk.content, { signature: "ocfs2", uuid, label: "DATA", ocfs2: volume });
    for (const { name } of nodes) {
      const host = rack.host(name);
      loadDriver(rack.world, host, new Map());
      host.running.o2cb.cluster = {
        name: "labclus",
        heartbeatMode: "Local",
        fenceMethod: "Reset",
        threshold: 31,
        idle: 30_000,
        keepalive: 2000,
        reconnect: 2000,
        nodes: new Map(nodes.map((node) => [node.number, { ...node, local: node.name === name }])),
      };
    }
    const pass = (seconds: number) => {
      now += seconds * 1000;
      rack.settle();
    };
    pass(5);
    for (const { name } of nodes) rack.ocfs2.mount(name, device, "/srv");
    pass(30);
    expect(nodes.filter(({ name }) => rack.ocfs2.mountsOf(name).length === 1)).toHaveLength(100);
    const before = process.cpuUsage().user;
    pass(3600);
    expect((process.cpuUsage().user - before) / 1000).toBeLessThan(2000);
    rack.powerOff("san-1");
    pass(600);
    expect(rack.events.filter((event) => event.kind === "NodeFenced")).toHaveLength(100);
  });
});
