import { describe, expect, it } from "vitest";
import type { AoeVolumeStatus } from "../../../../src/api/aoe-volume.ts";
import { describe as describeVolume } from "../../../../src/controllers/aoe-volume/describe.ts";
import { ensureExport, runOf } from "../../../../src/controllers/aoe-volume/ensure-export.ts";
import type { Bystander, VolumeObservation } from "../../../../src/controllers/aoe-volume/observation.ts";
import type { BackingFact, Export, HostFacts } from "../../../../src/host/facts.ts";
import { decision } from "../decision.ts";
import { known, reachable, unreachable } from "../facts.ts";
import { backing, card, mac, served, server, size, sound, volume } from "./observations.ts";

type Rest = Partial<VolumeObservation>;
const look = (given: Partial<HostFacts> = {}, rest: Rest = {}, spec: object = {}) =>
  decision(ensureExport(volume({ server: server({ ...sound, ...given }), ...rest }, spec)));
const runs = (rest: Partial<Export> = {}) => ({ exports: known([{ ...served, ...rest }]) });
const has = (rest: Partial<BackingFact> = {}) => ({ backings: known([{ ...backing, ...rest }]) });
const smaller = { backing: { file: { path: "/srv/vm.img", size: "512Mi" } } };
const missing = has({ kind: "Missing", realPath: "", sizeBytes: 0, identity: "", lasting: "", owner: "" });
const none = { exports: known([]) };
const another = { ref: { kind: "XenHost", namespace: "other", name: "carl" }, host: "XenHost other/carl" };
const device = { shelf: 0, slot: 1, up: true, flags: [], macs: [mac], interfaces: ["eth1"], payload: undefined };
const holder: Bystander = {
  ...another,
  view: reachable({ aoeDevices: known([{ ...device, sizeBytes: size, users: ["/mnt"] }]) }),
  ...{ fresh: true, trusted: true },
};
const held = { bystanders: [holder] };
const unsure = { bystanders: [{ ...holder, view: unreachable }] };

const make = "AoeServer san1 ensure-file san/vm 1 /srv/vm.img 1073741824 - /srv/*";
const start = (restart: string, options = "-s") =>
  `AoeServer san1 ensure-export san/vm 1 0 1 eth1 /srv/vm.img ${options} ${restart} - - eth1=default /srv/*`;
const remove = "interrupting AoeServer san1 remove-export san/vm 1 0 2 eth1";
const stops = (exported: string, ...steps: string[]) => ({
  conditions: [
    `Exported ${exported}`,
    `Attached ${exported.split(" ")[0]} NotExported: The volume is not exported yet`,
  ],
  ...{ steps, proceed: false },
});
const fine = "True Exported: e0.1 is served by AoeServer san1 on eth1";
const goesOn = (exported: string, ...steps: string[]) => ({
  ...{ conditions: [`Exported ${exported}`], steps, proceed: true },
});
const notYet = "False Progressing: e0.1 is not yet served by AoeServer san1 on eth1";
const changes = (...steps: string[]) => ({
  conditions: [
    "Exported False Progressing: e0.1 is served by AoeServer san1 on eth1 and is being changed",
    "Attached Unknown Progressing: The export is being changed",
  ],
  ...{ steps, proceed: false },
});
const waits = (why: string, ...steps: string[]) =>
  goesOn(
    `True ClientHoldsDevice: e0.1 is served by AoeServer san1 on eth1, but ${why} while the device is held by XenHost other/carl (/mnt): release the device on the client, and xensan applies the change`,
    ...steps,
  );

