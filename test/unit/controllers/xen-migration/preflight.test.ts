import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import type { HostView } from "../../../../src/controllers/hosts/view.ts";
import { permitFor, type Reservation } from "../../../../src/controllers/xen-migration/permits.ts";
import { neededMiB, preflight } from "../../../../src/controllers/xen-migration/preflight.ts";
import { isStalled, progressed } from "../../../../src/controllers/xen-migration/progress.ts";
import { chooseTarget } from "../../../../src/controllers/xen-migration/target.ts";
import type { HostSheet, Transfer, Traveller } from "../../../../src/controllers/xen-migration/transfer.ts";
import type { HostFacts } from "../../../../src/host/facts.ts";
import type { DomainFact, Toolstack, XenInfo } from "../../../../src/host/xen-facts.ts";
import { reachable as answering, known } from "../facts.ts";

const capabilities = "178bfbff:80982201:20100800:00000005:00000000:00000000:00000000:00000000";
const info: XenInfo = {
  major: 4,
  minor: 17,
  extra: ".7",
  totalMemory: 2047,
  freeMemory: 900,
  cpus: 1,
  hardwareCapabilities: capabilities,
  virtualisation: ["pv", "hvm", "hap"],
};
const toolstack: Toolstack = {
  kind: "xl",
  dom0: true,
  info,
  automaticDomains: undefined,
  services: new Map(),
  bridges: ["xenbr0"],
  xendConfiguration: undefined,
  xendPassword: undefined,
};
const row: DomainFact = {
  id: 7,
  name: "vm-test",
  uuid: "u1",
  memory: 128,
  vcpus: 1,
  state: "-b----",
  shutdownReason: "-",
  seconds: 3,
};

const reachable = (change: Partial<HostFacts> = {}): HostView =>
  answering({
    ...{ identity: known({ hostname: "host", machineId: "m1", bootId: "b1", claims: new Map() }), mounts: known([]) },
    ...{
      toolstack: known(toolstack),
      domains: known({ domains: [], processes: [] }),
      migrations: known([]),
      ...change,
    },
  });

const spec = (rest: object = {}) =>
  xenHostSpecSchema.parse({
    ssh: { host: "10.0.0.1", privateKeySecretRef: { name: "key" } },
    aoe: { interfaces: ["eth1"] },
    relocation: { mode: "Enabled", address: "10.0.0.1", allowedSourceHostRefs: [{ name: "bella" }] },
    allowed: { bridges: ["br*", "xenbr*"] },
    ...rest,
  });

const good = { status: "True", reason: "Ready", message: "" } as const;
const sheet = (name: string, change: Partial<HostFacts> = {}, rest: Partial<HostSheet> = {}): HostSheet => ({
  name,
  spec: spec(),
  ready: good,
  relocationReady: good,
  view: reachable(change),
  ...rest,
});
const withInfo = (change: Partial<XenInfo>): Partial<HostFacts> => ({
  toolstack: known({ ...toolstack, info: { ...info, ...change } }),
});
const ocfs2 = (mountPoint: string, uuid: string): Partial<HostFacts> => ({
  mounts: known([
    { device: "152:16", root: "/", source: "/dev/etherd/e0.1", mountPoint, type: "ocfs2", options: ["rw"] },
  ]),
  sharedDevices: known([
    {
      path: "/dev/etherd/e0.1",
      content: "Ocfs2",
      signature: "ocfs2",
      sizeBytes: 2 ** 31,
      superblock: {
        uuid,
        label: "DATA",
        stack: "o2cb",
        cluster: "data",
        globalHeartbeat: false,
        nodeSlots: 8,
        sizeBytes: 2 ** 31,
        blockSize: 4096,
        clusterSize: 4096,
      },
      heartbeats: [],
      slots: [],
      mounts: [{ mountPoint, access: "ReadWrite", options: [] }],
    },
  ]),
});

