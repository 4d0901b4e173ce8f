import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Evidence, judge } from "../../../../src/controllers/xen-migration/recovery.ts";
import { copyOf, type ObservedDomain, type ObservedRun } from "../../../../src/controllers/xen-migration/sight.ts";
import type { DomainFact, MigrationRun } from "../../../../src/host/xen-facts.ts";

/** Rows of `xl list -v` as a real rack printed them during migrations. */
const rows = {
  running: { name: "vm2", state: "-b----", shutdownReason: "-", seconds: 23.1 },
  scheduled: { name: "vm2", state: "------", shutdownReason: "-", seconds: 0.2 },
  pausedByAPerson: { name: "vm2", state: "--p---", shutdownReason: "-", seconds: 23.1 },
  suspended: { name: "vm2", state: "---ss-", shutdownReason: "s", seconds: 23.8 },
  migratedAway: { name: "vm2--migratedaway", state: "---ss-", shutdownReason: "s", seconds: 23.8 },
  migratedAwayPaused: { name: "vm2--migratedaway", state: "--pss-", shutdownReason: "s", seconds: 23.8 },
  nameless: { name: "(null)", state: "--p---", shutdownReason: "-", seconds: 0 },
  incoming: { name: "vm2--incoming", state: "--p---", shutdownReason: "-", seconds: 0 },
  arrived: { name: "vm2", state: "--p---", shutdownReason: "-", seconds: 0 },
  poweredOff: { name: "vm2", state: "---s--", shutdownReason: "-", seconds: 30 },
} as const;
type Row = keyof typeof rows;
const everyRow = Object.keys(rows).filter((name): name is Row => name in rows);
const anyForm = fc.constantFrom<(Row | "none")[]>(...everyRow, "none");

const uuid = "0a1b2c3d-0000-4000-8000-000000000002";
const fact = (row: Row): DomainFact => ({ id: 7, uuid, memory: 128, vcpus: 1, ...rows[row] });

function seen(row: Row | "none", bootId = "boot-1", atWork: readonly string[] = []): ObservedDomain {
  return { state: "Seen", bootId, copy: copyOf(row === "none" ? [] : [fact(row)]), atWork };
}
const unreachable: ObservedDomain = { state: "Unknown", why: "Unreachable: no route to host" };

function run(phase: MigrationRun["phase"], rest: Partial<MigrationRun> = {}): ObservedRun {
  return {
    state: "Begun",
    run: {
      operation: "u1",
      uuid,
      bootId: "boot-1",
      state: "Ended",
      exitCode: 1,
      phase,
      message: "",
      startedAt: 100,
      now: 140,
      time: undefined,
      ...rest,
    },
  };
}

function evidence(source: ObservedDomain, target: ObservedDomain, rest: Partial<Evidence> = {}): Evidence {
  return {
    names: { domain: "vm2", source: "bella", target: "brutus", operation: "u1" },
    recorded: { sourceBootId: "boot-1", targetBootId: "boot-1", phase: "Connecting" },
    run: run("Sending"),
    source,
    target,
    ...rest,
  };
}

/** The verdict without its message. */
function verdict(source: ObservedDomain, target: ObservedDomain, rest: Partial<Evidence> = {}): string {
  const found = judge(evidence(source, target, rest));
  if (found.kind === "Act") return `${found.action} on ${found.side}`;
  return found.kind === "Failed" ? found.reason : found.kind;
}
const recorded = (phase: MigrationRun["phase"]) => ({ sourceBootId: "boot-1", targetBootId: "boot-1", phase });

