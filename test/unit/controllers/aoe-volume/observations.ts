import { aoeServerSpecSchema } from "../../../../src/api/aoe-server.ts";
import { aoeVolumeSpecSchema } from "../../../../src/api/aoe-volume.ts";
import type { ObservedServer, VolumeObservation } from "../../../../src/controllers/aoe-volume/observation.ts";
import type { HostFacts } from "../../../../src/host/facts.ts";
import { reachable } from "../facts.ts";

export const ssh = { host: "10.0.0.1", privateKeySecretRef: { name: "key" } };

/** AoeServer san1 with these facts. */
export const server = (
  given: Partial<HostFacts> = {},
  rest: Partial<Extract<ObservedServer, { state: "Found" }>> = {},
): ObservedServer => ({
  state: "Found",
  name: "san1",
  spec: aoeServerSpecSchema.parse({ ssh, interfaces: [{ name: "eth1" }], allowedBackings: ["/srv/*"] }),
  ...{ host: "AoeServer/san1", view: reachable(given), fresh: true, trusted: true, ...rest },
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
