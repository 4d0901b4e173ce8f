import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settleMigration } from "../../../src/host/migration-actions.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";
type Action = Parameters<typeof settleMigration>[0]["action"];

describe.each(shells)("a leftover of a migration, settled in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
  });
  afterEach(() => dom0.end());
  const settle = (action: Action) => dom0.act(settleMigration({ uuid, name: "vm2", action }));

  it("destroys a copy that arrived, is paused and never ran", () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0], [8, "twin", other, "-b----", 4.5]);
    expect(settle("DestroyIncoming")).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.listed()).toEqual(["twin -b----"]);
    expect(settle("DestroyIncoming")).toEqual({ kind: "done", detail: "unchanged" });
    expect(dom0.calls()).toEqual(["destroy 7"]);
  });

  it("destroys one that has no name yet", () => {
    dom0.domains([7, "(null)", uuid, "--p---", 0]);
    expect(settle("DestroyIncoming")).toEqual({ kind: "done", detail: "destroyed" });
  });

  it.each<[string, Action, [string, string, number]]>([
    ["runs", "DestroyIncoming", ["vm2--incoming", "-b----", 0]],
    ["has run", "DestroyIncoming", ["vm2--incoming", "--p---", 0.3]],
    ["has its final name", "DestroyIncoming", ["vm2", "--p---", 0]],
    ["has another name", "DestroyIncoming", ["vm3--incoming", "--p---", 0]],
    ["runs again", "DestroyMigratedAway", ["vm2--migratedaway", "-b----", 20]],
    ["was shut down, not suspended", "DestroyMigratedAway", ["vm2--migratedaway", "---s--", 20]],
    ["crashed", "DestroyMigratedAway", ["vm2--migratedaway", "---sc-", 20]],
    ["was not sent", "DestroyMigratedAway", ["vm2", "---ss-", 20]],
    ["has run", "StartIncoming", ["vm2--incoming", "--p---", 7]],
    ["is suspended", "StartIncoming", ["vm2--incoming", "---ss-", 0]],
    ["is paused", "ResumeSource", ["vm2", "--p---", 20]],
    ["has ended", "ResumeSource", ["vm2", "---s--", 20]],
    ["arrived", "ResumeSource", ["vm2--incoming", "---ss-", 20]],
  ])("touches nothing that %s (%s)", (_why, action, [name, state, seconds]) => {
    dom0.write("help", " resume                Resume a domain\n");
    dom0.domains([7, name, uuid, state, seconds]);
    expect(settle(action)).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
    expect(dom0.calls()).toEqual([]);
  });

  it("destroys what was sent once it is suspended", () => {
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20]);
    expect(settle("DestroyMigratedAway")).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.calls()).toEqual(["destroy 3"]);
  });

  it("gives the copy that arrived its name and lets it run", () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    expect(settle("StartIncoming")).toEqual({ kind: "done", detail: "started" });
    expect(dom0.listed()).toEqual(["vm2 -b----"]);
    expect(settle("StartIncoming")).toEqual({ kind: "done", detail: "unchanged" });
    expect(dom0.calls()).toEqual(["rename 7 vm2", "unpause 7"]);
  });

  it("goes on where it was cut off between the name and the start", () => {
    dom0.domains([7, "vm2", uuid, "--p---", 0]);
    expect(settle("StartIncoming")).toEqual({ kind: "done", detail: "started" });
    expect(dom0.calls()).toEqual(["unpause 7"]);
  });

  it("does not take a name from another domain", () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0], [8, "vm2", other, "-b----", 1]);
    expect(settle("StartIncoming")).toMatchObject({ kind: "refused", reason: "DomainNameTaken" });
    expect(dom0.calls()).toEqual([]);
  });

  it("resumes the source where xl can, under its own name", () => {
    dom0.write("help", "Usage xl\n resume                Resume a paused or suspended domain\n");
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20]);
    expect(settle("ResumeSource")).toEqual({ kind: "done", detail: "resumed" });
    expect(dom0.listed()).toEqual(["vm2 -b----"]);
  });

  it("says so where xl cannot resume, and renames nothing", () => {
    dom0.write("help", "Usage xl\n unpause               Unpause a paused domain\n");
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20]);
    expect(settle("ResumeSource")).toMatchObject({ kind: "refused", reason: "ResumeUnsupported" });
    expect(dom0.calls()).toEqual([]);
  });

  it("decides nothing when one UUID is there twice", () => {
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20], [4, "vm2", uuid, "-b----", 20]);
    expect(settle("DestroyMigratedAway")).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
  });

  it("decides nothing when xl cannot say which domains there are", () => {
    dom0.write("broken", "libxl: error: libxl.c:379: xenstore does not answer\n");
    expect(["failed", "refused"]).toContain(settle("DestroyIncoming").kind);
    expect(dom0.calls()).toEqual([]);
  });
});
