import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aoeServerSpecSchema } from "../../src/api/aoe-server.ts";
import { aoeVolumeSpecSchema } from "../../src/api/aoe-volume.ts";
import type { VolumeObservation } from "../../src/controllers/aoe-volume/observation.ts";
import { planVolume } from "../../src/controllers/aoe-volume/plan.ts";
import type { Snapshot } from "../../src/controllers/hosts/view.ts";
import { hostText } from "../../src/controllers/identity.ts";
import type { Export, Fact, HostFacts } from "../../src/host/facts.ts";
import { aoeServer, aoeVolume, device, file, logicalVolume, xenHost } from "../simulation/scenarios/objects.ts";
import { commands, eventually, minutes, rig, volumeReady } from "./rig.ts";

const known = <T>(value: T): Fact<T> => ({ state: "known", value });
const absent = { state: "absent" } as const;

const facts: HostFacts = {
  identity: known({ hostname: "san", machineId: "m1", bootId: "b1", claims: new Map() }),
  system: known({ os: "Debian", osId: "debian", kernel: "6.1", init: "systemd", packageManager: "apt" }),
  packages: known(new Map([["vblade", "25-1"]])),
  tools: known(new Map([["vblade", "/usr/sbin/vblade"]])),
  interfaces: known([{ name: "eth1", mac: "52:54:00:99:01:10", mtu: 1500, adminUp: true, carrier: true }]),
  blockDevices: known([]),
  mounts: known([]),
  backings: known([
    {
      path: "/dev/vdb",
      realPath: "/dev/vdb",
      kind: "BlockDevice",
      sizeBytes: 1024,
      identity: "block:254:16",
      lasting: "serial:WD-1",
      owner: "",
    },
  ]),
  logicalVolumes: absent,
  exports: known([]),
  aoe: absent,
  aoeDevices: absent,
  responders: absent,
  o2cb: absent,
  sharedDevices: absent,
  mountPoints: absent,
  formats: absent,
  kernelTroubles: absent,
  toolstack: absent,
  domains: absent,
  relocation: absent,
  migrations: absent,
  images: absent,
  domainLocks: absent,
  domainConfigurations: absent,
};
const running: Export = {
  shelf: 0,
  slot: 1,
  interface: "eth1",
  backing: "/dev/vdb",
  backingIdentity: "block:254:16",
  recorded: "serial:WD-1",
  guarded: true,
  options: ["-s"],
  persistence: "Systemd",
  instance: "e0.1",
  owner: "san/data u1",
  unitState: "active/running",
  pid: 7,
  runningDiffers: false,
};

function observe(change: Partial<HostFacts> = {}, spec: object = {}): VolumeObservation {
  const snapshot: Snapshot = { facts: { ...facts, ...change }, startedAt: 0, time: 0 };
  const secret = { privateKeySecretRef: { name: "key" } };
  return {
    owner: { namespace: "san", name: "data", uid: "u1" },
    spec: aoeVolumeSpecSchema.parse({
      serverRef: { name: "san" },
      shelf: 0,
      slot: 1,
      backing: { device: "/dev/vdb" },
      ...spec,
    }),
    recorded: {},
    approved: undefined,
    server: {
      state: "Found",
      name: "san",
      host: "AoeServer san",
      view: { state: "Reachable", snapshot },
      fresh: true,
      leftOut: false,
      trusted: true,
      spec: aoeServerSpecSchema.parse({
        ssh: { host: "10.0.0.1", ...secret },
        interfaces: [{ name: "eth1" }],
        allowedBackings: ["/dev/vdb"],
      }),
    },
    busy: false,
    removed: false,
    clients: [],
    bystanders: [],
    rival: undefined,
    clusters: [],
  };
}

/** Steps as users read them. */
const printed = (observation: VolumeObservation) =>
  planVolume(observation).steps.map(({ host, command, interrupts }) => ({
    host: hostText(host),
    words: [command.script.name, ...command.args].join(" "),
    interrupts: interrupts ?? false,
  }));

