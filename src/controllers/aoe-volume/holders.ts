import { type AoeDevice, gapIn, type HostFacts } from "../../host/facts.ts";
import { concernsDevice } from "../../host/unread-rows.ts";
import { addressText, lookUp } from "../hosts/view.ts";
import type { ObservedHost, VolumeObservation } from "./observation.ts";

/** Whether a client holds the device. Only `Free` allows to stop, restart or resize. */
export type Hold =
  | { readonly kind: "Free" }
  | { readonly kind: "Held"; readonly by: readonly string[] }
  | { readonly kind: "Unknown"; readonly because: readonly string[] };

type Target = Pick<VolumeObservation["spec"], "shelf" | "slot">;

/**
 * Finds the holders of the volume's devices: clients, former clients, and every other dom0 that sees one of them.
 * `former`: exports of the volume at other addresses.
 */
export function holdOf(
  volume: Pick<VolumeObservation, "clients" | "bystanders" | "spec">,
  former: readonly Target[] = [],
): Hold {
  const targets = [volume.spec, ...former.filter((one) => addressText(one) !== addressText(volume.spec))];
  const by: string[] = [];
  const because: string[] = [];
  for (const client of volume.clients) {
    // A XenHost that is gone held nothing when it was released, or a person abandoned it; or its object comes later.
    if (client.state === "NotFound") {
      if (client.heard !== undefined) because.push(`XenHost ${client.name} does not exist, and ${client.heard}`);
    } else if (client.state === "Invalid") because.push(`XenHost ${client.name} has an invalid spec`);
    else look(client, targets, by, because);
  }
  for (const other of volume.bystanders) look(other, targets, by, because);
  if (by.length > 0) return { kind: "Held", by };
  return because.length > 0 ? { kind: "Unknown", because } : { kind: "Free" };
}

function look(sight: ObservedHost, targets: readonly Target[], by: string[], because: string[]): void {
  const { host, view, fresh } = sight;
  if (view.state === "Unreachable") {
    because.push(`${host} cannot be reached (${view.reason})`);
    return;
  }
  if (view.state === "Pending" || !fresh) {
    because.push(`${host} has not been probed yet`);
    return;
  }
  const { aoeDevices } = view.snapshot.facts;
  if (aoeDevices.state === "unknown") because.push(`${host} did not report its AoE devices (${aoeDevices.why})`);
  const [gap] = targets.flatMap((target) => gapIn(aoeDevices, concernsDevice(target)) ?? []);
  if (gap !== undefined) because.push(`${host} did not report all its devices: ${gap}`);
  const users = targets.flatMap((target) => deviceOf(view.snapshot.facts, target)?.users ?? []);
  if (users.length > 0) by.push(`${host} (${users.join(", ")})`);
}

/** The device of this address, if it is known. */
export function deviceOf(facts: HostFacts, target: Target): AoeDevice | undefined {
  if (facts.aoeDevices.state !== "known") return undefined;
  return lookUp(facts.aoeDevices.value, "address", addressText, addressText(target))[0];
}

/** Why a change waits, for messages. */
export function describeHold(hold: Hold): string {
  switch (hold.kind) {
    case "Free":
      return "no process holds the device";
    case "Held":
      return `the device is held by ${hold.by.join(", ")}`;
    case "Unknown":
      return `xensan cannot determine which processes hold the device: ${hold.because.join(", ")}`;
  }
}
