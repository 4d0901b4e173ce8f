import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import { type AoeVolume, aoeVolumes } from "../../api/kinds.ts";
import { hasCondition } from "../../runtime/conditions.ts";
import { isRecord } from "../../runtime/equality.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import type { Machine } from "../hosts/machine.ts";
import { mostPaths } from "../hosts/machines.ts";
import { addressText, lastFacts } from "../hosts/view.ts";
import { deletedThenOldest, keysIn, type ObjectRef, type RefMap, refsIn, refsOf } from "../identity.ts";
import { clusterSpec, serverSpec, volumeSpec } from "../specs.ts";
import { type Controlled, isContent, type Look, movesMachine, onChange, own, requestChanged } from "../watch.ts";
import type { Stores, World } from "../world.ts";
import { backingPath, isPlainlyOutside, mayBeDevice, servedPath, targetOf } from "./export-parameters.ts";

const refs = (volumes: readonly AoeVolume[]) => refsOf("AoeVolume", volumes);

/** What wakes AoeVolumes. `outdone`: those for which the last reconcile found an older rival for address or backing. */
export const watchVolumes = (world: World, outdone: RefMap<true>, reconciler: Reconciler): Controlled => {
  const { stores } = world;
  return {
    kind: "AoeVolume",
    objects: own(aoeVolumes, stores.volumes),
    watches: [
      // The server may be on another segment now, with other rivals.
      onChange(
        stores.servers,
        (server) =>
          refs(volumesOn(stores, keyOf(server)).flatMap((volume) => [volume, ...sameAddress(stores, volume)])),
        { when: movesMachine },
      ),
      onChange(stores.hosts, (host) => refs(volumesSeenBy(stores, keyOf(host))), { when: movesMachine }),
      onChange(stores.volumes, (volume) => refs(sameAddress(stores, volume)), { when: requestChanged }),
      // A status lags behind the reconcile, and `outdone` knows nothing from before this process: use both.
      onChange(stores.volumes, () => [...refs(stores.volumes.byIndex("conflicted", "yes")), ...outdone.keys()], {
        when: ({ deleted }) => deleted,
      }),
      onChange(stores.clusters, (cluster) => {
        const parsed = clusterSpec(cluster);
        const listed = parsed.ok ? parsed.spec.filesystems.map(({ volumeRef }) => volumeRef.name) : [];
        // File systems that left the spec keep their volumes until the cluster has left them.
        const former = (cluster.status?.filesystems ?? []).map(({ volumeRef }) => volumeRef?.name);
        return refsIn(cluster, "AoeVolume", [...listed, ...former]);
      }),
    ],
    onLook: (look) => concernedBy(stores, look),
    machines(object) {
      const volume = stores.volumes.get(object);
      const parsed = volume && volumeSpec(volume);
      return volume !== undefined && parsed?.ok === true ? machinesOf(world, volume, parsed.spec) : [];
    },
    questions: (member) =>
      member.kind === "AoeServer" ? { backings: backingsOn(stores, member) } : { targets: targetsOf(stores, member) },
    reconciler,
  };
};

/** The machines that a volume uses: its server's, and those of its clients, including former clients. */
export function machinesOf({ machines }: World, volume: AoeVolume, spec: AoeVolumeSpec): Machine[] {
  const clients = new Set(
    [...(spec.clientRefs ?? []), ...(volume.status?.clients ?? []).map(({ hostRef }) => hostRef)].map(
      ({ name }) => name,
    ),
  );
  const objects = [...refsIn(volume, "AoeServer", [spec.serverRef.name]), ...refsIn(volume, "XenHost", clients)];
  return objects.flatMap((object) => machines.of(object) ?? []);
}

/** Volumes that refer to this AoeServer. */
export const volumesOn = ({ volumes }: Stores, { namespace, name }: Omit<ObjectRef, "kind">): AoeVolume[] =>
  volumes.byIndex("server", keyString({ namespace, name }));

/** Volumes of which this XenHost is or was a client. */
export const volumesSeenBy = ({ volumes }: Stores, { namespace, name }: Omit<ObjectRef, "kind">): AoeVolume[] =>
  volumes.byIndex("client", keyString({ namespace, name }));

function sameAddress({ volumes }: Stores, volume: AoeVolume): AoeVolume[] {
  const parsed = volumeSpec(volume);
  return parsed.ok ? volumes.byIndex("address", addressText(parsed.spec)) : [];
}

