import { beforeEach, describe, expect, it } from "vitest";
import { abortMigration, settleMigration } from "../../../src/host/migration-actions.ts";
import { configureXend } from "../../../src/host/toolstack-actions.ts";
import { configurationText, expectNeverTwice, name, owner, uuid, type XenStage, xenStage } from "./xen-stage.ts";

const runsOnSource = { bella: [`${name} --`], brutus: [] };
const runsOnTarget = { bella: [], brutus: [`${name} --`] };

let rack: XenStage;
beforeEach(async () => {
  rack = await xenStage();
  await rack.start("bella");
});

describe("a migration that nothing disturbs", () => {
  it("shows on both hosts what xl list shows on real ones, and takes forty seconds", async () => {
    expect(await rack.migrate()).toEqual({ kind: "done", detail: "started" });
    const shown: [number, unknown][] = [];
    let last = "";
    for (let seconds = 0; seconds < 45; seconds++) {
      const seen = rack.seen();
      if (JSON.stringify(seen) !== last) shown.push([seconds, seen]);
      last = JSON.stringify(seen);
      rack.pass(1);
    }
    expect(shown).toEqual([
      [0, runsOnSource],
      [5, { bella: [`${name} --`], brutus: ["(null) p-"] }],
      [6, { bella: [`${name} --`], brutus: [`${name}--incoming p-`] }],
      [32, { bella: [`${name} -ss`], brutus: [`${name}--incoming p-`] }],
      [38, { bella: [`${name}--migratedaway -ss`], brutus: [`${name}--incoming p-`] }],
      [39, { bella: [`${name}--migratedaway pss`], brutus: [`${name} --`] }],
      [41, runsOnTarget],
    ]);
    expect(await rack.run1()).toEqual({ state: "Ended", exitCode: 0, phase: "Succeeded" });
    expectNeverTwice(rack);
  });
});

/** Lets time pass until the migration has ended, including TCP timeouts. */
async function settled(): Promise<unknown> {
  rack.pass(2000);
  expectNeverTwice(rack);
  return { ...rack.seen(), run: await rack.run1() };
}

const failed = { state: "Ended", exitCode: 1, phase: "Failed" };
const handshake = { state: "Ended", exitCode: 1, phase: "Permission" };
const lost = (phase: string) => ({ state: "Lost", exitCode: undefined, phase });
const killed = (phase: string) => ({ state: "Ended", exitCode: 137, phase });