const domain: Traveller = {
  name: "vm-test",
  uuid: "u1",
  id: 7,
  memoryMiB: 128,
  maxMemoryMiB: undefined,
  vcpus: 1,
  cpus: undefined,
  state: "-b----",
  type: undefined,
  bridges: undefined,
  ovsBridges: undefined,
  bootFiles: undefined,
  settings: undefined,
  filesystems: undefined,
  hosts: undefined,
  images: undefined,
  cdroms: undefined,
  owner: undefined,
};
const running = { domains: known({ domains: [row], processes: [] }) };
const source = sheet("bella", running);
/** The facts about the path of an ISO. */
const shows = (kind: "File" | "Missing") => {
  const nothing = {
    sizeBytes: 0,
    identity: undefined,
    record: undefined,
    users: [],
    work: undefined,
  };
  return { images: known([{ path: "/srv/xen/debian.iso", kind, ...nothing }]) };
};
const move = (change: Partial<Transfer> = {}): Transfer => ({
  domain,
  mode: "Live",
  source,
  target: sheet("brutus"),
  ...change,
});
const reasons = (change: Partial<Transfer>) => preflight(move(change)).map(({ reason }) => reason);

describe("the checks before a migration", () => {
  it("let a domain go where everything fits", () => {
    expect(preflight(move())).toEqual([]);
  });

  const cases: readonly (readonly [string, Partial<Transfer>, string, string])[] = [
    [
      "a target that is not Ready",
      { target: sheet("brutus", {}, { ready: { status: "False", reason: "AoeReady", message: "down" } }) },
      "HostNotReady",
      "brutus is not Ready (AoeReady: down)",
    ],
    [
      "a cordoned target",
      { target: sheet("brutus", {}, { spec: spec({ maintenance: "Cordon" }) }) },
      "TargetCordoned",
      "spec.maintenance of XenHost brutus is Cordon",
    ],
    [
      "a target that the XenDomain does not name",
      { domain: { ...domain, hosts: ["bella", "caesar"] } },
      "TargetNotAllowed",
      "XenDomain vm-test may run only on bella, caesar, not on brutus",
    ],
    [
      "a target that does not allow the source",
      {
        target: sheet(
          "brutus",
          {},
          { spec: spec({ relocation: { mode: "Enabled", allowedSourceHostRefs: [{ name: "caesar" }] } }) },
        ),
      },
      "RelocationNotAllowed",
      "spec.relocation of XenHost brutus does not allow domains from bella",
    ],
    [
      "a channel that is not ready",
      {
        target: sheet(
          "brutus",
          {},
          { relocationReady: { status: "Unknown", reason: "NotVerified", message: "bella" } },
        ),
      },
      "RelocationNotReady",
      "RelocationReady of brutus is Unknown (NotVerified: bella)",
    ],
    [
      "a domain that is paused",
      { domain: { ...domain, state: "--p---" } },
      "DomainNotRunning",
      "vm-test is paused on bella",
    ],
    [
      "a leftover on the target",
      {
        target: sheet("brutus", {
          domains: known({ domains: [{ ...row, name: "vm-test--incoming", state: "--p---" }], processes: [] }),
        }),
      },
      "AlreadyThere",
      "brutus has vm-test--incoming (id 7, paused) with the UUID of vm-test",
    ],
    [
      "a name that is taken",
      { target: sheet("brutus", { domains: known({ domains: [{ ...row, uuid: "u2" }], processes: [] }) }) },
      "NameOccupied",
      "brutus has another domain vm-test (id 7, u2)",
    ],
    [
      "another toolstack",
      { target: sheet("brutus", { toolstack: known({ ...toolstack, kind: "xm" }) }) },
      "ToolstackDiffers",
      "bella has xl, brutus has xm",
    ],
    [
      "too little memory",
      { target: sheet("brutus", withInfo({ freeMemory: 133 })) },
      "NotEnoughMemory",
      "brutus has 133 MiB free, vm-test needs 134 MiB",
    ],
    [
      "a Xen that is older",
      { target: sheet("brutus", withInfo({ minor: 16 })) },
      "XenVersionDiffers",
      "brutus runs Xen 4.16, bella runs 4.17: the target must run the same or the next version; a XenMigration of its XenDomain with mode Offline shuts the domain down and starts it on the target, and does not need this",
    ],
    [
      "a Xen that is two versions younger",
      { target: sheet("brutus", withInfo({ minor: 19 })) },
      "XenVersionDiffers",
      "brutus runs Xen 4.19, bella runs 4.17: the target must run the same or the next version; a XenMigration of its XenDomain with mode Offline shuts the domain down and starts it on the target, and does not need this",
    ],
    [
      "a CPU that lacks a feature",
      { target: sheet("brutus", withInfo({ hardwareCapabilities: capabilities.replace("178bfbff", "138bfbff") })) },
      "CpuFeaturesMissing",
      "The CPU of brutus lacks features of bella (CPUID 1.edx: 04000000); a XenMigration of its XenDomain with mode Offline shuts the domain down and starts it on the target, and does not need this",
    ],
    [
      "a PV guest without shadow paging",
      { domain: { ...domain, type: "PV" } },
      "ShadowPagingMissing",
      "vm-test is a PV guest, and Xen on bella is built without shadow paging (virt_caps pv hvm hap); a XenMigration of its XenDomain with mode Offline shuts the domain down and starts it on the target, and does not need this",
    ],
    [
      "processors that the target does not have",
      { domain: { ...domain, cpus: "0-7" }, target: sheet("brutus", withInfo({ cpus: 4 })) },
      "CpusMissing",
      "vm-test cannot run on brutus: the highest processor of the host is number 3, and spec.cpus is 0-7",
    ],
    [
      "a bridge that is missing",
      { domain: { ...domain, bridges: ["xenbr0", "xenbr7"] } },
      "BridgesMissing",
      "brutus has no bridge xenbr7; it has xenbr0",
    ],
    [
      "a bridge of Open vSwitch that is missing",
      {
        domain: { ...domain, ovsBridges: ["ovsbr0.20", "ovsbr0", "ovsbr1"] },
        target: sheet(
          "brutus",
          { toolstack: known({ ...toolstack, ovsBridges: ["ovsbr1"] }) },
          { spec: spec({ allowed: { bridges: ["ovsbr*"] } }) },
        ),
      },
      "BridgesMissing",
      "brutus has no bridge ovsbr0 of Open vSwitch; it has ovsbr1",
    ],
    [
      "a VLAN that the owner of the target does not allow",
      {
        domain: { ...domain, ovsBridges: ["ovsbr0.20"] },
        target: sheet(
          "brutus",
          { toolstack: known({ ...toolstack, ovsBridges: ["ovsbr0"] }) },
          { spec: spec({ allowed: { bridges: ["ovsbr0", "ovsbr0.1?"] } }) },
        ),
      },
      "BridgeOutsideBounds",
      "allowed.bridges of brutus (ovsbr0, ovsbr0.1?) does not list ovsbr0.20, to which vm-test is connected; add ovsbr0.20 to allow this",
    ],
    [
      "a bridge that the owner of the target does not allow",
      {
        domain: { ...domain, bridges: ["xenbr0"] },
        target: sheet("brutus", {}, { spec: spec({ allowed: { bridges: ["br-guest*"] } }) }),
      },
      "BridgeOutsideBounds",
      "allowed.bridges of brutus (br-guest*) does not list xenbr0, to which vm-test is connected; add xenbr0 to allow this",
    ],
    [
      "a kernel that the owner of the target does not allow",
      { domain: { ...domain, bootFiles: ["/boot/vmlinuz-6.1", "/boot/sub/initrd"] } },
      "BootFileOutsideBounds",
      "allowed.bootFiles of brutus (/boot/initrd.img-*, /boot/vmlinuz-*) does not list /boot/sub/initrd, from which vm-test boots",
    ],
    [
      "a setting that the owner of the target does not allow",
      {
        domain: {
          ...domain,
          settings: [
            { key: "usbdevice", value: "tablet" },
            { key: "cpu_weight", value: "64" },
          ],
        },
        target: sheet("brutus", {}, { spec: spec({ allowed: { settings: ["usbdevice=mouse", "cpu_weight"] } }) }),
      },
      "SettingOutsideBounds",
      "allowed.settings of brutus (usbdevice=mouse, cpu_weight) does not list usbdevice=tablet of vm-test; add usbdevice=tablet to allow this",
    ],
    [
      "a file system that the target has not mounted",
      { source: sheet("bella", ocfs2("/srv/xen", "f1")) },
      "FilesystemNotShared",
      "The file system at /srv/xen is not mounted on brutus",
    ],
    [
      "another file system at the same place",
      { source: sheet("bella", ocfs2("/srv/xen", "f1")), target: sheet("brutus", ocfs2("/srv/xen", "f2")) },
      "FilesystemNotShared",
      "The file system at /srv/xen on brutus is another file system (f2)",
    ],
    [
      "a file system that is not the recorded one",
      {
        domain: { ...domain, filesystems: [{ mountPoint: "/srv/xen", uuid: "f0" }] },
        source: sheet("bella", ocfs2("/srv/xen", "f1")),
        target: sheet("brutus", ocfs2("/srv/xen", "f1")),
      },
      "FilesystemNotShared",
      "The file system at /srv/xen on bella is another file system (f1) and on brutus is another file system (f1)",
    ],
    [
      "an image in a CD-ROM drive that the target does not have",
      {
        domain: { ...domain, cdroms: ["/srv/xen/debian.iso"] },
        source: sheet("bella", { ...running, ...shows("File") }),
        target: sheet("brutus", shows("Missing")),
      },
      "SourceMissing",
      "/srv/xen/debian.iso on brutus does not exist or is not a regular file",
    ],
    [
      "a source that does not tell which file systems it has",
      {
        domain: { ...domain, filesystems: [{ mountPoint: "/srv/xen", uuid: "f1" }] },
        source: sheet("bella", { ...ocfs2("/srv/xen", "f1"), sharedDevices: { state: "unknown", why: "no answer" } }),
        target: sheet("brutus", ocfs2("/srv/xen", "f1")),
      },
      "HostUnknown",
      "bella: file systems unknown: no answer",
    ],
    [
      "a target that cannot be reached",
      {
        target: sheet(
          "brutus",
          {},
          { view: { state: "Unreachable", reason: "Unreachable", message: "", last: undefined } },
        ),
      },
      "HostUnknown",
      "brutus cannot be reached (Unreachable)",
    ],
    [
      "a target whose domains are unknown",
      { target: sheet("brutus", { domains: { state: "unknown", why: "exit code 1" } }) },
      "HostUnknown",
      "brutus: domains unknown: exit code 1",
    ],
  ];
  it.each(cases)("name %s", (_what, change, reason, message) => {
    expect(preflight(move(change))).toEqual([{ reason, message }]);
  });

  it("name everything at once", () => {
    const target = sheet("brutus", withInfo({ minor: 19, freeMemory: 1 }), { spec: spec({ maintenance: "Drain" }) });
    expect(reasons({ target, domain: { ...domain, bridges: ["br9"] } })).toEqual([
      "TargetCordoned",
      "NotEnoughMemory",
      "BridgesMissing",
      "XenVersionDiffers",
    ]);
  });

  it("take the next version of Xen and a CPU with more features", () => {
    const more = withInfo({ minor: 18, hardwareCapabilities: capabilities.replace("00000005", "00000007") });
    expect(reasons({ target: sheet("brutus", more) })).toEqual([]);
  });

  const intel = "bfebfbff:77faf3ff:2c100800:00000121:0000000f:009c67af:00000000:00000100";
  it.each<[string, { source?: Partial<XenInfo>; target?: Partial<XenInfo> }]>([
    ["VMX switched off by the firmware", { target: { hardwareCapabilities: intel.replace("77faf3ff", "77faf3df") } }],
    ["no MONITOR", { target: { hardwareCapabilities: intel.replace("77faf3ff", "77faf3f7") } }],
    ["older power management", { source: { hardwareCapabilities: intel.replace("00000100", "9c000100") } }],
    [
      "the order of words before Xen 4.7",
      {
        source: {
          minor: 6,
          hardwareCapabilities: "bfebfbff:2c100800:00000000:00007f00:77faf3ff:00000000:00000121:009c67af",
        },
        target: { minor: 7 },
      },
    ],
  ])("look only at what a guest sees of a CPU: %s", (_what, { source = {}, target = {} }) => {
    const cpu = { hardwareCapabilities: intel };
    expect(
      reasons({
        source: sheet("bella", withInfo({ ...cpu, ...source })),
        target: sheet("brutus", withInfo({ ...cpu, ...target })),
      }),
    ).toEqual([]);
  });

  it("count what Xen itself needs for a domain", () => {
    expect(neededMiB({ memoryMiB: 1024, maxMemoryMiB: undefined, vcpus: 4 })).toBe(1024 + 4 + 8 + 4);
    expect(neededMiB({ memoryMiB: 1024, maxMemoryMiB: 4096, vcpus: 4 })).toBe(1024 + 4 + 32 + 4);
  });
});

