import { describe, expect, it } from "vitest";
import { runsTwice } from "../../src/sim/model/executions.ts";
import { at, sharedFilesystem, xenDomain } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import type { CrashPoint } from "../simulation/world/side-effects.ts";
import { commands, domainHost, eventually, minutes, rig, status, word } from "./rig.ts";
import { configuration, history, migration, outcome, said, uuid } from "./xen-rig.ts";

const nodes = ["bella", "brutus"];
const other = (host: string) => (host === "bella" ? "brutus" : "bella");

/** Two dom0s with one file system, and a domain that runs on one of them: `source`. */
async function ground(
  spec: object = {},
  crash?: CrashPoint,
): Promise<{ stage: Stage; source: string; target: string }> {
  const stage = rig({
    crash,
    objects: [...sharedFilesystem(nodes), xenDomain("vm", nodes, { uuid, ...spec })],
  });
  await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready");
  const source = domainHost(stage, "vm");
  return { stage, source, target: other(source) };
}

const go = (target: string, rest: object = {}) =>
  migration("go", {
    domain: undefined,
    domainRef: { name: "vm" },
    targetHostRef: { name: target },
    mode: "Offline",
    ...rest,
  });

/** Where domains are, `host name`. */
const present = (stage: Stage) =>
  nodes.flatMap((host) => stage.rack.xen.domains(host).map(({ name }) => `${host} ${name}`));

const lock = (stage: Stage, host: string) =>
  stage.rack.backingOf(host, `/srv/xen/.xensan/${uuid}.lock`).kind === "File";

describe("an offline migration", () => {
  it("shuts the domain down on the source and starts it on the target, by the steps of its XenDomain", async () => {
    const { stage, source, target } = await ground();
    const sent = commands(stage);
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(said(stage, "go")).toBe(`vm runs on ${target}`);
    expect(present(stage)).toEqual([`${target} vm`]);
    expect(history(stage, "go")).toEqual(["Admitted", "ShuttingDown", "StartingOnTarget", "Succeeded"]);
    const acts = sent.filter((line) => !/ probe(-running)?$/.test(line));
    expect(acts.toSorted()).toEqual(
      [
        ...nodes.map((host) => `${host} record-migration`),
        `${source} stop-domain`,
        `${target} start-domain`,
      ].toSorted(),
    );
    expect(acts.slice(2)).toEqual([`${source} stop-domain`, `${target} start-domain`]);
    expect(status(stage, "XenMigration", "go")).toMatchObject({
      sourceHostRef: { name: source },
      targetHostRef: { name: target },
      domainUUID: uuid,
      offline: { stage: "Starting" },
    });
    expect(status(stage, "XenMigration", "go").unit).toBeUndefined();
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 2);
    expect(domainHost(stage, "vm")).toBe(target);
    expect(runsTwice(stage.rack.xen.executions())).toEqual([]);
    await stage.advance(minutes(10));
    expect(present(stage)).toEqual([`${target} vm`]);
  });

  it("needs no relocation, and finds the XenDomain of a domain that is named as Xen names it", async () => {
    const { stage, target } = await ground();
    stage.apply(go(target, { domainRef: undefined, domain: "vm" }));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(present(stage)).toEqual([`${target} vm`]);
  });

  it("is refused for a domain that no XenDomain describes", async () => {
    const { stage, source, target } = await ground();
    stage.rack.xen.createDomain(source, configuration({ name: "bare", uuid: uuid.replace(/.$/, "6") }));
    stage.apply(go(target, { domainRef: undefined, domain: "bare", timeoutSeconds: 60 }));
    await eventually(stage, () => word(stage, "XenMigration", "go", "Admitted"), "False/OfflineUnavailable", 2);
    await eventually(stage, () => outcome(stage, "go"), "False/NotAdmitted", 2);
    expect(present(stage)).toContain(`${source} bare`);
  });

  it("waits while a host that might run the domain cannot be asked, and starts nothing", async () => {
    const { stage, source, target } = await ground();
    stage.rack.xen.setGuest(uuid, { shutdown: 30_000 });
    const sent = commands(stage);
    stage.apply(go(target));
    await eventually(stage, () => sent.includes(`${source} stop-domain`), true, 2);
    stage.rack.setManagement(source, "Cut");
    await eventually(stage, () => outcome(stage, "go"), "Unknown/OutcomeUnknown", 5);
    await stage.advance(minutes(20));
    expect(present(stage)).toEqual([]);
    stage.rack.setManagement(source, "Connected");
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 10);
    expect(present(stage)).toEqual([`${target} vm`]);
  });

  it("goes on when the source goes down while the guest shuts down", async () => {
    const { stage, source, target } = await ground();
    stage.rack.xen.setGuest(uuid, { shutdown: 60_000 });
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ShuttingDown", 2);
    stage.rack.reset(source);
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 30);
    expect(present(stage)).toEqual([`${target} vm`]);
    expect(runsTwice(stage.rack.xen.executions())).toEqual([]);
  });
});