describe("who dies in a migration, and what remains", () => {
  describe("the sender is killed", () => {
    it.each(["Connect", "Precopy"] as const)(
      "in %s: the source runs on, the target destroys its copy",
      async (phase) => {
        rack.rack.xen.atPhase(phase, () => rack.rack.xen.killSender(name));
        await rack.migrate();
        expect(await settled()).toMatchObject(runsOnSource);
      },
    );

    it.each(["StopCopy", "Ready"] as const)(
      "in %s: the source stays suspended, the target destroys its copy",
      async (phase) => {
        rack.rack.xen.atPhase(phase, () => rack.rack.xen.killSender(name));
        await rack.migrate();
        expect(await settled()).toMatchObject({ bella: [`${name} -ss`], brutus: [] });
      },
    );

    it.each(["StopCopy", "Ready"] as const)("in %s with its ssh: the target keeps a complete copy", async (phase) => {
      rack.rack.xen.atPhase(phase, () => rack.rack.xen.killSender(name, "Unit"));
      await rack.migrate();
      expect(await settled()).toMatchObject({ bella: [`${name} -ss`], brutus: [`${name}--incoming p-`] });
    });

    it("in Renamed: the source keeps its name for what has gone, the target destroys its copy", async () => {
      rack.rack.xen.atPhase("Renamed", () => rack.rack.xen.killSender(name));
      await rack.migrate();
      expect(await settled()).toEqual({
        bella: [`${name}--migratedaway -ss`],
        brutus: [],
        run: killed("Failed"),
      });
    });

    it.each(["Go", "Arrived", "Started"] as const)("in %s: the target decides alone, and runs it", async (phase) => {
      rack.rack.xen.atPhase(phase, () => rack.rack.xen.killSender(name));
      await rack.migrate();
      expect(await settled()).toEqual({
        bella: [`${name}--migratedaway -ss`],
        brutus: [`${name} --`],
        run: killed("Permission"),
      });
    });
  });

  describe("the ssh between the dom0s is cut", () => {
    const cuts = [
      ["killed", (phase: "Precopy") => rack.rack.xen.atPhase(phase, () => rack.rack.xen.killTransport(name))],
      ["silent", (phase: "Precopy") => rack.rack.xen.atPhase(phase, () => rack.rack.xen.cutBetween("bella", "brutus"))],
    ] as const;
    describe.each(cuts)("%s", (_how, cut) => {
      const at = (phase: string) => Reflect.apply(cut, undefined, [phase]);

      it.each(["Connect", "Precopy"])("in %s: the source runs on", async (phase) => {
        at(phase);
        await rack.migrate();
        expect(await settled()).toEqual({ ...runsOnSource, run: failed });
      });

      it.each(["StopCopy", "Ready"])("in %s: the source resumes, the target keeps a paused copy", async (phase) => {
        at(phase);
        await rack.migrate();
        expect(await settled()).toEqual({
          bella: [`${name} --`],
          brutus: [`${name}--incoming p-`],
          run: failed,
        });
      });

      it.each(["Renamed", "Go"])("in %s: permission is lost, nobody runs it", async (phase) => {
        at(phase);
        await rack.migrate();
        const seen = await settled();
        expect(seen).toMatchObject({ bella: [`${name}--migratedaway -ss`], brutus: [`${name}--incoming p-`] });
      });

      it.each(["Arrived", "Started"])("in %s: permission has arrived, the target runs it", async (phase) => {
        at(phase);
        await rack.migrate();
        expect(await settled()).toEqual({
          bella: [`${name}--migratedaway -ss`],
          brutus: [`${name} --`],
          run: handshake,
        });
      });
    });

    it("for a moment only: the migration goes on where it was", async () => {
      rack.rack.xen.atPhase("StopCopy", () => rack.rack.xen.cutBetween("bella", "brutus"));
      await rack.migrate();
      rack.pass(40);
      rack.rack.xen.healBetween("bella", "brutus");
      expect(await settled()).toEqual({ ...runsOnTarget, run: { state: "Ended", exitCode: 0, phase: "Succeeded" } });
    });
  });

  describe("the target dom0 dies", () => {
    it.each(["Connect", "Precopy", "StopCopy", "Ready"] as const)(
      "in %s: the source runs on or resumes",
      async (phase) => {
        rack.rack.xen.atPhase(phase, () => rack.rack.powerOff("brutus"));
        await rack.migrate();
        expect(await settled()).toEqual({ ...runsOnSource, run: failed });
      },
    );

    it.each(["Renamed", "Go", "Arrived"] as const)(
      "in %s: the source keeps it suspended, under the other name",
      async (phase) => {
        rack.rack.xen.atPhase(phase, () => rack.rack.reset("brutus"));
        await rack.migrate();
        expect(await settled()).toEqual({ bella: [`${name}--migratedaway -ss`], brutus: [], run: handshake });
      },
    );
  });

  describe("the source dom0 dies", () => {
    it("in Precopy: the target destroys its copy once it knows", async () => {
      rack.rack.xen.atPhase("Precopy", () => rack.rack.powerOff("bella"));
      await rack.migrate();
      rack.pass(60);
      expect(rack.seen()).toEqual({ bella: [], brutus: [`${name}--incoming p-`] });
      rack.pass(2000);
      expect(rack.seen()).toEqual({ bella: [], brutus: [] });
    });

    it.each(["StopCopy", "Ready", "Renamed"] as const)(
      "in %s: a complete copy remains on the target",
      async (phase) => {
        rack.rack.xen.atPhase(phase, () => rack.rack.reset("bella"));
        await rack.migrate();
        rack.pass(2000);
        expectNeverTwice(rack);
        expect(rack.seen()).toEqual({ bella: [], brutus: [`${name}--incoming p-`] });
      },
    );

    it("in Arrived: the target runs it, and the record says that nobody waits any more", async () => {
      rack.rack.xen.atPhase("Arrived", () => rack.rack.reset("bella"));
      await rack.migrate();
      expect(await settled()).toEqual({ ...runsOnTarget, run: lost("Permission") });
    });
  });

  it("the target fails to start it while all links are alive: the source runs it again", async () => {
    rack.rack.xen.failStart(name);
    await rack.migrate();
    expect(await settled()).toEqual({ ...runsOnSource, run: handshake });
  });

  it("the source says that it resumed and did not: it stays suspended", async () => {
    rack.rack.xen.setGuest(name, { resume: "Lies" });
    rack.rack.xen.failStart(name);
    await rack.migrate();
    expect(await settled()).toEqual({ bella: [`${name} -ss`], brutus: [], run: handshake });
  });
});

