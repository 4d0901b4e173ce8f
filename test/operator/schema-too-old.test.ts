import { describe, expect, it } from "vitest";
import { KubeError } from "../../src/runtime/kube-api.ts";
import { aoeServer, aoeVolume, at, device, xenHost } from "../simulation/scenarios/objects.ts";
import { publishedSchema, withField } from "../unit/published-schema.ts";
import { commands, eventually, message, minutes, rig, volumeReady, word } from "./rig.ts";
import { migration, outcome, xenRig } from "./xen-rig.ts";

const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  xenHost("bella", 2212),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
];
const old = publishedSchema({ AoeVolume: withField("status.clients[].state", () => undefined) });
const said =
  "SchemaTooOld: the API server does not know AoeVolume status.clients[].state: its CustomResourceDefinitions are older than this operator, which does nothing until they match its release. Run kubectl apply --server-side --force-conflicts -f crds/";

describe("an operator that is newer than the definitions on the server", () => {
  it("asks no host, says which field is missing and what to do, and begins once they are upgraded", async () => {
    let document = old;
    const lines: string[] = [];
    const stage = rig({ objects, published: async () => document, log: (line) => lines.push(line) });
    const sent = commands(stage);
    await eventually(stage, () => volumeReady(stage, "data"), "Unknown/SchemaTooOld");
    await stage.advance(minutes(10));
    expect(sent).toEqual([]);
    expect(message(stage, "AoeVolume", "data", "Ready")).toBe(said);
    expect([word(stage, "AoeServer", "san", "Ready"), word(stage, "XenHost", "bella", "Ready")]).toEqual([
      "Unknown/SchemaTooOld",
      "Unknown/SchemaTooOld",
    ]);
    expect(stage.find("Secret", at("rack-ssh"))?.metadata).not.toHaveProperty("finalizers");
    const errors = lines.filter((line) => line.includes('"level":"error"') || line.includes('"level":50'));
    expect(errors.map((line) => JSON.parse(line).msg)).toEqual([said]);
    document = publishedSchema();
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
  });

  it("stops when an older definition takes the place of its own while it runs, and goes on after it", async () => {
    let document = publishedSchema();
    const stage = rig({ objects, published: async () => document });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    document = old;
    await eventually(stage, () => volumeReady(stage, "data"), "Unknown/SchemaTooOld");
    const sent = commands(stage);
    stage.rack.replaceMachine("san", "0123456789abcdef0123456789abcdef");
    await stage.advance(minutes(10));
    expect(sent).toEqual([]);
    document = publishedSchema();
    await eventually(stage, () => word(stage, "AoeServer", "san", "Reachable"), "False/MachineChanged");
  });

  it("says of a migration in every summary that nothing is done, and leaves the result of one that has ended", async () => {
    let document = publishedSchema();
    const stage = await xenRig({
      published: async () => document,
      objects: [migration("ended", { targetHostRef: { name: "brutus" } })],
    });
    await eventually(stage, () => outcome(stage, "ended"), "True/Succeeded", 5);
    document = old;
    await stage.advance(minutes(5));
    stage.apply(migration("waits", { targetHostRef: { name: "bella" } }));
    stage.life.end();
    stage.startOperator();
    const summaries = (name: string) =>
      ["Succeeded", "Ready", "Reconciling", "Stalled"].map((type) => word(stage, "XenMigration", name, type));
    await eventually(stage, () => summaries("waits"), [
      "Unknown/SchemaTooOld",
      "Unknown/SchemaTooOld",
      "True/SchemaTooOld",
      "absent/",
    ]);
    expect(summaries("ended")).toEqual(["True/Succeeded", "True/Succeeded", "absent/", "absent/"]);
  });

  it("leaves the objects alone that another operator serves", async () => {
    const stage = rig({ objects, published: async () => old, config: { claimAs: "two" } });
    stage.apply({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "san", name: "xensan-claim" },
      ...{ spec: { holderIdentity: "one", leaseDurationSeconds: 60, renewTime: "2026-01-01T00:00:00.000000Z" } },
    });
    await stage.advance(minutes(5));
    expect(volumeReady(stage, "data")).toBe("Unknown/Pending");
  });
});

describe("an operator that may not read what the server publishes", () => {
  it("says so once and works", async () => {
    const lines: string[] = [];
    const forbidden = () => Promise.reject(new KubeError(403, "Forbidden", "no /openapi/v3 for you"));
    const stage = rig({ objects, published: forbidden, log: (line) => lines.push(line) });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    await stage.advance(minutes(20));
    expect(lines.filter((line) => line.includes("no /openapi/v3 for you"))).toHaveLength(1);
  });

  it("waits while there is no answer", async () => {
    let answers = false;
    const stage = rig({
      objects,
      published: () =>
        answers
          ? Promise.resolve(publishedSchema())
          : Promise.reject(new KubeError(503, "ServiceUnavailable", "later")),
    });
    const sent = commands(stage);
    await stage.advance(minutes(2));
    expect(sent).toEqual([]);
    answers = true;
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
  });
});