describe("a target that nobody has named", () => {
  it("is the one with the most memory, of those into which nothing moves", () => {
    const hosts = [
      source,
      sheet("brutus", withInfo({ freeMemory: 500 })),
      sheet("caesar"),
      sheet("dora", withInfo({ freeMemory: 10 })),
    ];
    const choice = chooseTarget(move(), hosts, () => true);
    expect(choice.kind === "Chosen" && choice.target.name).toBe("caesar");
    expect(choice.reasons).toEqual([
      "brutus: fits, 500 MiB free",
      "caesar: fits, 900 MiB free, chosen",
      "dora: NotEnoughMemory: dora has 10 MiB free, vm-test needs 134 MiB",
    ]);
    const busy = chooseTarget(move(), hosts, ({ name }) => name !== "caesar");
    expect(busy.kind === "Chosen" && busy.target.name).toBe("brutus");
  });
});

describe("permits", () => {
  const claim = (id: string, rest: Partial<Reservation> = {}): Reservation => ({
    id,
    waitsSince: id,
    domain: id,
    source: `${id} s`,
    target: `${id} t`,
    ...rest,
  });

  it("are one per domain, one out of and one into a host, four in the fleet", () => {
    const holding = [claim("a")];
    const ask = (one: Reservation, held = holding) => permitFor(one, { holding: held, queued: [] }, 4).kind;
    expect(ask(claim("b"))).toBe("Free");
    expect(ask(claim("b", { domain: "a" }))).toBe("Taken");
    expect(ask(claim("b", { source: "a s" }))).toBe("Taken");
    expect(ask(claim("b", { target: "a t" }))).toBe("Taken");
    expect(ask(claim("b", { target: "a s", source: "a t" }))).toBe("Free");
    expect(
      ask(
        claim("e"),
        ["a", "b", "c", "d"].map((id) => claim(id)),
      ),
    ).toBe("Taken");
  });

  it("go to the oldest, and do not wait for one that is in nobody's way", () => {
    const queued = [claim("b", { source: "a s" }), claim("c", { source: "a s" })];
    const others = { holding: [claim("a")], queued };
    expect(permitFor(claim("c", { source: "a s" }), others, 4)).toEqual({
      kind: "Taken",
      holders: ["a", "b"],
      position: 2,
    });
    expect(permitFor(claim("d"), others, 4)).toEqual({ kind: "Free" });
    expect(permitFor(claim("c", { source: "a s" }), { holding: [], queued }, 4)).toEqual({
      kind: "Taken",
      holders: ["b"],
      position: 2,
    });
    expect(permitFor(claim("b", { source: "a s" }), { holding: [], queued }, 4)).toEqual({ kind: "Free" });
  });

  it("do not wait for one whose domain moves", () => {
    const queued = [claim("b", { domain: "a", source: "h1", target: "h2" })];
    const younger = claim("c", { source: "h1", target: "h3" });
    expect(permitFor(younger, { holding: [], queued }, 4)).toMatchObject({ kind: "Taken", holders: ["b"] });
    expect(permitFor(younger, { holding: [claim("a")], queued }, 4)).toEqual({ kind: "Free" });
  });

  it("of the fleet are not held by one that rests, only those of its domain and hosts", () => {
    const holding = [claim("a", { rests: true })];
    expect(permitFor(claim("b"), { holding, queued: [] }, 1)).toEqual({ kind: "Free" });
    expect(permitFor(claim("b", { source: "a s" }), { holding, queued: [] }, 1).kind).toBe("Taken");
  });

  it("leave places of the fleet to others while those who wait are in each other's way", () => {
    const queued = ["b", "c", "d", "e"].map((id) => claim(id, { source: "a s", target: undefined }));
    const others = { holding: [claim("a")], queued };
    expect(permitFor(claim("f"), others, 4)).toEqual({ kind: "Free" });
    expect(permitFor(claim("f"), { holding: [], queued }, 2)).toEqual({ kind: "Free" });
    expect(permitFor(claim("f"), { holding: [], queued }, 1)).toEqual({ kind: "Taken", holders: ["b"], position: 5 });
  });

  it("never let two in each other's way begin, and never keep all waiting", () => {
    const name = fc.constantFrom("h1", "h2", "h3");
    const arbitrary = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1 }),
        waitsSince: fc.constantFrom("1", "2"),
        domain: fc.constantFrom("d1", "d2", "d3", "d4"),
        source: name,
        target: name,
      }),
      { selector: ({ id }) => id, minLength: 1 },
    );
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 1, max: 3 }), (queued, cap) => {
        const free = queued.filter((one) => permitFor(one, { holding: [], queued }, cap).kind === "Free");
        expect(free.length).toBeGreaterThan(0);
        expect(free.length).toBeLessThanOrEqual(cap);
        for (const field of ["domain", "source", "target"] as const)
          expect(new Set(free.map((one) => one[field])).size).toBe(free.length);
      }),
    );
  });
});

describe("progress", () => {
  const at = (second: number) => new Date(second * 1000).toISOString();
  it("never goes back, and notes when it last moved", () => {
    const first = progressed(undefined, { phase: "Sending", receivedMiB: 10 }, at(1));
    expect(first).toEqual({ received: "10Mi", phase: "Sending", time: at(1) });
    expect(progressed(first, { phase: "Connecting", receivedMiB: 3 }, at(2))).toEqual(first);
    expect(progressed(first, { phase: "Failed", receivedMiB: undefined }, at(3))).toEqual(first);
    expect(progressed(first, { phase: "Permission", receivedMiB: 10 }, at(4))).toEqual({
      ...first,
      phase: "Permission",
      time: at(4),
    });
  });

  it("that does not move for five minutes is a stall, until everything is allocated on the target", () => {
    const progress = { received: "10Mi", phase: "Sending", time: at(0) } as const;
    expect(isStalled(progress, 128, 299_000)).toBe(false);
    expect(isStalled(progress, 128, 300_000)).toBe(true);
    expect(isStalled({ ...progress, received: "128Mi" }, 128, 9_000_000)).toBe(false);
    expect(isStalled(undefined, 128, 9_000_000)).toBe(false);
  });
});
