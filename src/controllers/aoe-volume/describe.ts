import type { AoeVolumeStatus } from "../../api/aoe-volume.ts";
import { cut } from "../../api/fit-status.ts";
import type { AoeVolume } from "../../api/kinds.ts";
import { formatQuantity } from "../../api/quantity.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { heldBack } from "../conclude.ts";
import { no, yes } from "../finding.ts";
import { takenOver } from "../former-uids.ts";
import type { Held } from "../gate.ts";
import { explainOutcome, isOn } from "../hosts/step.ts";
import { aoeServer, hostText } from "../identity.ts";
import type { Pass } from "../reconciler.ts";
import { declaredAnew } from "./declared-anew.ts";
import { backingFact, givenUp, isThere } from "./ensure-address.ts";
import { clientStatuses } from "./ensure-clients.ts";
import { type Served, servedExport } from "./ensure-export.ts";
import { readyServer } from "./ensure-server.ts";
import { interfaceOf, keeperOf, targetOf } from "./export-parameters.ts";
import type { VolumeObservation } from "./observation.ts";
import { recordedBytes } from "./shrunk.ts";

/** Writes the fields of the status other than conditions. */
export function describe(status: AoeVolumeStatus, observation: VolumeObservation): void {
  const target = targetOf(observation.spec);
  status.target = target;
  status.devicePath = `/dev/etherd/${target}`;
  const clients = clientStatuses(observation).filter(
    ({ hostRef: { name }, state }) => state !== "Missing" || isListed(observation, name),
  );
  if (clients.length > 0) status.clients = clients;
  else delete status.clients;
  const seen = readyServer(observation);
  const former = takenOver(status.formerUIDs, seen === undefined ? [] : declaredAnew(observation, seen.facts));
  if (former !== undefined) status.formerUIDs = former;
  const served = servedExport(observation);
  const backing = backingStatus(observation, served);
  if (backing !== undefined) status.backing = backing;
  if (served === undefined || observation.server.state !== "Found") return;
  const { export: current, run = observation.recorded.server?.run, sizeBytes, mac } = served;
  const unit = keeperOf(current);
  status.size = formatQuantity(sizeBytes);
  status.server = {
    ...(unit === "" ? {} : { unit: cut(unit, 128) }),
    ...(run === undefined ? {} : { run }),
    interface: interfaceOf(observation.spec, observation.server.spec),
    ...(mac === undefined ? {} : { mac }),
    backing: cut(served.backing, 512),
  };
}

/**
 * The recorded backing, or the one to record. Its size only grows, unless a person gave up what is missing of it:
 * otherwise a lost end would be forgotten.
 */
function backingStatus(volume: VolumeObservation, served: Served | undefined): AoeVolumeStatus["backing"] {
  const known = volume.recorded.backing;
  const backing =
    known === undefined || known.identity === givenUp(volume) ? (recordable(served?.export) ?? known) : known;
  const server = readyServer(volume);
  const fact = server && backingFact(volume, server.facts);
  if (backing === undefined || fact === undefined || !isThere(backing.identity, fact)) return backing;
  // What was added since vblade started has not been seen by any client.
  const bytes = Math.min(served?.sizeBytes ?? fact.sizeBytes, fact.sizeBytes);
  return { ...backing, size: formatQuantity(Math.max(bytes, recordedBytes(volume, fact) ?? 0)) };
}

function recordable(current: Served["export"] | undefined): AoeVolumeStatus["backing"] {
  // No status holds a longer path, and a shortened one would be another path.
  if (current === undefined || current.recorded === "" || current.backing === "" || current.backing.length > 512)
    return undefined;
  return { identity: current.recorded, path: current.backing };
}

const isListed = ({ clients }: VolumeObservation, name: string) =>
  clients.some((client) => client.name === name && client.listed);

/** Ready, from the conditions that the status has by now. */
export function ready(
  status: AoeVolumeStatus,
  { object, directives }: Pick<Pass<AoeVolume, unknown, AoeVolumeStatus>, "object" | "directives">,
): ConditionUpdate {
  if (isDeleting(object)) return no("Ready", "Deleting", "The volume is being deleted");
  const summary = summarise(status.conditions ?? [], {
    type: "Ready",
    required: ["Exported", "Attached"],
    negative: ["Conflicted"],
    readyMessage: `${status.target} is served and seen by all its clients`,
  });
  if (summary.status !== "True") return heldBack(summary, directives);
  const exported = status.conditions?.find(({ type }) => type === "Exported");
  return exported?.reason === "Exported"
    ? summary
    : { type: "Ready", status: "False", reason: exported?.reason ?? "Pending", message: exported?.message ?? "" };
}

/** The conditions that follow from a step without effect. */
export function conditionsOf({ step, outcome }: Held, { server }: VolumeObservation): ConditionUpdate[] {
  const { reason, message } = explainOutcome(step, outcome);
  if (!isOn(step, aoeServer(server.name))) return [no("Attached", reason, `${hostText(step.host)}: ${message}`)];
  // A running export that may not be restarted now is still an export.
  if (reason === "RestartForbidden") return [yes("Exported", "ClientHoldsDevice", message)];
  const conflict = reason === "AddressTaken" || reason === "BackingExported";
  return [no("Exported", reason, message), ...(conflict ? [yes("Conflicted", reason, message)] : [])];
}
