import { describe, expect, it } from "vitest";
import { runsTwice } from "../../../src/sim/model/executions.ts";
import { configurationText, name, uuid, xenStage } from "./xen-stage.ts";

describe("the record of who executed when", () => {
  it("tells a domain that runs on two hosts at once, and only that", async () => {
    const rack = await xenStage();
    await rack.start("bella");
    rack.rack.xen.createDomain("brutus", configurationText(), "Paused");
    expect(runsTwice(rack.rack.xen.executions())).toEqual([]);
    rack.pass(5);
    rack.rack.xen.unpauseDomain("brutus", name);
    const pairs = runsTwice(rack.rack.xen.executions());
    expect(pairs.map(([first, second]) => [first.uuid, first.host, second.host])).toEqual([[uuid, "bella", "brutus"]]);
  });

  it("lets one follow another at the same instant", async () => {
    const rack = await xenStage();
    await rack.start("bella");
    rack.rack.xen.createDomain("brutus", configurationText(), "Paused");
    rack.rack.xen.pauseDomain("bella", name);
    rack.rack.xen.unpauseDomain("brutus", name);
    expect(runsTwice(rack.rack.xen.executions())).toEqual([]);
  });
});