describe("what both hosts show after a migration, no program of the toolstack at work any more", () => {
  it("runs on the source, nothing on the target: failed safely", () => {
    expect(judge(evidence(seen("running"), seen("none")))).toEqual({
      kind: "Failed",
      reason: "MigrationFailed",
      message: "vm2 still runs on bella",
    });
  });

  it("runs on the source, incoming paused on the target: the copy on the target goes", () => {
    expect(verdict(seen("running"), seen("incoming"))).toBe("DestroyIncoming on Target");
    expect(verdict(seen("running"), seen("nameless"))).toBe("DestroyIncoming on Target");
    expect(verdict(seen("pausedByAPerson"), seen("incoming"))).toBe("DestroyIncoming on Target");
  });

  it("suspended on the source, incoming on the target: the copy on the target goes first, then the source is resumed", () => {
    expect(verdict(seen("suspended"), seen("incoming"))).toBe("DestroyIncoming on Target");
    expect(verdict(seen("suspended"), seen("none"))).toBe("ResumeSource on Source");
  });

  it("migrated away on the source, runs on the target: the copy on the source goes", () => {
    for (const source of ["migratedAway", "migratedAwayPaused"] as const)
      for (const target of ["running", "scheduled"] as const)
        expect(verdict(seen(source), seen(target), { run: run("Permission") })).toBe("DestroyMigratedAway on Source");
  });

  it("migrated away on the source, incoming paused on the target (GO lost): rolled forward", () => {
    for (const phase of ["Transferred", "Permission", "Failed"] as const)
      expect(verdict(seen("migratedAway"), seen("incoming"), { run: run(phase) })).toBe("StartIncoming on Target");
  });

  it("migrated away on the source, renamed and never started on the target: rolled forward", () => {
    expect(verdict(seen("migratedAway"), seen("arrived"), { run: run("Permission") })).toBe("StartIncoming on Target");
  });

  it("migrated away on the source, nothing on a target that proved to have rebooted: resumed on the source", () => {
    expect(verdict(seen("migratedAway"), seen("none", "boot-2"), { run: run("Transferred") })).toBe(
      "ResumeSource on Source",
    );
  });

  it("migrated away, nothing on a target that rebooted after it had permission: only a person may give the copy up", () => {
    for (const rest of [
      { run: run("Permission") },
      { run: run("Failed"), recorded: recorded("Permission") },
      { run: run("Failed", { message: "** Migration failed during final handshake **" }) },
    ])
      expect(verdict(seen("migratedAway"), seen("none", "boot-2"), rest)).toBe("ApprovalNeeded");
  });

  it("migrated away, nothing on a target that did not reboot: a person decides", () => {
    for (const phase of ["Transferred", "Permission", "Failed"] as const)
      expect(verdict(seen("migratedAway"), seen("none"), { run: run(phase) })).toBe("OutcomeAmbiguous");
  });

  it("a source that is proved dead: what waits for it on the target is given up, and the domain may be started anew", () => {
    const dead: ObservedDomain = { state: "Seen", bootId: "", copy: { form: "None" }, atWork: [], ended: true };
    const none = { run: { state: "None" } } as const;
    const receiving = (row: Row | "none") => seen(row, "boot-1", ["xl migrate-receive"]);
    expect(verdict(dead, receiving("incoming"), none)).toBe("AbandonIncoming on Target");
    expect(verdict(dead, receiving("nameless"), none)).toBe("AbandonIncoming on Target");
    expect(verdict(dead, receiving("none"), none)).toBe("DomainGone");
    expect(verdict(dead, receiving("running"), none)).toBe("Succeeded");
    // The toolstack that renamed it is about to start it.
    expect(verdict(dead, receiving("arrived"), none)).toBe("Wait");
    expect(verdict(dead, unreachable, none)).toBe("OutcomeUnknown");
  });

  it("nothing on a source that rebooted, incoming on the target: the copy on the target goes, then it may be started again", () => {
    for (const phase of ["Sending", "Permission"] as const)
      expect(verdict(seen("none", "boot-2"), seen("incoming"), { run: run(phase, { state: "Lost" }) })).toBe(
        "DestroyIncoming on Target",
      );
    expect(verdict(seen("none", "boot-2"), seen("none"), { run: run("Sending", { state: "Lost" }) })).toBe(
      "DomainGone",
    );
  });

  it("nothing on a source that did not reboot, a complete image on the target: a person decides", () => {
    for (const phase of ["Transferred", "Permission"] as const)
      expect(verdict(seen("none"), seen("incoming"), { run: run(phase) })).toBe("OutcomeAmbiguous");
    expect(verdict(seen("none", "boot-2"), seen("arrived"), { run: run("Permission") })).toBe("OutcomeAmbiguous");
  });

  it("nothing on the source, runs on the target: it succeeded, whatever the exit code said", () => {
    for (const bootId of ["boot-1", "boot-2"])
      for (const phase of ["Sending", "Permission", "Succeeded", "Failed"] as const)
        expect(verdict(seen("none", bootId), seen("running"), { run: run(phase) })).toBe("Succeeded");
  });

  it("runs on both: frozen", () => {
    const found = judge(evidence(seen("running"), seen("running")));
    expect(found).toEqual({
      kind: "SplitBrain",
      message:
        "vm2 runs on bella as vm2 (id 7, runs) and on brutus as vm2 (id 7, runs). xensan changes nothing: decide which copy has the right data and destroy the other",
    });
  });

  it("came to its end on the target right after the move: succeeded, and the source is never resumed", () => {
    expect(verdict(seen("migratedAway"), seen("none"), { run: run("Succeeded", { exitCode: 0 }) })).toBe(
      "DestroyMigratedAway on Source",
    );
    expect(verdict(seen("migratedAway"), seen("poweredOff"), { run: run("Succeeded") })).toBe(
      "DestroyMigratedAway on Source",
    );
    expect(verdict(seen("none"), seen("poweredOff"), { run: run("Succeeded") })).toBe("Succeeded");
    expect(verdict(seen("none"), seen("none"), { run: run("Succeeded") })).toBe("Succeeded");
  });

  it("came to its end on the source meanwhile: over, and what was received goes", () => {
    expect(verdict(seen("poweredOff"), seen("incoming"))).toBe("DestroyIncoming on Target");
    expect(verdict(seen("poweredOff"), seen("none"))).toBe("DomainGone");
    expect(verdict(seen("none"), seen("none"))).toBe("DomainGone");
  });
});