describe("a guest that does not shut down within its limit", () => {
  it("stays on the source, and the migration fails by name", async () => {
    const { stage, source, target } = await ground({ shutdown: { timeoutSeconds: 60 } });
    stage.rack.xen.setGuest(uuid, { shutdown: "Ignores" });
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "False/ShutdownTimedOut", 5);
    expect(said(stage, "go")).toMatch(
      new RegExp(`^vm still runs on ${source} 60 s after it was asked to shut down\\.`),
    );
    expect(present(stage)).toEqual([`${source} vm`]);
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 2);
    const sent = commands(stage);
    await stage.advance(minutes(10));
    expect(sent.filter((line) => !/ probe(-running)?$/.test(line))).toEqual([]);
    expect(lock(stage, source)).toBe(true);
  });

  it("is ended by force where its XenDomain says so, and moves", async () => {
    const { stage, target } = await ground({ shutdown: { timeoutSeconds: 60, onTimeout: "Destroy" } });
    stage.rack.xen.setGuest(uuid, { shutdown: "Ignores" });
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(present(stage)).toEqual([`${target} vm`]);
  });
});

describe("an abort of an offline migration", () => {
  const abort = (stage: Stage) => stage.patch("XenMigration", at("go"), { spec: { abort: "Requested" } });

  it("while the guest shuts down ends with the domain running on the source", async () => {
    const { stage, source, target } = await ground();
    stage.rack.xen.setGuest(uuid, { shutdown: 40_000 });
    const sent = commands(stage);
    stage.apply(go(target));
    await eventually(stage, () => sent.includes(`${source} stop-domain`), true, 2);
    await stage.advance(3_000);
    expect(outcome(stage, "go")).toBe("Unknown/ShuttingDown");
    abort(stage);
    await eventually(stage, () => outcome(stage, "go"), "False/AbortRequested", 2);
    expect(word(stage, "XenMigration", "go", "Aborted")).toBe("True/AbortRequested");
    // The guest still obeys the request.
    await stage.advance(minutes(2));
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 5);
    expect(present(stage)).toEqual([`${source} vm`]);
    expect(stage.rack.xen.executions().map(({ host }) => host)).toEqual([source, source]);
  });

  it("after the shutdown is refused with the reason, and the migration succeeds", async () => {
    const { stage, target } = await ground();
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/StartingOnTarget", 5);
    abort(stage);
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(word(stage, "XenMigration", "go", "Aborted")).toBe("False/PastPointOfNoReturn");
    expect(present(stage)).toEqual([`${target} vm`]);
  });

  it("is what a deletion asks for", async () => {
    const { stage, source, target } = await ground();
    stage.rack.xen.setGuest(uuid, { shutdown: "Ignores" });
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ShuttingDown", 2);
    stage.delete("XenMigration", at("go"));
    await eventually(stage, () => stage.find("XenMigration", at("go")), undefined, 5);
    expect(present(stage)).toEqual([`${source} vm`]);
  });
});

