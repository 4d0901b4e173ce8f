import { describe, expect, it } from "vitest";
import { at } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { commands, eventually, minutes, status, word } from "./rig.ts";
import { configuration, dom0, history, migration, outcome, said, seen, uuid, xenRig } from "./xen-rig.ts";

const here = { bella: ["vm-test"], brutus: [], caesar: [] };
const there = { bella: [], brutus: ["vm-test"], caesar: [] };

describe("a migration", () => {
  it("moves a running domain, and says so", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual(there);
    // A look may come between the last two lines of xl's output.
    const states = history(stage, "go").filter((state) => state !== "Settling");
    expect(states).toEqual(["Admitted", "Migrating", "Succeeded"]);
    expect(status(stage, "XenMigration", "go")).toMatchObject({
      sourceHostRef: { name: "bella" },
      targetHostRef: { name: "brutus" },
      domainUUID: uuid,
      domainName: "vm-test",
      memory: "128Mi",
      progress: { received: "128Mi", phase: "Succeeded" },
    });
    expect(word(stage, "XenMigration", "go", "Admitted")).toBe("True/Admitted");
    expect(word(stage, "XenMigration", "go", "Migrating")).toBe("False/NotMigrating");
    expect(word(stage, "XenMigration", "go", "Aborted")).toBe("False/NotAborted");
    expect(said(stage, "go")).toBe("vm-test runs on brutus");
    await stage.advance(minutes(1));
    expect(stage.find("XenMigration", at("go"))).toMatchObject({ metadata: { name: "go" } });
    expect(objectFinalizers(stage.find("XenMigration", at("go")))).toEqual([]);
  });

  it("adds two seconds to its xl at the most: the source tells when that has ended", async () => {
    const stage = await xenRig();
    await stage.advance(minutes(1));
    const phases = new Map<string, number>();
    stage.rack.subscribe((event) => {
      if (event.kind === "MigrationPhase" && !phases.has(event.phase)) phases.set(event.phase, stage.clock.now());
    });
    const created = stage.clock.now();
    const sent = commands(stage);
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    const finished = Date.parse(String(status(stage, "XenMigration", "go").completionTime));
    const [begun = 0, ended = 0] = [Math.min(...phases.values()), Math.max(...phases.values())];
    // The completion time is in whole seconds, rounded down.
    expect(finished + 1000 - created - (ended - begun)).toBeLessThanOrEqual(2000);
    expect(sent.filter((command) => command === "bella await-migration")).toHaveLength(1);
    // One short look at each host admits the migration; after the target's answer the source begins.
    const first = sent.slice(0, sent.indexOf("bella start-migration") + 1);
    expect(first.slice(0, 3).toSorted()).toEqual(["bella", "brutus", "caesar"].map((host) => `${host} probe-running`));
    // The look that shows the target's record delays nothing.
    expect(first.slice(3)).toEqual(["brutus record-migration", "brutus probe-running", "bella start-migration"]);
  });

  it("begins after one short look at each host, however long these take and however far apart they end", async () => {
    const seconds: Readonly<Record<string, number>> = { bella: 8, brutus: 1 };
    const stage = await xenRig({
      prepare: ({ rack }) => {
        rack.faults = ({ host, script, at: when }) =>
          script.startsWith("probe") && when === "Connect"
            ? { kind: "Delay", ms: (seconds[host] ?? 1) * 1000 }
            : undefined;
      },
    });
    await stage.advance(minutes(3));
    const sent = commands(stage);
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => sent.includes("bella start-migration"), true, 3);
    const looks = sent
      .slice(0, sent.indexOf("brutus record-migration"))
      .filter((command) => command.endsWith(" probe-running"));
    expect(looks.toSorted()).toEqual(["bella", "brutus", "caesar"].map((host) => `${host} probe-running`));
  });

  it("keeps the XenHost from which it moves its domain until it is over", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    const blocked: string[] = [];
    stage.rack.xen.atPhase("Precopy", () => {
      stage.delete("XenHost", at("bella"));
      stage.clock.after(2_000, () => blocked.push(word(stage, "XenHost", "bella", "DeletionBlocked")));
    });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 10);
    expect(blocked).toEqual(["True/Migrating"]);
    expect(seen(stage)).toEqual(there);
    await eventually(stage, () => stage.find("XenHost", at("bella")), undefined, 10);
  });

  it("back to where the domain was waits for the first one, and for what all of the hosts say after it", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    stage.rack.xen.atPhase("Precopy", () =>
      stage.clock.after(3_000, () => stage.apply(migration("back", { targetHostRef: { name: "bella" } }))),
    );
    await eventually(stage, () => outcome(stage, "back"), "True/Succeeded", 10);
    expect([outcome(stage, "go"), said(stage, "back")]).toEqual(["True/Succeeded", "vm-test runs on bella"]);
    expect(seen(stage)).toEqual(here);
    expect(stage.rack.xen.executions().map(({ host }) => host)).toEqual(["bella", "brutus", "bella"]);
  });

  it.each([
    ["already runs on bella", (stage: Stage) => stage],
    ["is already on bella, paused", (stage: Stage) => stage.rack.xen.pauseDomain("bella", "vm-test")],
  ])("to where its domain is ends at once: it %s", async (what, prepare) => {
    const stage = await xenRig({ prepare });
    stage.apply(migration("go", { targetHostRef: { name: "bella" } }));
    await eventually(stage, () => outcome(stage, "go"), "True/AlreadyThere", 1);
    expect(said(stage, "go")).toBe(`vm-test ${what}: nothing was moved`);
  });

  it("chooses its target, with the reasons", async () => {
    const stage = await xenRig({
      objects: [dom0("brutus", { maintenance: "Cordon" }), migration("go")],
    });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: [], caesar: ["vm-test"] });
    expect(status(stage, "XenMigration", "go").targetReasons).toEqual([
      "brutus: TargetCordoned: spec.maintenance of XenHost brutus is Cordon",
      expect.stringMatching(/^caesar: fits, [0-9]+ MiB free, chosen$/),
    ]);
  });

  it("that cannot be admitted names each failed check, and begins when they pass", async () => {
    const stage = await xenRig({
      objects: [dom0("brutus", { maintenance: "Cordon" }), migration("go", { targetHostRef: { name: "brutus" } })],
      prepare: (it) =>
        it.rack.xen.createDomain(
          "brutus",
          configuration({ name: "filler", uuid: "37baabc6-98d5-48a2-9634-a38b12e29c00", memory: 950 }),
        ),
    });
    await eventually(stage, () => word(stage, "XenMigration", "go", "Admitted"), "False/TargetCordoned", 3);
    expect(said(stage, "go", "Admitted")).toMatch(
      /^TargetCordoned: spec\.maintenance of XenHost brutus is Cordon; NotEnoughMemory: brutus has [0-9]+ MiB free, vm-test needs 134 MiB; dom0 owns 1024 of 2047 MiB, .*boot Xen with dom0_mem=940M,max:940M /,
    );
    expect(outcome(stage, "go")).toBe("Unknown/TargetCordoned");
    stage.rack.xen.destroyDomain("brutus", "filler");
    stage.apply(dom0("brutus"));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
  });
});

