import { describe, expect, it } from "vitest";
import { endHolder, leasesOn } from "../../src/sim/model/lease.ts";
import { resolve } from "../../src/sim/model/storage.ts";
import { missingLeases } from "../simulation/leases.ts";
import { at } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { allReady, domainSays, executing, image, otherOf, readiness, ready } from "./rack-story.ts";
import { commands, eventually, message, minutes, status, word } from "./rig.ts";

const home = (stage: Stage) => executing(stage)[0]?.split(" ")[0] ?? "";
const domainUuid = (stage: Stage) => stage.rack.xen.domains(home(stage))[0]?.configuration.uuid ?? "";
const imageOf = (stage: Stage, seenBy: string) => {
  const { node } = resolve(stage.rack.host(seenBy), image);
  if (node?.kind !== "File") throw new Error(`there is no file ${image} on ${seenBy}`);
  return node;
};
/** Hosts that hold a lease on the image of the domain. */
const holders = (stage: Stage, seenBy = "bella") =>
  leasesOn(imageOf(stage, seenBy))
    .map(({ host }) => host)
    .sort();

describe("the lease of a domain", () => {
  it("is held where it runs, and taken again when its holder is killed, while the domain stays Ready", async () => {
    const stage = await ready();
    const host = home(stage);
    expect([holders(stage), missingLeases(stage)]).toEqual([[host], []]);
    endHolder(stage.rack.world, stage.rack.host(host), domainUuid(stage));
    expect(holders(stage)).toEqual([]);
    const sent = commands(stage);
    await eventually(stage, () => holders(stage), [host]);
    await stage.advance(minutes(5));
    expect(sent.filter((line) => !/ probe$/.test(line))).toEqual([`${host} hold-lease`]);
    expect(readiness(stage)).toEqual(allReady);
  });

  it("is held by the target before the migration begins, and by nobody else after it", async () => {
    const stage = await ready();
    const from = home(stage);
    const to = otherOf(from);
    const atBegin: string[][] = [];
    stage.rack.subscribe((event) => {
      if (event.kind === "CommandBegun" && event.script === "start-migration") atBegin.push(holders(stage));
    });
    const sent = commands(stage);
    const words = new Set<string>();
    stage.rack.subscribe(() =>
      words.add(
        [
          domainSays(stage, "Ready"),
          domainSays(stage, "Running"),
          JSON.stringify(status(stage, "XenDomain", "vm-test").hostRef),
        ].join(" "),
      ),
    );
    stage.apply({
      apiVersion: "xensan.dev/v1alpha1",
      kind: "XenMigration",
      metadata: at("move"),
      spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: to } },
    } as never);
    await eventually(stage, () => word(stage, "XenMigration", "move", "Succeeded"), "True/Succeeded");
    await eventually(stage, () => holders(stage), [to]);
    expect(atBegin).toEqual([["bella", "brutus"]]);
    expect(sent.filter((line) => line.endsWith("-lease"))).toEqual([`${to} hold-lease`, `${from} end-lease`]);
    await eventually(stage, () => readiness(stage), allReady);
    // Nothing in between: its facts from before the end are not judged.
    expect([...words]).toEqual([
      `True/Ready True/Running {"name":"${from}"}`,
      `True/Ready True/Migrating {"name":"${from}"}`,
      `True/Ready True/Running {"name":"${to}"}`,
    ]);
  });

  it("of a host that is forgotten before the others have evicted it keeps the domain from starting, until they have", async () => {
    const stage = await ready();
    const host = home(stage);
    const other = otherOf(host);
    const uuid = domainUuid(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => executing(stage), []);
    await stage.advance(minutes(1));
    // The lease of a dead node that has not been evicted yet, as the lock manager of the survivors sees it.
    const file = imageOf(stage, other);
    file.leases = [{ host, bootId: "", uuid, node: 9, mode: "Shared", counts: () => true }];
    const sent = commands(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await eventually(stage, () => domainSays(stage, "Running"), "False/ImageLeased");
    expect(message(stage, "XenDomain", "vm-test", "Running")).toContain(
      `the lease of ${image} is held by a domain or a deletion; no lock file names it`,
    );
    expect(executing(stage)).toEqual([]);
    // Retried after growing pauses: 30 s, 60 s, 120 s, 240 s.
    const tries = () => sent.filter((line) => line.endsWith("start-domain")).length;
    await stage.advance(minutes(9));
    expect([tries(), domainSays(stage, "Running")]).toEqual([5, "False/ImageLeased"]);
    file.leases = [];
    await eventually(stage, () => domainSays(stage, "Ready"), "True/Ready");
    expect(tries()).toBe(6);
  });

  it("ends with the domain that is stopped, and with the one that is deleted", async () => {
    const stage = await ready();
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => executing(stage), []);
    await eventually(stage, () => holders(stage), []);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running", deletionPolicy: "Delete" } });
    await eventually(stage, () => domainSays(stage, "Ready"), "True/Ready");
    stage.delete("XenDomain", at("vm-test"));
    await eventually(stage, () => stage.find("XenDomain", at("vm-test")), undefined);
    expect(missingLeases(stage)).toEqual([]);
  });
});