describe("the plan of a volume", () => {
  it("starts an export that is not there", () => {
    expect(printed(observe({ responders: known([]) }))).toEqual([
      {
        host: "AoeServer san",
        words: "ensure-export san/data u1 0 1 eth1 /dev/vdb -s ifneeded - - eth1=default /dev/vdb",
        interrupts: false,
      },
    ]);
  });

  it("starts none while nobody has listened on the wire", () => {
    const { conditions, steps } = planVolume(observe());
    expect([conditions.find(({ type }) => type === "Exported"), steps]).toEqual([
      {
        type: "Exported",
        status: "False",
        reason: "AddressUnverified",
        message:
          "Waiting for a client to check whether another server answers for e0.1: AoeServer san has no aoecfg and the volume lists no client: install aoetools on that host, or add a XenHost on segment default to spec.clientRefs",
      },
      [],
    ]);
  });

  it("says that the backing is missing before it says that nobody has listened, and leaves open who answers", () => {
    const backing = {
      path: "/dev/vdb",
      realPath: "",
      kind: "Missing",
      sizeBytes: 0,
      identity: "",
      lasting: "",
      owner: "",
    } as const;
    const { conditions, steps } = planVolume(observe({ backings: known([backing]) }));
    expect([conditions.map(({ type, status, reason }) => [type, status, reason]), steps]).toEqual([
      [
        ["Conflicted", "Unknown", "AddressUnverified"],
        ["Exported", "False", "BackingMissing"],
        ["Attached", "False", "NotExported"],
      ],
      [],
    ]);
  });

  it("is empty when all is as it should be", () => {
    expect(planVolume(observe({ exports: known([running]) }))).toEqual({
      conditions: [
        {
          type: "Conflicted",
          status: "False",
          reason: "NoConflict",
          message: "No other export uses the address or the backing",
        },
        { type: "Exported", status: "True", reason: "Exported", message: "e0.1 is served by AoeServer san on eth1" },
        { type: "Attached", status: "True", reason: "NoClients", message: "The spec lists no clients" },
      ],
      steps: [],
      proceed: true,
    });
  });

  it("adopts an export without a mark and does not stop it", () => {
    expect(printed(observe({ exports: known([{ ...running, owner: "" }]) }))).toEqual([
      {
        host: "AoeServer san",
        words: "ensure-export san/data u1 0 1 eth1 /dev/vdb -s forbidden - - eth1=default /dev/vdb",
        interrupts: false,
      },
    ]);
  });

  it("restarts one that differs, which interrupts", () => {
    expect(printed(observe({ exports: known([running]) }, { access: "ReadOnly" }))).toEqual([
      {
        host: "AoeServer san",
        words: "ensure-export san/data u1 0 1 eth1 /dev/vdb -r -s ifneeded - - eth1=default /dev/vdb",
        interrupts: true,
      },
    ]);
  });

  it("does nothing on what is unknown", () => {
    const unknown = { state: "unknown", why: "it was cut off" } as const;
    for (const section of ["exports", "backings", "interfaces", "tools"] as const)
      expect(printed(observe({ [section]: unknown }))).toEqual([]);
  });

  it("does nothing while the facts are older than the spec", () => {
    const observation = observe();
    const { server } = observation;
    if (server.state !== "Found") throw new Error("the server is found");
    expect(printed({ ...observation, server: { ...server, fresh: false } })).toEqual([]);
    expect(printed({ ...observation, server: { ...server, view: { state: "Pending" } } })).toEqual([]);
  });
});

const volumes = fc.record({
  backing: fc.constantFrom(device("/dev/vdb"), file("/srv/aoe/a.img", "16Mi"), logicalVolume("aoe-a", "64Mi")),
  access: fc.constantFrom("ReadWrite", "ReadOnly"),
  directIO: fc.constantFrom("Enabled", "Disabled"),
  sync: fc.constantFrom("Enabled", "Disabled"),
  bufferCount: fc.constantFrom(undefined, 1, 16, 64),
  allowedMACs: fc.constantFrom(undefined, ["52:54:00:99:01:12", "52:54:00:99:01:11"]),
});

describe("any plan", () => {
  it("converges in the rack, and the plan of a converged rack is empty", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(volumes, volumes), async ([before, after]) => {
        const object = ({ backing, ...rest }: typeof before) =>
          JSON.parse(JSON.stringify(aoeVolume("data", "san", [0, 1], backing, ["bella"], rest)));
        const stage = rig({
          objects: [
            aoeServer("san", 2210, ["/dev/vdb", "/srv/aoe/*.img", "san/*"]),
            xenHost("bella", 2212),
            object(before),
          ],
        });
        await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
        stage.apply(object({ ...after, backing: before.backing }));
        await stage.advance(2_000);
        await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
        await stage.advance(minutes(2));
        const sent = commands(stage);
        await stage.advance(minutes(2));
        expect(new Set(sent)).toEqual(new Set(["san probe", "bella probe"]));
        stage.life.end();
      }),
      { numRuns: 12 },
    );
  });
});