describe("a domain that nobody declared", () => {
  const disks = (...paths: readonly string[]) =>
    configuration().replace(
      "disk = [ ]",
      `disk = [ ${paths.map((path) => `"format=raw, vdev=xvda, access=rw, target=${path}"`).join(", ")} ]`,
    );
  const rigWith = (...paths: readonly string[]) =>
    xenRig({
      objects: [migration("go", { targetHostRef: { name: "brutus" } })],
      prepare: ({ rack }) => {
        for (const host of ["bella", "brutus"]) rack.writeFile(host, "/var/lib/xen/vm1.img", `of ${host}`);
        rack.writeFile("bella", "/srv/xen/vm1.img", "shared");
        rack.xen.destroyDomain("bella", "vm-test");
        rack.xen.createDomain("bella", disks(...paths));
      },
    });

  it("moves with a disk that both hosts share", async () => {
    const stage = await rigWith("/srv/xen/vm1.img");
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual(there);
  });

  it("stays where its disk is, though the target has something of that name", async () => {
    const stage = await rigWith("/srv/xen/vm1.img", "/var/lib/xen/vm1.img");
    await eventually(stage, () => outcome(stage, "go"), "False/MigrationFailed", 5);
    expect(said(stage, "go")).toContain(
      "bella did not begin the migration (DiskNotShared): vm-test has the disk /var/lib/xen/vm1.img, and nothing proves that it is the same on the target; accepted are raw images on an OCFS2 that both hosts have mounted at the same directory (now /srv/xen), and AoE devices",
    );
    expect(seen(stage)).toEqual(here);
  });
});

describe("an abort", () => {
  it("in precopy leaves the domain running on the source", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    stage.rack.xen.atPhase("Precopy", () => stage.clock.after(5_000, () => abort(stage)));
    await eventually(stage, () => outcome(stage, "go"), "False/AbortRequested", 5);
    expect(seen(stage)).toEqual(here);
    expect(word(stage, "XenMigration", "go", "Aborted")).toBe("True/AbortRequested");
  });

  it("after the point of no return is refused with the reason, and the migration succeeds", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    stage.rack.xen.atPhase("Go", () => abort(stage));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    expect(word(stage, "XenMigration", "go", "Aborted")).toBe("False/PastPointOfNoReturn");
    expect(seen(stage)).toEqual(there);
  });

  it("before it began ends it at once", async () => {
    const stage = await xenRig({
      objects: [migration("go", { targetHostRef: { name: "brutus" }, abort: "Requested" })],
    });
    await eventually(stage, () => outcome(stage, "go"), "False/AbortRequested", 1);
    expect(seen(stage)).toEqual(here);
  });

  it("is what a deletion asks for first", async () => {
    const stage = await xenRig({ objects: [migration("go", { targetHostRef: { name: "brutus" } })] });
    stage.rack.xen.atPhase("Precopy", () => stage.clock.after(3_000, () => stage.delete("XenMigration", at("go"))));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/Migrating", 5);
    await eventually(stage, () => stage.find("XenMigration", at("go")), undefined, 5);
    expect(stage.rack.xen.executions().map(({ host }) => host)).toEqual(["bella"]);
    expect(seen(stage)).toEqual(here);
    expect(stage.rack.xen.migrations()).toEqual([]);
  });
});

function abort(stage: Awaited<ReturnType<typeof xenRig>>): void {
  stage.patch("XenMigration", at("go"), { spec: { abort: "Requested" } });
}

function objectFinalizers(object: ReturnType<Awaited<ReturnType<typeof xenRig>>["find"]>): unknown {
  const metadata = object?.metadata;
  return typeof metadata === "object" && metadata !== null && "finalizers" in metadata ? metadata.finalizers : [];
}
