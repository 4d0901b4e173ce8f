import { expect, it } from "vitest";
import { settleMigration } from "../../../src/host/migration-actions.ts";
import { type TwinBench, twins } from "./bench.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";
type Action = Parameters<typeof settleMigration>[0]["action"];

const cases = (dom0: TwinBench) => {
  const settle = (action: Action) => dom0.act(settleMigration({ owner: undefined, uuid, name: "vm2", action }));

  it("destroys a copy that arrived, is paused and never ran", async () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0], [8, "twin", other, "-b----", 4.5]);
    expect(await settle("DestroyIncoming")).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.listed()).toEqual(["twin -b----"]);
    expect(await settle("DestroyIncoming")).toEqual({ kind: "done", detail: "unchanged" });
  });

  const declared = { namespace: "xen", name: "vm2", uid: "1111-aa" };
  const owned = (owner: typeof declared | undefined) =>
    dom0.act(settleMigration({ owner, uuid, name: "vm2", action: "DestroyIncoming" }));

  it.each<[string, typeof declared | undefined, string]>([
    ["another XenDomain declared", declared, "xen/vm3 2222-bb\n"],
    ["a XenDomain declared, for one of none", undefined, "xen/vm2 1111-aa\n"],
  ])("touches nothing of a domain that %s", async (_how, owner, declarer) => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    dom0.write(`/var/lib/xensan/domains/${uuid}.cfg.owner`, declarer);
    expect(await owned(owner)).toMatchObject({ kind: "refused", reason: "DomainTaken" });
    expect(dom0.listed()).toEqual(["vm2--incoming --p---"]);
  });

  it("settles what its own XenDomain declared, also where the host was not told of it", async () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    dom0.write(`/var/lib/xensan/domains/${uuid}.cfg.owner`, "xen/vm2 3333-cc\n");
    expect(await owned(declared)).toEqual({ kind: "done", detail: "destroyed" });
    dom0.remove(`/var/lib/xensan/domains/${uuid}.cfg.owner`);
    dom0.domains([8, "vm2--incoming", uuid, "--p---", 0]);
    expect(await owned(declared)).toEqual({ kind: "done", detail: "destroyed" });
  });

  it("gives up a copy whose source is dead with what still waits for the rest of it, if only one receives there", async () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    dom0.atWork("migrate-receive");
    expect(await settle("DestroyIncoming")).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    expect(await settle("AbandonIncoming")).toEqual({ kind: "done", detail: "destroyed" });
    expect(await settle("AbandonIncoming")).toEqual({ kind: "done", detail: "unchanged" });
    dom0.domains([8, "vm2--incoming", uuid, "--p---", 0]);
    dom0.atWork("migrate-receive");
    dom0.atWork("migrate-receive");
    expect(await settle("AbandonIncoming")).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    dom0.domains([9, "vm2", uuid, "--p---", 0]);
    expect(await settle("AbandonIncoming")).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
  });

  it.each(["vm3--incoming", "(null)"])("ends no program that may receive another domain: %s", async (name) => {
    dom0.domains(
      [7, "vm2--incoming", uuid, "--p---", 0],
      [8, name, "37baabc6-98d5-48a2-9634-a38b12e29c46", "--p---", 0],
    );
    dom0.atWork("migrate-receive");
    expect(await settle("AbandonIncoming")).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    expect(dom0.listed()).toContain("vm2--incoming --p---");
  });

  it("destroys one that has no name yet", async () => {
    dom0.domains([7, "(null)", uuid, "--p---", 0]);
    expect(await settle("DestroyIncoming")).toEqual({ kind: "done", detail: "destroyed" });
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
    ["was half destroyed", "ResumeSource", ["vm2--migratedaway", "--pss-", 20]],
    ["has ended", "ResumeSource", ["vm2", "---s--", 20]],
    ["arrived", "ResumeSource", ["vm2--incoming", "---ss-", 20]],
  ])("touches nothing that %s (%s)", async (_why, action, [name, state, seconds]) => {
    dom0.domains([7, name, uuid, state, seconds]);
    expect(await settle(action)).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
  });

  it("destroys what was sent once it is suspended", async () => {
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20]);
    expect(await settle("DestroyMigratedAway")).toEqual({ kind: "done", detail: "destroyed" });
  });

  it("destroys what was sent where xl paused it, and was cut off before it destroyed it", async () => {
    dom0.domains([3, "vm2--migratedaway", uuid, "--pss-", 23.8]);
    expect(await settle("DestroyMigratedAway")).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.listed()).toEqual([]);
  });

  it.each([
    ["migrate-receive", []],
    ["migrate", ["7", "10.99.0.12"]],
    ["destroy", ["vm2--incoming"]],
    ["resume", ["7"]],
    ["create", ["vm2"]],
    ["rename", ["12", "x"]],
  ])("touches nothing while xl %s %j is at work", async (verb, about) => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    dom0.atWork(verb, ...about);
    expect(await settle("DestroyIncoming")).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    expect(dom0.listed()).toEqual(["vm2--incoming --p---"]);
  });

  it("is not kept from it by what is at work on another domain", async () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0], [8, "twin", other, "-b----", 4.5]);
    dom0.atWork("destroy", "8");
    expect(await settle("DestroyIncoming")).toEqual({ kind: "done", detail: "destroyed" });
  });

  it("gives the copy that arrived its name and lets it run", async () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    expect(await settle("StartIncoming")).toEqual({ kind: "done", detail: "started" });
    expect(dom0.listed()).toEqual(["vm2 -b----"]);
    expect(await settle("StartIncoming")).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("goes on where it was cut off between the name and the start", async () => {
    dom0.domains([7, "vm2", uuid, "--p---", 0]);
    expect(await settle("StartIncoming")).toEqual({ kind: "done", detail: "started" });
  });

  it("does not take a name from another domain", async () => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0], [8, "vm2", other, "-b----", 1]);
    expect(await settle("StartIncoming")).toMatchObject({ kind: "refused", reason: "DomainNameTaken" });
  });

  it("resumes the source where xl can, under its own name", async () => {
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20]);
    expect(await settle("ResumeSource")).toEqual({ kind: "done", detail: "resumed" });
    expect(dom0.listed()).toEqual(["vm2 -b----"]);
  });

  it("decides nothing when one UUID is there twice", async () => {
    dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20], [4, "vm2", uuid, "-b----", 20]);
    expect(await settle("DestroyMigratedAway")).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
  });

  it("decides nothing when xl cannot say which domains there are", async () => {
    dom0.breakToolstack();
    expect(await settle("DestroyIncoming")).toMatchObject({ kind: "failed" });
  });
};

twins(["settle-migration"], "a leftover of a migration, settled", cases, { xen: "4.20.0" });

twins(
  ["settle-migration"],
  "a source that was sent, where xl cannot resume it",
  (dom0) => {
    it("stays as it is", async () => {
      dom0.domains([3, "vm2--migratedaway", uuid, "---ss-", 20]);
      const command = settleMigration({ owner: undefined, uuid, name: "vm2", action: "ResumeSource" });
      expect(await dom0.act(command)).toMatchObject({ kind: "refused", reason: "ResumeUnsupported" });
      expect(dom0.listed()).toEqual(["vm2--migratedaway ---ss-"]);
    });
  },
  { xen: "4.17.7" },
);