describe("a migration that cannot succeed", () => {
  it("target without memory: fails after part of the transfer, the source runs on", async () => {
    rack.rack.xen.createDomain("brutus", 'name = "filler"\nmemory = 880\n', "Paused");
    await rack.migrate();
    rack.pass(60);
    expect(rack.seen()).toEqual({ bella: [`${name} --`], brutus: ["filler p-"] });
    expect(rack.rack.readFile("bella", "/var/lib/xensan/migrations/op-1.log")).toContain(
      "xc: error: Failed to populate physmap (16 = Device or resource busy): Internal error",
    );
  });

  it("name taken on the target: fails at the very end, the source runs on", async () => {
    rack.rack.xen.createDomain("brutus", `name = "${name}"\nmemory = 64\n`, "Paused");
    await rack.migrate();
    rack.pass(60);
    expect(rack.seen()).toEqual({ bella: [`${name} --`], brutus: [`${name} p-`] });
    expect(await rack.run1()).toEqual(handshake);
  });

  it("disk missing on the target: fails before the transfer", async () => {
    rack.rack.host("brutus").running.mounts.pop();
    await rack.migrate();
    rack.pass(8);
    expect(rack.seen()).toEqual(runsOnSource);
    expect(await rack.run1()).toEqual(failed);
  });

  it("guest that does not suspend in a minute: runs on", async () => {
    rack.rack.xen.setGuest(name, { suspend: "Ignores" });
    await rack.migrate();
    rack.pass(80);
    expect(rack.seen()).toEqual({ bella: [`${name} --`], brutus: [`${name}--incoming p-`] });
    rack.pass(40);
    expect(rack.seen()).toEqual(runsOnSource);
    expect(await rack.run1()).toEqual(failed);
  });

  it("peer that does not let this host in: fails at once", async () => {
    rack.rack.writeFile("brutus", "/root/.ssh/authorized_keys", "");
    await rack.migrate();
    rack.pass(5);
    expect(rack.seen()).toEqual(runsOnSource);
    expect(await rack.run1()).toEqual(failed);
  });

  it("guest that powers itself off on the way: is gone from both", async () => {
    await rack.migrate();
    rack.pass(12);
    rack.rack.xen.shutDown(name, "poweroff");
    rack.pass(5);
    expect(rack.seen()).toEqual({ bella: [], brutus: [] });
  });
});

describe("a migration with other hosts and guests", () => {
  it("bridge missing on the target: fails when the guest is suspended already, the source resumes", async () => {
    const other = await xenStage(({ hosts }) => {
      const brutus = hosts.brutus;
      if (brutus !== undefined) brutus.xen = { bridges: [] };
    });
    await other.start("bella");
    await other.migrate();
    other.pass(34);
    expect(other.seen()).toEqual({ bella: [`${name} -ss`], brutus: [`${name}--incoming p-`] });
    other.pass(10);
    expect(other.seen()).toEqual(runsOnSource);
  });

  it("PV guest on a hypervisor without shadow paging: fails at once; with it, it moves", async () => {
    const without = await xenStage();
    await without.start("bella", configurationText({ type: "pv" }));
    await without.migrate();
    without.pass(8);
    expect(without.seen()).toEqual(runsOnSource);
    expect(await without.run1()).toEqual(failed);
    const shadow = await xenStage(({ hosts }) => {
      for (const host of Object.values(hosts)) host.xen = { virtualisation: ["pv", "hvm", "shadow"] };
    });
    await shadow.start("bella", configurationText({ type: "pv" }));
    await shadow.migrate();
    shadow.pass(50);
    expect(shadow.seen()).toEqual(runsOnTarget);
  });
});

describe("abort", () => {
  it("before permission: the source runs on", async () => {
    await rack.migrate();
    rack.pass(20);
    expect(await rack.act("bella", abortMigration({ operation: "op-1" }))).toEqual({ kind: "done", detail: "aborted" });
    rack.pass(5);
    expect(rack.seen()).toEqual(runsOnSource);
    expect(await rack.act("bella", abortMigration({ operation: "op-1" }))).toEqual({ kind: "done", detail: "ended" });
  });

  it("after permission: refused", async () => {
    await rack.migrate();
    rack.pass(39);
    expect(await rack.act("bella", abortMigration({ operation: "op-1" }))).toMatchObject({
      kind: "refused",
      reason: "PastPointOfNoReturn",
    });
  });
});