describe("who dies in which phase, and what remains", () => {
  const cases: readonly (readonly [string, ObservedDomain, ObservedDomain, Partial<Evidence>, string])[] = [
    [
      "the sender in P1 or P2",
      seen("running"),
      seen("none"),
      { run: run("Sending", { state: "Lost" }) },
      "MigrationFailed",
    ],
    [
      "the sender in P3 or P4",
      seen("suspended"),
      seen("none"),
      { run: run("Sending", { state: "Lost" }) },
      "ResumeSource on Source",
    ],
    [
      "the sender in P3 or P4, incoming left",
      seen("suspended"),
      seen("incoming"),
      { run: run("Sending", { state: "Lost" }) },
      "DestroyIncoming on Target",
    ],
    [
      "the sender in P5",
      seen("migratedAway"),
      seen("incoming"),
      { run: run("Transferred", { state: "Lost" }) },
      "StartIncoming on Target",
    ],
    [
      "the sender in P6 to P8, started",
      seen("migratedAway"),
      seen("running"),
      { run: run("Permission", { state: "Lost" }) },
      "DestroyMigratedAway on Source",
    ],
    ["ssh between the hosts in P1 or P2", seen("running"), seen("none"), { run: run("Failed") }, "MigrationFailed"],
    [
      "ssh between the hosts in P3 to P5",
      seen("running"),
      seen("incoming"),
      { run: run("Failed") },
      "DestroyIncoming on Target",
    ],
    [
      "ssh between the hosts in P3 to P5, the resume lied",
      seen("suspended"),
      seen("incoming"),
      { run: run("Failed") },
      "DestroyIncoming on Target",
    ],
    [
      "ssh between the hosts in P6 to P8, GO arrived",
      seen("migratedAway"),
      seen("running"),
      { run: run("Permission") },
      "DestroyMigratedAway on Source",
    ],
    [
      "ssh between the hosts in P6 to P8, GO lost",
      seen("migratedAway"),
      seen("incoming"),
      { run: run("Permission") },
      "StartIncoming on Target",
    ],
    ["the target dom0 in P1 or P2", seen("running"), seen("none", "boot-2"), { run: run("Failed") }, "MigrationFailed"],
    ["the target dom0 in P3 or P4", seen("running"), seen("none", "boot-2"), { run: run("Failed") }, "MigrationFailed"],
    [
      "the target dom0 in P5",
      seen("migratedAway"),
      seen("none", "boot-2"),
      { run: run("Transferred") },
      "ResumeSource on Source",
    ],
    [
      "the target dom0 in P6 to P8",
      seen("migratedAway"),
      seen("none", "boot-2"),
      { run: run("Permission") },
      "ApprovalNeeded",
    ],
    [
      "the source dom0 in P1 or P2",
      seen("none", "boot-2"),
      seen("none"),
      { run: run("Sending", { state: "Lost" }) },
      "DomainGone",
    ],
    [
      "the source dom0 in P3 to P5",
      seen("none", "boot-2"),
      seen("incoming"),
      { run: run("Sending", { state: "Lost" }) },
      "DestroyIncoming on Target",
    ],
    [
      "the source dom0 in P6 to P8",
      seen("none", "boot-2"),
      seen("running"),
      { run: run("Permission", { state: "Lost" }) },
      "Succeeded",
    ],
    [
      "the source dom0 in P6 to P8, GO lost",
      seen("none", "boot-2"),
      seen("incoming"),
      { run: run("Permission", { state: "Lost" }) },
      "DestroyIncoming on Target",
    ],
    [
      "the start on the target, links alive",
      seen("running"),
      seen("none"),
      { run: run("Failed", { message: "Migration failed due to problems at target." }) },
      "MigrationFailed",
    ],
  ];
  it.each(cases)("%s", (_who, source, target, rest, expected) => {
    expect(verdict(source, target, rest)).toBe(expected);
  });

  it("the operator: nothing changes, what it finds is judged alike", () => {
    const going = run("Sending", { state: "Running", exitCode: undefined });
    expect(verdict(seen("running", "boot-1", ["xl migrate"]), seen("incoming"), { run: going })).toBe("Wait");
  });
});