describe("the export of a volume", () => {
  it.each<[string, Partial<HostFacts>, Rest, ReturnType<typeof stops>]>([
    ["runs as asked", {}, {}, goesOn(fine)],
    ["is started with its backing", { ...none, ...missing }, {}, stops(notYet, make, start("ifneeded"))],
    ["is started", none, {}, stops(notYet, start("ifneeded"))],
    ["is started again", runs({ pid: undefined }), {}, stops(notYet, start("ifneeded"))],
    ["is started, and no vblade restarted that a client holds", none, held, stops(notYet, start("forbidden"))],
    ["is adopted without a restart", runs({ owner: "" }), {}, goesOn(fine, start("forbidden"))],
    ["gets its backing recorded", runs({ recorded: "" }), {}, goesOn(fine, start("forbidden"))],
    ["is changed", runs({ options: ["-r"] }), {}, changes(`interrupting ${start("ifneeded")}`)],
    ["is kept over a reboot", runs({ persistence: "None" }), {}, changes(`interrupting ${start("ifneeded")}`)],
    ["is started as configured", runs({ runningDiffers: true }), {}, changes(`interrupting ${start("ifneeded")}`)],
    [
      "runs on as it was started while held",
      runs({ runningDiffers: true }),
      held,
      waits("vblade keeps its current parameters"),
    ],
    ["is not changed while held", runs({ options: ["-r"] }), held, waits("vblade keeps its current parameters")],
    [
      "gets only its configuration back while held",
      runs({ options: ["-r"], runningDiffers: true }),
      held,
      waits("vblade keeps its current parameters", start("forbidden")),
    ],
    ["grows", has({ sizeBytes: size / 2 }), {}, changes(`interrupting ${make}`, `interrupting ${start("always")}`)],
    [
      "does not grow while held",
      has({ sizeBytes: size / 2 }),
      held,
      waits("the backing keeps 536870912 bytes instead of 1073741824"),
    ],
  ])("%s", (_, given, rest, expected) => {
    expect(look(given, rest)).toEqual(expected);
  });

  const booted = (bootId: string) => known({ hostname: "san1", machineId: "", bootId, claims: new Map() });
  const identity = booted("11111111-1111-4111-8111-111111111111");
  const old = { recorded: { size: "512Mi", server: { run: runOf(7, identity) } } };
  it("is restarted for a size that vblade does not know, unless it is held", () => {
    expect(look({ identity }, old)).toEqual(changes(`interrupting ${start("always")}`));
    expect(look({ identity }, { ...old, ...held })).toEqual(
      waits("clients keep seeing 536870912 bytes instead of 1073741824"),
    );
    const unknown = { identity: { state: "unknown", why: "" } } as const;
    expect(look(unknown, { ...old, ...held })).toEqual(
      waits("clients keep seeing 536870912 bytes instead of 1073741824"),
    );
  });

  it("serves the new size after a reboot, also if its process has the pid of before", () => {
    expect(look({ identity: booted("22222222-2222-4222-8222-222222222222") }, { ...old, ...held })).toEqual(
      goesOn(fine),
    );
  });

  it("keeps its parameters while a host that may hold it does not answer", () => {
    expect(look(runs({ options: ["-r"] }), unsure)).toEqual(
      goesOn(
        "True ClientUnknown: e0.1 is served by AoeServer san1 on eth1, but vblade keeps its current parameters while xensan cannot determine which processes hold the device: XenHost other/carl cannot be reached (Unreachable): release the device on the client, and xensan applies the change",
      ),
    );
  });

  it("moves to another address once nobody holds the former one", () => {
    const former = { exports: known([{ ...served, slot: 2 }]) };
    expect(look(former)).toEqual(stops(notYet, remove, start("ifneeded")));
    const holds = (slot: number) => ({
      bystanders: [
        { ...holder, view: reachable({ aoeDevices: known([{ ...device, slot, sizeBytes: size, users: ["/mnt"] }]) }) },
      ],
    });
    expect(look(former, holds(3))).toEqual(stops(notYet, remove, start("ifneeded")));
    expect(look(former, holds(2))).toEqual(
      stops(
        `${notYet}; the former export e0.2 on eth1 keeps running while the device is held by XenHost other/carl (/mnt)`,
      ),
    );
  });

  it("says what sync: Disabled costs", () => {
    expect(look(runs({ options: [] }), {}, { sync: "Disabled" })).toEqual(
      goesOn(`${fine}; sync is Disabled: a power failure of the server loses writes that clients consider complete`),
    );
  });

  it("is not up on an interface that is down", () => {
    expect(look({ interfaces: known([{ ...card, adminUp: false }]) })).toEqual(
      goesOn(
        "False InterfaceDown: e0.1 is served by AoeServer san1, but no client can reach it: network interface eth1 is down",
      ),
    );
  });
});