describe("settling what remains", () => {
  const settle = (host: "bella" | "brutus", action: Parameters<typeof settleMigration>[0]["action"]) =>
    rack.act(host, settleMigration({ owner, uuid, name, action }));

  it("does nothing while xl is at work", async () => {
    await rack.migrate();
    rack.pass(20);
    expect(await settle("brutus", "DestroyIncoming")).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
  });

  it("permission lost: rolls forward on the target and clears the source", async () => {
    rack.rack.xen.atPhase("Go", () => rack.rack.xen.killTransport(name));
    await rack.migrate();
    rack.pass(60);
    expect(await settle("brutus", "StartIncoming")).toMatchObject({ kind: "done" });
    expect(await settle("brutus", "StartIncoming")).toEqual({ kind: "done", detail: "unchanged" });
    expect(await settle("bella", "DestroyMigratedAway")).toMatchObject({ kind: "done" });
    expect(await settle("bella", "DestroyMigratedAway")).toEqual({ kind: "done", detail: "unchanged" });
    expect(rack.seen()).toEqual(runsOnTarget);
    expectNeverTwice(rack);
  });

  it("source runs and a paused copy is left: destroys the copy, and never the domain that runs", async () => {
    rack.rack.xen.atPhase("Ready", () => rack.rack.xen.killTransport(name));
    await rack.migrate();
    rack.pass(60);
    expect(await settle("bella", "DestroyIncoming")).toMatchObject({ kind: "refused", reason: "DomainStateDiffers" });
    expect(await settle("brutus", "DestroyIncoming")).toMatchObject({ kind: "done" });
    expect(rack.seen()).toEqual(runsOnSource);
  });

  it("resume is for newer toolstacks", async () => {
    rack.rack.xen.atPhase("Renamed", () => rack.rack.reset("brutus"));
    await rack.migrate();
    rack.pass(100);
    expect(await settle("bella", "ResumeSource")).toMatchObject({ kind: "refused", reason: "ResumeUnsupported" });
  });
});

describe("xm migrate", () => {
  const xend = (host: "bella" | "brutus") =>
    configureXend({
      settings: [
        { key: "xend-relocation-server", value: "yes" },
        { key: "xend-relocation-hosts-allow", value: host === "bella" ? "'^brutus$'" : "'^bella$'" },
      ],
    });

  async function xmStage(bridges: readonly string[] = ["xenbr0"]): Promise<XenStage> {
    const old = await xenStage(({ hosts }) => {
      if (hosts.bella !== undefined) hosts.bella.xen = { toolstack: "xm", version: "4.1.4" };
      if (hosts.brutus !== undefined) hosts.brutus.xen = { toolstack: "xm", version: "4.1.4", bridges: [...bridges] };
    });
    for (const host of ["bella", "brutus"] as const) await old.act(host, xend(host));
    await old.start("bella");
    return old;
  }

  it("moves the domain under another name, and lets go of it before the target runs it", async () => {
    const old = await xmStage();
    await old.migrate();
    old.pass(10);
    expect(old.seen()).toEqual({ bella: [`migrating-${name} --`], brutus: [`${name} p-`] });
    old.pass(24);
    expect(old.seen()).toEqual({ bella: [], brutus: [`${name} p-`] });
    old.pass(10);
    expect(old.seen()).toEqual(runsOnTarget);
    expectNeverTwice(old);
  });

  it("loses a domain that the target cannot start, and exits 0", async () => {
    const old = await xmStage([]);
    await old.migrate();
    old.pass(60);
    expect(old.seen()).toEqual({ bella: [], brutus: [] });
    expect(await old.run1()).toMatchObject({ state: "Ended", exitCode: 0 });
  });

  it("goes nowhere where the other xend does not listen, and the source runs on", async () => {
    const old = await xmStage();
    const closed = { settings: [{ key: "xend-relocation-server", value: "no" }] };
    await old.act("brutus", configureXend(closed));
    await old.migrate();
    old.pass(10);
    expect(old.seen()).toEqual(runsOnSource);
    expect(await old.run1()).toEqual(failed);
  });
});
