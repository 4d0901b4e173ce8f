import { aoeServerSpecSchema } from "../../../../src/api/aoe-server.ts";
import { aoeVolumeSpecSchema } from "../../../../src/api/aoe-volume.ts";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import type {
  ObservedClient,
  ObservedServer,
  VolumeObservation,
} from "../../../../src/controllers/aoe-volume/observation.ts";
import type { AoeDevice, BackingFact, Export, HostFacts } from "../../../../src/host/facts.ts";
import { driver, known, reachable } from "../facts.ts";

export const ssh = { host: "10.0.0.1", privateKeySecretRef: { name: "key" } };

/** AoeServer san1 with these facts. */
export const server = (
  given: Partial<HostFacts> = {},
  rest: Partial<Extract<ObservedServer, { state: "Found" }>> = {},
): ObservedServer => ({
  state: "Found",
  name: "san1",
  spec: aoeServerSpecSchema.parse({ ssh, interfaces: [{ name: "eth1" }], allowedBackings: ["/srv/*"] }),
  ...{ host: "AoeServer san1", view: reachable(given), fresh: true, trusted: true, leftOut: false, ...rest },
});

/** AoeVolume san/vm, e0.1 of san1 from /srv/vm.img, with no clients. */
export const volume = (rest: Partial<VolumeObservation> = {}, spec: object = {}): VolumeObservation => ({
  owner: { namespace: "san", name: "vm", uid: "1" },
  spec: aoeVolumeSpecSchema.parse({
    ...{ serverRef: { name: "san1" }, shelf: 0, slot: 1, backing: { file: { path: "/srv/vm.img", size: "1Gi" } } },
    ...spec,
  }),
  ...{ recorded: {}, approved: undefined, server: server(), busy: false, removed: false },
  ...{ clients: [], bystanders: [], rival: undefined, clusters: [], ...rest },
});

/** Bytes of /srv/vm.img. */
export const size = 2 ** 30;
export const mac = "00:16:3e:00:00:01";
/** The interface eth1 of san1. */
export const card = { name: "eth1", mac, mtu: 1500, adminUp: true, carrier: true };

/** The export of the volume as xensan starts it. */
export const served: Export = {
  ...{ shelf: 0, slot: 1, interface: "eth1", backing: "/srv/vm.img", backingIdentity: "file:1:2" },
  ...{ recorded: "x", guarded: true },
  ...{ options: ["-s"], persistence: "Systemd", instance: "vm", owner: "san/vm 1", unitState: "active/running" },
  ...{ pid: 7, runningDiffers: false },
};

/** /srv/vm.img as xensan makes it. */
export const backing: BackingFact = {
  ...{ path: "/srv/vm.img", realPath: "/srv/vm.img", kind: "File", sizeBytes: size, identity: "file:1:2" },
  ...{ lasting: "x", owner: "san/vm 1" },
};

/** Facts of san1 when nothing is left to do for the volume. */
export const sound: Partial<HostFacts> = {
  ...{ exports: known([served]), backings: known([backing]), interfaces: known([card]) },
  tools: known(new Map([["vblade", "/usr/sbin/vblade"]])),
};

/** e0.1 as a client of san1 sees it. */
export const seen = (rest: Partial<AoeDevice> = {}): Partial<HostFacts> => ({
  aoeDevices: known([
    {
      ...{ shelf: 0, slot: 1, up: true, flags: [], macs: [mac], interfaces: ["eth1"], payload: undefined },
      ...{ sizeBytes: size, users: [], ...rest },
    },
  ]),
});

type FoundClient = Extract<ObservedClient, { state: "Found" }>;

/** XenHost bella with these facts. */
export const client = (given: Partial<HostFacts> = seen(), rest: Partial<FoundClient> = {}): ObservedClient => ({
  ...{ name: "bella", listed: true, state: "Found", host: "XenHost bella" },
  spec: xenHostSpecSchema.parse({ ssh, aoe: { interfaces: ["eth1"] } }),
  view: reachable({
    ...driver(180),
    tools: known(new Map(["aoe-discover", "aoe-revalidate"].map((tool) => [tool, `/sbin/${tool}`]))),
    ...{ interfaces: known([card]), ...given },
  }),
  ...{ fresh: true, trusted: true, isServer: false, ...rest },
});
