import type { AoeVolume, XenHost } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import { gapIn } from "../../host/facts.ts";
import { concernsDevice, concernsUsedDevice } from "../../host/unread-rows.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import { targetOf } from "../aoe-volume/export-parameters.ts";
import { deviceOf } from "../aoe-volume/holders.ts";
import { volumesSeenBy } from "../aoe-volume/watches.ts";
import { refTo } from "../identity.ts";
import { volumeSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { isFinished } from "../xen-migration/watches.ts";

/** A host that only sees a volume may go; one that holds it, or does not answer after it was reached once, may not. */
export function blockerOf(
  world: World,
  host: XenHost,
): { readonly reason: Reason; readonly message: string } | undefined {
  const { namespace, name } = keyOf(host);
  const clusters = world.stores.clusters.byIndex("host", `${namespace}/${name}`).map(({ metadata }) => metadata.name);
  if (clusters.length > 0)
    return {
      reason: "ReferencedByCluster",
      message: `The host is a node of Ocfs2Cluster ${clusters.sort().join(", ")}: remove the node from the cluster first, which unmounts its file systems. Or set the annotation xensan.dev/abandon=${name} to remove this object without clean-up`,
    };
  const moves = world.stores.migrations
    .byIndex("host", `${namespace}/${name}`)
    .filter((one) => !isFinished(one) && one.status?.operationID !== undefined);
  if (moves.length > 0)
    return {
      reason: "Migrating",
      message: `XenMigration ${moves
        .map(({ metadata }) => metadata.name)
        .sort()
        .join(
          ", ",
        )} moves a domain from or to the host: wait for its end, or abort it. Or set the annotation xensan.dev/abandon=${name} to remove this object anyway`,
    };
  const volumes = volumesSeenBy(world.stores, { namespace, name });
  if (volumes.length === 0) return undefined;
  const id = refTo("XenHost", namespace, name);
  const watched = world.machines.of(id);
  const leave = `Or set the annotation xensan.dev/abandon=${name} to remove this object anyway`;
  const view = watched?.agent.view;
  const names = volumes.map(({ metadata }) => metadata.name).sort();
  // A device that was opened since the last look would be missed.
  if (watched !== undefined && !world.freshness.isFresh(id, watched))
    return { reason: "ClientUnknown", message: "Waiting for another probe of the host" };
  const devicesOf = view?.state === "Reachable" ? view.snapshot.facts.aoeDevices : undefined;
  const gap = devicesOf && gapIn(devicesOf, concernsAny(volumes));
  if (view?.state !== "Reachable" || devicesOf?.state === "unknown" || gap !== undefined) {
    // It was never reached, so nothing was ever done there.
    if (host.status?.facts === undefined) return undefined;
    const why = gap ?? "bring the host back, or remove it from their clientRefs";
    return {
      reason: "ClientUnknown",
      message: `Cannot determine whether the host holds ${names.join(", ")}: ${why}. ${leave}`,
    };
  }
  const held = volumes.flatMap((volume) => {
    const spec = volumeSpec(volume);
    const users = spec.ok ? (deviceOf(view.snapshot.facts, spec.spec)?.users ?? []) : [];
    return users.length === 0 ? [] : [`${volume.metadata.name} (${users.join(", ")})`];
  });
  if (held.length > 0)
    return {
      reason: "ClientHoldsDevice",
      message: `The host holds ${held.sort().join(", ")}: release them there. ${leave}`,
    };
  // The device of such a volume is unknown: it may be any open device.
  const invalid = volumes.filter((volume) => !volumeSpec(volume).ok).map(({ metadata }) => metadata.name);
  const devices = view.snapshot.facts.aoeDevices.state === "known" ? view.snapshot.facts.aoeDevices.value : [];
  const open = devices.filter(({ users }) => users.length > 0).map(targetOf);
  if (invalid.length === 0 || open.length === 0) return undefined;
  return {
    reason: "ClientUnknown",
    message: `The host holds ${open.join(", ")}, which may be AoeVolume ${invalid.sort().join(", ")}, whose spec is invalid: correct the spec, or release the device there. ${leave}`,
  };
}

/** Whether an unreadable row of the AoE devices may be about one of these volumes; the address of some is unknown. */
function concernsAny(volumes: readonly AoeVolume[]): (row: string) => boolean {
  const each = volumes.map((volume) => {
    const spec = volumeSpec(volume);
    return spec.ok ? concernsDevice(spec.spec) : concernsUsedDevice;
  });
  return (row) => each.some((concerns) => concerns(row));
}

/** What abandoning leaves on the machine, for the event. */
export const whatIsLeft = ({ metadata }: XenHost): string =>
  `XenHost ${metadata.name} may still hold AoE devices: volumes no longer wait for it`;