describe("a backing with fewer bytes than were recorded", () => {
  const half = size / 2;
  const id = "file:fs:2:3";
  const having = (rest: Partial<BackingFact>) => ({ ...runs({ recorded: id }), ...has({ lasting: id, ...rest }) });
  const less = having({ sizeBytes: half });
  const recorded = (rest: object = {}, status: object = {}): Rest => ({
    recorded: { backing: { identity: id, path: "/srv/vm.img", ...rest }, ...status },
  });
  const whole = recorded({ size: "1Gi" });
  const lost = stops(
    `False BackingChanged: /srv/vm.img has 536870912 bytes, but 1073741824 were recorded, and xensan neither grows it nor starts its export; restore the file, or set the annotation xensan.dev/approve=ReplaceBacking:${id} to accept that the rest is lost (an approval counts once: first remove one of the same value) (AoeServer san1)`,
  );

  it.each<[string, Partial<HostFacts>, Rest, object]>([
    ["is not grown under its vblade", less, whole, {}],
    ["is not served again", { ...less, ...none }, whole, {}],
    ["is not served again with the size of the spec", { ...less, ...none }, whole, smaller],
    ["is told by what clients saw", less, recorded({}, { size: "1Gi" }), {}],
    ["is told although vblade started with less", less, recorded({ size: "1Gi" }, { size: "512Mi" }), {}],
    ["is told by a sector", having({ sizeBytes: size - 512 }), whole, smaller],
  ])("%s", (_, given, rest, spec) => {
    const { conditions, steps, proceed } = look(given, rest, spec);
    const text = (one: string) => one.replace(/has \d+ bytes/, "has 536870912 bytes");
    expect({ conditions: conditions.map(text), steps, proceed }).toEqual(lost);
  });

  it("says how a logical volume is restored", () => {
    const { conditions } = look(having({ kind: "BlockDevice", sizeBytes: half }), whole);
    expect(conditions[0]).toContain("with vgcfgrestore before anything else uses its extents");
  });

  it.each<[string, Partial<HostFacts>, Rest]>([
    ["an earlier growth was interrupted", less, recorded({ size: "512Mi" })],
    ["clients saw as little", less, recorded({}, { size: "512Mi" })],
    ["a person gave up the rest", less, { ...whole, approved: `ReplaceBacking:${id}` }],
  ])("is grown when %s", (_, given, rest) => {
    const replaces = rest.approved === undefined ? "-" : id;
    expect(look(given, rest).steps[0]).toBe(`interrupting ${make.replace(" - ", ` ${replaces} `)}`);
  });

  it("is none of a backing that took its place, nor one that has grown", () => {
    const former = "file:fs:1:1";
    const gaveUp = { ...recorded({ identity: former, size: "2Gi" }), approved: `ReplaceBacking:${former}` };
    expect(look(having({}), gaveUp)).toEqual(goesOn(fine));
    expect(look(having({}), recorded({ size: "512Mi" }))).toEqual(goesOn(fine));
    expect(look(having({}), whole, smaller)).toEqual(goesOn(fine));
  });
});

describe("a vblade whose backing a person gave up while it runs", () => {
  const former = "file:fs:1:1";
  const gaveUp: Rest = {
    recorded: { backing: { identity: former, path: "/srv/vm.img", size: "1Gi" } },
    approved: `ReplaceBacking:${former}`,
  };
  const serves = { ...runs({ recorded: former }), ...has({ lasting: "file:fs:2:2" }) };
  const anew = `AoeServer san1 ensure-export san/vm 1 0 1 eth1 /srv/vm.img -s always ${former} ${former} eth1=default /srv/*`;

  it("is replaced by one that opens the new backing", () => {
    expect(look(serves, gaveUp)).toEqual(changes(`interrupting ${anew}`));
    expect(look({ ...serves, ...runs({ recorded: "file:fs:2:2" }) }, gaveUp)).toEqual(goesOn(fine));
  });

  it("is not Exported while a client holds what it still serves", () => {
    const { conditions, steps, proceed } = look(serves, { ...gaveUp, ...held });
    expect({ steps, proceed }).toEqual({ steps: [], proceed: false });
    expect(conditions[0]).toMatch(
      /^Exported False BackingChanged: vblade still serves the former backing, file:fs:1:1/,
    );
  });
});

describe("the recorded size of a backing", () => {
  const described = (bytes: number, rest: Rest, given: Partial<HostFacts> = {}) => {
    const status: AoeVolumeStatus = {};
    describeVolume(status, volume({ server: server({ ...sound, ...has({ sizeBytes: bytes }), ...given }), ...rest }));
    return status.backing;
  };
  const recorded = (bytes: string | undefined) => ({
    identity: "x",
    path: "/srv/vm.img",
    ...(bytes && { size: bytes }),
  });

  it.each<[string, number, Rest, Partial<HostFacts>, string]>([
    ["is that of the first start", size, { recorded: {} }, {}, "1Gi"],
    ["grows", size, { recorded: { backing: recorded("512Mi") } }, {}, "1Gi"],
    ["stays when the end is lost", size / 2, { recorded: { backing: recorded("1Gi") } }, {}, "1Gi"],
    ["stays while nothing is served", size / 2, { recorded: { backing: recorded("1Gi") } }, none, "1Gi"],
    ["is what clients saw", size / 2, { recorded: { backing: recorded(undefined), size: "1Gi" } }, {}, "1Gi"],
    [
      "is the present one once a person gave up the rest",
      size / 2,
      { recorded: { backing: recorded("1Gi"), size: "1Gi" }, approved: "ReplaceBacking:x" },
      none,
      "512Mi",
    ],
    [
      "is that of the backing that took its place",
      size,
      { recorded: { backing: { ...recorded("2Gi"), identity: "w" }, size: "2Gi" }, approved: "ReplaceBacking:w" },
      {},
      "1Gi",
    ],
  ])("%s", (_, bytes, rest, given, expected) => {
    expect(described(bytes, rest, given)).toEqual(recorded(expected));
  });

  it("stays while the backing is missing, or another one has its name", () => {
    const rest = { recorded: { backing: recorded("1Gi") } };
    expect(described(0, rest, missing)).toEqual(recorded("1Gi"));
    expect(described(2 * size, rest, has({ sizeBytes: 2 * size, lasting: "y" }))).toEqual(recorded("1Gi"));
  });
});