function concernedBy(stores: Stores, { machine, all, first, addresses, backings }: Look): ObjectRef[] {
  const members = [...machine.members.keys()];
  const { volumes } = stores;
  if (!all)
    return refs([
      ...[...addresses].flatMap((address) => volumes.byIndex("address", address)),
      ...members
        .filter(({ kind }) => kind === "AoeServer")
        .flatMap((server) =>
          [...backings].flatMap((path) => volumes.byIndex("backing", `${keyString(server)} ${path}`)),
        ),
    ]);
  const listed = members.flatMap((member) =>
    member.kind === "AoeServer" ? volumesOn(stores, member) : volumesSeenBy(stores, member),
  );
  // A volume that does not list this host also waits for it if the host may hold the device.
  const devices = lastFacts(machine.agent.view)?.aoeDevices;
  const seen = [...new Set((devices?.state === "known" ? devices.value : []).map(addressText))]
    .flatMap((address) => volumes.byIndex("address", address))
    .filter((volume) => !first || !isContent(volume));
  return refs([...listed, ...seen]);
}

/** The paths that must be probed for the volumes of a server, the most important first if they are many. */
function backingsOn(stores: Stores, { namespace, name }: ObjectRef): string[] {
  const server = stores.servers.get({ namespace, name });
  const bounds = server && serverSpec(server);
  const volumes = volumesOn(stores, { namespace, name });
  // A volume may have two paths.
  const ordered = 2 * volumes.length > mostPaths ? deletedThenOldest(volumes) : volumes;
  return ordered.flatMap((volume) => {
    const parsed = volumeSpec(volume);
    if (!parsed.ok) return [];
    const outside = bounds?.ok === true && isPlainlyOutside(parsed.spec, bounds.spec.allowedBackings);
    const served = servedPath(parsed.spec, volume.status?.backing?.path);
    return [...(outside ? [] : [backingPath(parsed.spec)]), ...(mayBeDevice(served) ? [served] : [])];
  });
}

/** The devices of a client that must be probed for its volumes, the most important first if they are many. */
function targetsOf(stores: Stores, client: ObjectRef): string[] {
  const volumes = volumesSeenBy(stores, client);
  const ordered = volumes.length > mostPaths ? deletedThenOldest(volumes) : volumes;
  return ordered.flatMap((volume) => {
    const spec = specOf(volume);
    return spec === undefined ? [] : [targetOf(spec)];
  });
}

/** Indexes of volumes. Volumes with an invalid spec are in `server` and `conflicted` only. */
export const volumeIndexes = {
  /** `namespace/server` */
  server: (volume: AoeVolume) => keysIn(volume, [serverNameOf(volume)]),
  /** `namespace/client` */
  client: (volume: AoeVolume) => {
    const listed = specOf(volume)?.clientRefs ?? [];
    return keysIn(
      volume,
      [...listed, ...(volume.status?.clients ?? []).map(({ hostRef }) => hostRef)].map(({ name }) => name),
    );
  },
  /** `shelf.slot` */
  address: (volume: AoeVolume) => [specOf(volume) ?? []].flat().map(addressText),
  /** `namespace/server path`, of the spec and as recorded */
  backing: (volume: AoeVolume) => {
    const spec = specOf(volume);
    if (spec === undefined) return [];
    const paths = new Set([backingPath(spec), servedPath(spec, volume.status?.backing?.path)]);
    const [server] = keysIn(volume, [spec.serverRef.name]);
    return [...paths].map((path) => `${server} ${path}`);
  },
  conflicted: (volume: AoeVolume) => (hasCondition(volume.status?.conditions, "Conflicted") ? ["yes"] : []),
} satisfies Record<string, IndexFunction<AoeVolume>>;

function specOf(volume: AoeVolume): AoeVolumeSpec | undefined {
  const parsed = volumeSpec(volume);
  return parsed.ok ? parsed.spec : undefined;
}

/** The server that a volume refers to, even in an otherwise invalid spec: its export may run there. */
export function serverNameOf({ spec }: { readonly spec: unknown }): string | undefined {
  const ref = isRecord(spec) ? spec.serverRef : undefined;
  return isRecord(ref) && typeof ref.name === "string" ? ref.name : undefined;
}
