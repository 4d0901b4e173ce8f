import { describe, expect, it } from "vitest";
import { quantityBytes } from "../../src/api/quantity.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { aoeServer, at, sharedFilesystem, xenDomain, xenHost } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import { objectAt } from "../simulation/world/kube/json.ts";
import { eventually, minutes, rig, status, word } from "./rig.ts";
import { migration, outcome, xenRig } from "./xen-rig.ts";

/** The series of a family as a scrape returns them: `labels value`. */
async function series(metrics: Metrics, family: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`xensan_${family}{`))
    .map((line) => line.slice(`xensan_${family}`.length))
    .sort();
}

const nodes = ["bella", "brutus"];

describe("the metrics of a rack at work", () => {
  it("tell size, clients, file systems, heartbeats, memory and processor time by object", async () => {
    const metrics = createMetrics();
    const objects = [...sharedFilesystem(nodes), xenDomain("vm", nodes)];
    const stage = rig({ rack: twoServers, objects, metrics });
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready");
    await stage.advance(minutes(2));
    const host = String(objectAt(status(stage, "XenDomain", "vm"), "hostRef").name);
    const volume = status(stage, "AoeVolume", "data");
    const { namespace } = at("data");
    const filesystem = `filesystem="data"`;
    expect(await series(metrics, "volume_size_bytes")).toEqual([
      `{namespace="${namespace}",name="data"} ${quantityBytes(String(volume.size))}`,
    ]);
    expect(await series(metrics, "volume_clients")).toEqual([
      `{namespace="${namespace}",name="data",state="Attached"} 2`,
    ]);
    expect(await series(metrics, "filesystem_nodes")).toEqual([
      `{namespace="${namespace}",name="xen",${filesystem},state="Mounted"} 2`,
    ]);
    expect(await series(metrics, "filesystem_heartbeats")).toEqual(
      nodes.map((node) => `{namespace="${namespace}",name="xen",${filesystem},host="${node}"} 2`),
    );
    expect((await series(metrics, "probe_age_seconds")).map((line) => line.replace(/[^}]*$/, ""))).toEqual([
      `{kind="AoeServer",namespace="${namespace}",name="san"}`,
      ...nodes.map((node) => `{kind="XenHost",namespace="${namespace}",name="${node}"}`),
    ]);
    expect((await series(metrics, "host_memory_bytes")).length).toBe(2);
    const domain = `{namespace="${namespace}",name="vm",host="${String(host)}"}`;
    expect(await series(metrics, "domain_memory_bytes")).toEqual([expect.stringContaining(`${domain} `)]);
    expect(await series(metrics, "domain_cpu_seconds")).toEqual([expect.stringContaining(`${domain} `)]);
    expect(await series(metrics, "domain_restarts_total")).toEqual([`{namespace="${namespace}",name="vm"} 0`]);
    expect(await series(metrics, "object_condition")).toContain(
      `{kind="XenDomain",namespace="${namespace}",name="vm",type="Ready",status="True",reason="Ready"} 1`,
    );
  });

  it("have one series per condition of an object, and none of an object that is gone", async () => {
    const metrics = createMetrics();
    const stage = rig({ objects: [aoeServer("san", 2210, ["/dev/vdb"]), xenHost("bella", 2212)], metrics });
    await eventually(stage, () => word(stage, "XenHost", "bella", "Ready"), "True/Ready");
    const conditions = async () => {
      const all = await series(metrics, "object_condition");
      return all.flatMap((line) => /name="(\w+)",type="(\w+)"/.exec(line)?.slice(1).join(" ") ?? []);
    };
    const before = await conditions();
    expect(new Set(before).size).toBe(before.length);
    expect(before).toContain("bella Reachable");
    stage.delete("XenHost", at("bella"));
    await eventually(stage, () => stage.find("XenHost", at("bella")), undefined);
    await stage.advance(minutes(1));
    expect((await conditions()).filter((one) => one.startsWith("bella"))).toEqual([]);
    expect(await series(metrics, "probe_age_seconds")).toEqual([expect.stringContaining(`name="san"`)]);
  });

  it("tell how old the last successful probe of a host is while it does not answer, and nothing before the first", async () => {
    const metrics = createMetrics();
    const stage = rig({
      ...{ objects: [aoeServer("san", 2210, ["/dev/vdb"]), xenHost("bella", 2212)], metrics },
      prepare: ({ rack }) => rack.powerOff("bella"),
    });
    await eventually(stage, () => word(stage, "AoeServer", "san", "Ready"), "True/Ready");
    await eventually(stage, () => word(stage, "XenHost", "bella", "Reachable"), "False/Unreachable");
    stage.rack.powerOff("san");
    await eventually(stage, () => word(stage, "AoeServer", "san", "Reachable"), "False/Unreachable");
    await stage.advance(minutes(20));
    const [age, ...others] = await series(metrics, "probe_age_seconds");
    expect([age, others]).toEqual([expect.stringContaining(`kind="AoeServer"`), []]);
    expect(Number(age?.split(" ")[1])).toBeGreaterThan(20 * 60);
  });

  it("count a migration once, by its outcome, with the seconds that it took", async () => {
    const metrics = createMetrics();
    const stage = await xenRig({ metrics, objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    await stage.advance(minutes(1));
    const { startTime, completionTime } = status(stage, "XenMigration", "go");
    const seconds = (Date.parse(String(completionTime)) - Date.parse(String(startTime))) / 1000;
    expect(await series(metrics, "migration_seconds_count")).toEqual([
      '{outcome="Aborted"} 0',
      '{outcome="Failed"} 0',
      '{outcome="Succeeded"} 1',
    ]);
    expect(await series(metrics, "migration_seconds_sum")).toContain(`{outcome="Succeeded"} ${seconds}`);
  });
});