describe("what is not exported", () => {
  const device = { backing: { device: "/dev/sdb" } };
  const nothing = {
    ...missing,
    backings: known([{ ...backing, path: "/dev/sdb", kind: "Missing" as const, lasting: "" }]),
  };
  it.each<[string, Partial<HostFacts>, Rest, object, string]>([
    [
      "on a server without vblade",
      { ...none, tools: known(new Map()) },
      {},
      {},
      "False ServerNotReady: AoeServer san1 cannot export yet: vblade is not installed: install it on the host (on Debian: apt-get install vblade)",
    ],
    [
      "by the vblade of another backing",
      {
        ...runs({ owner: "", backing: "/srv/other.img", backingIdentity: "file:3:4", recorded: "" }),
        interfaces: known([]),
      },
      {},
      {},
      "False ServerNotReady: AoeServer san1 cannot export yet: network interface eth1 does not exist; the host has none: correct the interface in the spec",
    ],
    [
      "a backing out of bounds",
      {},
      {},
      { backing: { file: { path: "/home/vm.img", size: "1Gi" } } },
      "False BackingOutsideBounds: /home/vm.img is not in allowedBackings of AoeServer san1 (/srv/*). Use another backing, or ask the owner of the server to allow this one.",
    ],
    [
      "a backing that the server does not report",
      { backings: { state: "unknown", why: "stat failed" } },
      {},
      {},
      "Unknown FactsUnknown: AoeServer san1 did not report what /srv/vm.img is: stat failed",
    ],
    ...["/dev/fd/11", "/dev/stdin", "/dev/shm/vm.img", "/dev/mqueue/a"].map(
      (path): [string, Partial<HostFacts>, Rest, object, string] => [
        `${path}, which is no device`,
        {},
        {},
        { backing: { device: path } },
        `False BackingOutsideBounds: ${path} is not in allowedBackings of AoeServer san1 (/srv/*). Use another backing, or ask the owner of the server to allow this one.`,
      ],
    ),
    [
      "a backing that the server cannot examine",
      { backings: { state: "known", value: [], unread: [{ why: "Input/output error", row: "/srv/vm.img" }] } },
      {},
      {},
      "Unknown FactsUnknown: AoeServer san1 did not report what /srv/vm.img is: Input/output error",
    ],
    [
      "a backing that was not asked for",
      { backings: known([]) },
      {},
      {},
      "Unknown FactsUnknown: AoeServer san1 did not report what /srv/vm.img is: the probe did not include it",
    ],
    [
      "a device that is not there",
      { ...none, ...nothing },
      {},
      device,
      "False BackingMissing: /dev/sdb does not exist on AoeServer san1: attach the disk or create another AoeVolume with the right path",
    ],
    [
      "another backing than the recorded one",
      has({ lasting: "y" }),
      {},
      {},
      "False BackingChanged: /srv/vm.img is y, but the recorded backing is x, and xensan does not serve another one; restore the recorded backing, or set the annotation xensan.dev/approve=ReplaceBacking:x to accept that it is lost (an approval counts once: first remove one of the same value) (AoeServer san1)",
    ],
    [
      "a new file in place of a recorded one that is gone",
      missing,
      {},
      {},
      "False BackingMissing: /srv/vm.img does not exist. The recorded backing is x, and xensan neither creates nor serves another one; restore the recorded backing, or set the annotation xensan.dev/approve=ReplaceBacking:x to accept that it is lost (an approval counts once: first remove one of the same value) (AoeServer san1)",
    ],
  ])("is %s", (_, given, rest, spec, exported) => {
    expect(look(given, rest, spec)).toEqual(stops(exported));
  });
});