describe("a target that cannot start the domain after all", () => {
  it("is named with what it said, and the domain starts again on the source", async () => {
    const { stage, source, target } = await ground();
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ShuttingDown", 2);
    stage.rack.host(target).rootFileSystem.nodes.delete("/boot/vmlinuz-6.1.0-56-amd64");
    await eventually(stage, () => outcome(stage, "go"), "False/MigrationFailed", 5);
    expect(said(stage, "go")).toMatch(new RegExp(`^${target} did not start vm: BootFileMissing: `));
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 5);
    expect(present(stage)).toEqual([`${source} vm`]);
  });

  it("because it was cordoned meanwhile: the domain starts again on the source", async () => {
    const { stage, source, target } = await ground();
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ShuttingDown", 2);
    stage.patch("XenHost", at(target), { spec: { maintenance: "Cordon" } });
    await eventually(stage, () => outcome(stage, "go"), "False/MigrationFailed", 5);
    expect(said(stage, "go")).toContain("it is in maintenance (Cordon)");
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 5);
    expect(present(stage)).toEqual([`${source} vm`]);
  });
});

describe("a XenDomain that is halted during its offline migration", () => {
  it("stays down, and the migration is over", async () => {
    const { stage, target } = await ground();
    stage.apply(go(target));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ShuttingDown", 2);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => outcome(stage, "go"), "False/MigrationFailed", 5);
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Halted", 5);
    await stage.advance(minutes(5));
    expect(present(stage)).toEqual([]);
  });
});

interface Course {
  readonly does: string;
  /** Runs when the migration has been requested. */
  readonly disturb: (stage: Stage, target: string) => void;
  readonly end: string;
  readonly stays: boolean;
}

const courses: readonly Course[] = [
  { does: "moves the domain", disturb: () => undefined, end: "True/Succeeded", stays: false },
  {
    does: "comes back because the target cannot start it",
    disturb: (stage, target) => stage.rack.host(target).rootFileSystem.nodes.delete("/boot/vmlinuz-6.1.0-56-amd64"),
    end: "False/MigrationFailed",
    stays: true,
  },
];

describe.each(courses)(
  "an operator that dies at one of the side effects of an offline migration that $does",
  (course) => {
    const followed = async (crash?: CrashPoint) => {
      const { stage, source, target } = await ground({}, crash);
      const first = stage.effects.done.length;
      stage.apply(go(target));
      course.disturb(stage, target);
      await eventually(stage, () => outcome(stage, "go"), course.end, 10);
      // Until the last writes of the migration itself.
      await stage.advance(5_000);
      await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready", 5);
      const effects = stage.effects.done.slice(first);
      await stage.advance(minutes(2));
      expect(present(stage)).toEqual([`${course.stays ? source : target} vm`]);
      expect(runsTwice(stage.rack.xen.executions())).toEqual([]);
      expect(stage.violations).toEqual([]);
      stage.life.end();
      return { effects, lives: stage.lives };
    };

    for (const when of ["before", "after"] as const)
      it(`leaves what the next one can finish: ${when} each of them`, { timeout: 300_000 }, async () => {
        const { effects } = await followed();
        const counted = effects.filter(({ what }) => !/^(create events|\S+ leases) /.test(what));
        const scripts = counted.filter(({ door }) => door === "host").map(({ what }) => what.split(" ")[1]);
        const recorded = ["record-migration", "record-migration"];
        expect(scripts.toSorted()).toEqual(
          [...recorded, "start-domain", "stop-domain", ...(course.stays ? ["start-domain"] : [])].toSorted(),
        );
        const lives: number[] = [];
        for (const { number } of counted) lives.push((await followed({ effect: number, when })).lives);
        expect(counted.length).toBeGreaterThan(10);
        expect(lives).toEqual(counted.map(() => 2));
      });
  },
);