describe("a host that cannot be seen", () => {
  const forms: readonly (Row | "none")[] = [...everyRow, "none"];

  it("leaves every outcome unknown, and nothing is done", () => {
    for (const form of forms)
      for (const phase of ["Connecting", "Sending", "Transferred", "Permission", "Succeeded", "Failed"] as const)
        for (const bootId of ["boot-1", "boot-2"]) {
          const rest = { run: run(phase), recorded: recorded(phase) };
          const unknownRun: ObservedRun = { state: "Unknown", why: "Unreachable" };
          expect(verdict(unreachable, seen(form, bootId), { ...rest, run: unknownRun })).toBe("OutcomeUnknown");
          expect(verdict(seen(form, bootId), unreachable, rest)).toBe("OutcomeUnknown");
          expect(verdict(unreachable, unreachable, { ...rest, run: unknownRun })).toBe("OutcomeUnknown");
          expect(verdict(seen(form, bootId), seen(form), { ...rest, run: unknownRun })).toBe("OutcomeUnknown");
        }
  });

  it("is named, with the reason", () => {
    expect(judge(evidence(seen("running"), unreachable))).toEqual({
      kind: "OutcomeUnknown",
      message:
        "The state of brutus is unknown (Unreachable: no route to host): xensan changes nothing until both hosts can be reached",
    });
  });

  it("does not keep a migration from going on: xl needs nobody to look", () => {
    const going = run("Sending", { state: "Running", exitCode: undefined });
    expect(verdict(seen("running"), unreachable, { run: going })).toBe("Wait");
  });
});

describe("while a program of the toolstack is at work", () => {
  it("nothing is concluded, whatever both hosts show", () => {
    fc.assert(
      fc.property(anyForm, anyForm, fc.boolean(), (source, target, here) => {
        const [one, other] = here ? [["xl migrate"], []] : [[], ["xl migrate-receive"]];
        expect(verdict(seen(source, "boot-1", one), seen(target, "boot-1", other))).toBe("Wait");
      }),
    );
  });
});

describe("an operation that was never begun on its host", () => {
  const never: Partial<Evidence> = { run: { state: "None" } };
  it("is begun while everything is as it was when it was decided", () => {
    expect(verdict(seen("running"), seen("none"), never)).toBe("Begin");
    expect(verdict(seen("running"), seen("none", "boot-2"), never)).toBe("Begin");
  });

  it("is over when the source rebooted meanwhile", () => {
    expect(verdict(seen("running", "boot-2"), seen("none"), never)).toBe("MigrationFailed");
    expect(verdict(seen("none", "boot-2"), seen("none"), never)).toBe("DomainGone");
  });
});

describe("any combination", () => {
  it("never starts or resumes a copy while another runs, and destroys no copy that runs", () => {
    const phase = fc.constantFrom<MigrationRun["phase"][]>(
      "Connecting",
      "Sending",
      "Transferred",
      "Permission",
      "Succeeded",
      "Failed",
    );
    const boot = fc.constantFrom("boot-1", "boot-2");
    fc.assert(
      fc.property(anyForm, anyForm, phase, phase, boot, boot, (source, target, said, kept, here, there) => {
        const found = judge(
          evidence(seen(source, here), seen(target, there), { run: run(said), recorded: recorded(kept) }),
        );
        if (found.kind !== "Act") return;
        const copies = [
          copyOf(source === "none" ? [] : [fact(source)]),
          copyOf(target === "none" ? [] : [fact(target)]),
        ];
        const [own, other] = found.side === "Source" ? copies : copies.toReversed();
        if (found.action === "StartIncoming" || found.action === "ResumeSource")
          expect(["None", "MigratedAway"]).toContain(other?.form);
        expect(own?.form).not.toBe("Running");
      }),
    );
  });
});
