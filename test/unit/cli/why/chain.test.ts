import { describe, expect, it } from "vitest";
import { plain } from "../../../../src/cli/paint.ts";
import { causesOf, chainOf, type Link } from "../../../../src/cli/why/chain.ts";
import { chainText } from "../../../../src/cli/why/text.ts";
import * as w from "../world.ts";

/** The shape of a chain in one line: `XenDomain vm-test NotMounted > (Ocfs2Cluster xen …)`. */
function shape({ kind, name, reason, repeated, waitsFor }: Link): string {
  const own = `${kind} ${name} ${reason}${repeated ? " (again)" : ""}`;
  return waitsFor.length === 0 ? own : `${own} > [${waitsFor.map(shape).join(", ")}]`;
}
const chain = (kind: string, name: string, rack: w.Rack) => {
  const world = w.rack(rack);
  return chainOf(w.find(world, kind, name), world);
};

const unreachable = { Reachable: w.not("Unreachable", "no route"), Ready: w.not("Unreachable", "no route") };
const waiting = (reason: string) => ({ Ready: w.not(reason, `${reason}!`) });

describe("why an object is not ready", () => {
  it.each<[string, string, string, w.Rack, string]>([
    [
      "one that is ready waits for nothing, whatever else is the matter",
      "AoeVolume",
      "data",
      { servers: [w.server(unreachable)] },
      "AoeVolume data Ready",
    ],
    [
      "one whose own spec is the matter ends the chain",
      "AoeVolume",
      "data",
      { volumes: [w.volume(waiting("BackingMissing"))] },
      "AoeVolume data BackingMissing",
    ],
    [
      "a volume waits for its server, and that for its Secret",
      ...(["AoeVolume", "data"] as const),
      {
        volumes: [w.volume(waiting("ServerNotReady"))],
        servers: [w.server(waiting("SecretNotFound"))],
        secret: "Absent",
      },
      "AoeVolume data ServerNotReady > [AoeServer san SecretNotFound > [Secret rack-ssh NotFound]]",
    ],
    [
      "a Secret that may not be seen is not said to be missing",
      ...(["AoeServer", "san"] as const),
      { servers: [w.server(waiting("AuthenticationFailed"))], secret: "Unknown" },
      "AoeServer san AuthenticationFailed",
    ],
    [
      "a domain waits for the file system of its disk, down to the SAN, and each object is walked once",
      ...(["XenDomain", "vm-test"] as const),
      {
        domains: [w.domain(waiting("NotMounted"))],
        clusters: [w.cluster(waiting("VolumeNotAttached"))],
        volumes: [w.volume(waiting("NotAttached"))],
        servers: [w.server(unreachable)],
        hosts: [w.host("bella"), w.host("brutus", unreachable)],
      },
      "XenDomain vm-test NotMounted > [Ocfs2Cluster xen VolumeNotAttached > [AoeVolume data NotAttached > [AoeServer san Unreachable, XenHost brutus Unreachable], XenHost brutus Unreachable (again)], XenHost brutus Unreachable (again)]",
    ],
    [
      "a reference to nothing is named",
      ...(["AoeVolume", "data"] as const),
      { volumes: [w.volume(waiting("ServerNotFound"))], servers: [] },
      "AoeVolume data ServerNotFound > [AoeServer san NotFound]",
    ],
    [
      "hosts that wait for each other do not go round for ever",
      ...(["XenHost", "bella"] as const),
      {
        hosts: [
          w.host(
            "bella",
            { RelocationReady: w.not("PeerUnreachable", "p"), ...waiting("PeerUnreachable") },
            {},
            { relocation: { mode: "Enabled", allowedSourceHostRefs: [{ name: "brutus" }] } },
          ),
          w.host(
            "brutus",
            { RelocationReady: w.not("PeerUnreachable", "p"), ...waiting("PeerUnreachable") },
            {},
            { relocation: { mode: "Enabled", allowedSourceHostRefs: [{ name: "bella" }] } },
          ),
        ],
      },
      "XenHost bella PeerUnreachable > [XenHost brutus PeerUnreachable]",
    ],
    [
      "a spec that was changed a moment ago is not judged by what is said of the old one",
      ...(["AoeServer", "san"] as const),
      { servers: [w.server({ Ready: { ...w.fine, generation: 0 } })] },
      "AoeServer san Pending",
    ],
    [
      "a migration that was not admitted waits for its target",
      ...(["XenMigration", "move"] as const),
      {
        migrations: [
          w.migration("move", {
            Admitted: w.not("HostNotReady", "brutus"),
            Succeeded: w.unknown("HostNotReady", "brutus"),
          }),
        ],
        hosts: [w.host("bella"), w.host("brutus", unreachable)],
      },
      "XenMigration move HostNotReady > [XenHost brutus Unreachable]",
    ],
    [
      "a migration in the queue waits for the one that has begun",
      ...(["XenMigration", "second"] as const),
      {
        migrations: [
          w.migration("first", { Succeeded: w.unknown("Migrating", "on its way") }, { operationID: "a" }),
          w.migration("over", { Succeeded: w.fine }, { operationID: "b" }),
          w.migration("second", {
            Admitted: w.unknown("WaitingForPermit", "1st"),
            Succeeded: w.unknown("WaitingForPermit", "1st"),
          }),
        ],
      },
      "XenMigration second WaitingForPermit > [XenMigration first Migrating]",
    ],
    [
      "a migration without a target waits for every host that could be one",
      ...(["XenMigration", "move"] as const),
      {
        migrations: [
          w.migration(
            "move",
            { Admitted: w.not("NoTarget", "none"), Succeeded: w.unknown("NoTarget", "none") },
            { sourceHostRef: { name: "bella" } },
            { targetHostRef: undefined },
          ),
        ],
        hosts: [w.host("bella"), w.host("brutus", unreachable)],
      },
      "XenMigration move NoTarget > [XenHost brutus Unreachable]",
    ],
    [
      "a host that is being drained waits for the migrations away from it",
      ...(["XenHost", "bella"] as const),
      {
        hosts: [
          w.host(
            "bella",
            { Drained: w.not("Draining", "vm-test"), ...waiting("Draining") },
            {},
            { maintenance: "Drain" },
          ),
          w.host("brutus"),
        ],
        migrations: [
          w.migration(
            "drain",
            { Succeeded: w.unknown("Migrating", "half") },
            { sourceHostRef: { name: "bella" }, operationID: "a" },
          ),
        ],
      },
      "XenHost bella Draining > [XenMigration drain Migrating]",
    ],
  ])("%s", (_title, kind, name, rack, expected) => {
    expect(shape(chain(kind, name, rack))).toBe(expected);
  });

  it("ends in causes, what is missing first, each with what to do", () => {
    const found = chain("AoeVolume", "data", {
      volumes: [w.volume(waiting("ServerNotReady"))],
      servers: [w.server(unreachable)],
      hosts: [w.host("bella")],
    });
    expect(causesOf(found).map(({ kind, name, action }) => ({ kind, name, action }))).toEqual([
      { kind: "XenHost", name: "brutus", action: "Create it in namespace san, or correct the reference." },
      { kind: "AoeServer", name: "san", action: "Check power, network and spec.ssh; xensan retries." },
    ]);
  });

  it("says that an object is paused, be it ready or not", () => {
    const Paused: w.Said = { status: "True", reason: "Paused", message: "keeps xensan from changing anything" };
    for (const Ready of [w.fine, w.not("BackingMissing", "gone")]) {
      const found = chain("AoeVolume", "data", { volumes: [w.volume({ Ready, Paused })] });
      expect(chainText([found], { width: 80, paint: plain })).toContain(
        "Paused True, Paused: keeps xensan from changing anything",
      );
    }
  });

  it("names the object's own failure first", () => {
    const found = chain("AoeVolume", "data", {
      volumes: [w.volume(waiting("BackingMissing"))],
      hosts: [w.host("bella", unreachable), w.host("brutus")],
    });
    expect(causesOf(found).map(({ kind, name, reason }) => `${kind} ${name} ${reason}`)).toEqual([
      "AoeVolume data BackingMissing",
      "XenHost bella Unreachable",
    ]);
  });

  it("reads as a tree that says each thing once", () => {
    const found = chain("XenDomain", "vm-test", {
      domains: [
        w.domain({
          DisksReady: w.not("NotMounted", "/srv/xen is not mounted on brutus"),
          PendingRestart: { status: "False", reason: "Applied", message: "nothing waits" },
          Ready: w.not("NotMounted", "/srv/xen is not mounted on brutus"),
        }),
      ],
      clusters: [w.cluster({ Online: w.unknown("Unreachable", "brutus cannot be reached"), ...waiting("NotMounted") })],
      hosts: [w.host("bella"), w.host("brutus", unreachable)],
    });
    expect(chainText([found], { width: 100, paint: plain })).toMatchInlineSnapshot(`
      "✘ XenDomain vm-test: NotMounted
      │   /srv/xen is not mounted on brutus
      ├─ ✘ Ocfs2Cluster xen (disk xvda): NotMounted
      │  │   NotMounted!
      │  │   Online Unknown, Unreachable: brutus cannot be reached
      │  └─ ✘ XenHost brutus (node 1): Unreachable
      │         no route
      └─ ✘ XenHost brutus (spec.hostRefs): Unreachable (see above)

      Cause:
        * XenHost brutus, Unreachable: no route
          What to do: Check power, network and spec.ssh; xensan retries.
      "
    `);
  });

  it("says of what is ready that it is", () => {
    expect(chainText([chain("AoeVolume", "data", {})], { width: 100, paint: plain })).toBe(
      "✔ AoeVolume data: Ready\n    Everything is as the spec says\n",
    );
  });
});
