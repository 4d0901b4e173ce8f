import type { Reason } from "../../api/reasons.ts";
import { deleteFile, deleteLogicalVolume, removeExport } from "../../host/actions.ts";
import { gapIn } from "../../host/facts.ts";
import type { Release } from "../converge.ts";
import { type Finding, stop, unknown, yes } from "../finding.ts";
import type { Step } from "../hosts/step.ts";
import { isMarkOf, parseMark } from "../identity.ts";
import { declaredAnew } from "./declared-anew.ts";
import { backingFact, ownExports } from "./ensure-address.ts";
import { backingUnknown, exportRequest, removal, servedExport, step } from "./ensure-export.ts";
import { type ReadyServer, readyServer } from "./ensure-server.ts";
import { backingPath, interfaceOf, isPlainlyOutside, stagedVolume, targetOf } from "./export-parameters.ts";
import { describeHold, holdOf } from "./holders.ts";
import type { VolumeObservation } from "./observation.ts";

/** Removes the export of a deleted volume and, with `Delete`, its backing; never while a client holds the device. */
export function release(volume: VolumeObservation): Release<Finding> {
  if (volume.clusters.length > 0)
    return blocked(
      "ReferencedByCluster",
      `Ocfs2Cluster ${[...volume.clusters].sort().join(", ")} has a file system on this volume: remove the file system from the cluster first. Or set the annotation xensan.dev/abandon=${volume.owner.name} to remove this object and leave the export as it is`,
    );
  const server = readyServer(volume);
  if (server === undefined) return blocked(...waitingForServer(volume));
  const { exports } = server.facts;
  if (exports.state === "unknown")
    return blocked("FactsUnknown", `AoeServer ${server.sight.name} did not report its exports: ${exports.why}`);
  if (volume.busy) return blocked("Pending", `Waiting for a running step on AoeServer ${server.sight.name}`);
  const anew = declaredAnew(volume, server.facts);
  if (anew.length > 0)
    return blocked(
      "DeclaredAnew",
      `The export of ${targetOf(volume.spec)} or its backing belongs to another AoeVolume of this name, with the uid ${anew.join(", ")}: xensan removes nothing of it. Set the annotation xensan.dev/abandon=${volume.owner.name}, and apply the object again where it is wanted`,
    );
  const unseen = unseenBacking(volume, server);
  if (unseen !== undefined) return blocked("FactsUnknown", `${unseen}. ${leaveAsIs(volume)}`);
  const ours = exports.state === "known" ? ownExports(volume, exports.value) : [];
  const unmarked = ours.length === 0 ? remark(volume, server) : undefined;
  const steps = [
    ...(unmarked === undefined ? ours.map((one) => removal(server, one)) : [unmarked]),
    ...(unmarked === undefined ? backingRemoval(volume, server) : []),
  ];
  if (steps.length === 0 && volume.removed) return { kind: "Released" };
  // No export is visible, but a command of a process that died may still be running: the script waits for its lock.
  if (steps.length === 0) return removing(volume, [removalOf(volume, server)]);
  const hold = holdOf(volume, ours);
  if (hold.kind !== "Free")
    return blocked(
      hold.kind === "Held" ? "ClientHoldsDevice" : "ClientUnknown",
      `${targetOf(volume.spec)} cannot be removed while ${describeHold(hold)}. Release the device there, or set the annotation xensan.dev/abandon=${volume.owner.name} to remove this object and leave the export and its backing as they are`,
    );
  return removing(volume, steps);
}

function removing({ spec }: VolumeObservation, steps: readonly Step[]): Release<Finding> {
  const message = `The export of ${targetOf(spec)} is being removed`;
  return { kind: "Open", finding: stop([yes("DeletionBlocked", "Deleting", message)], steps) };
}

function removalOf(volume: VolumeObservation, server: ReadyServer): Step {
  const { spec, owner } = volume;
  const netif = interfaceOf(spec, server.sight.spec);
  return step(server, removeExport({ owner, shelf: spec.shelf, slot: spec.slot, interface: netif }));
}

/** Marks a vblade of ours again whose configuration, and with it our mark, was removed, so that it can be stopped. */
function remark(volume: VolumeObservation, server: ReadyServer): Step | undefined {
  if (volume.recorded.server === undefined) return undefined;
  const served = servedExport(volume);
  if (served === undefined || served.export.owner !== "") return undefined;
  return { ...step(server, exportRequest(volume, server, served.export, "IfNeeded")), interrupts: true };
}

/** What the server did not report about a backing that may have to be deleted; undefined: nothing. */
function unseenBacking(volume: VolumeObservation, server: ReadyServer): string | undefined {
  const { deletionPolicy, backing } = volume.spec;
  const { sight, facts } = server;
  if (deletionPolicy !== "Delete" || isPlainlyOutside(volume.spec, sight.spec.allowedBackings)) return undefined;
  if (backing.file !== undefined && backingFact(volume, facts) === undefined) return backingUnknown(volume, server);
  const { logicalVolume } = backing;
  if (logicalVolume === undefined) return undefined;
  const { logicalVolumes } = facts;
  const why =
    logicalVolumes.state === "unknown"
      ? logicalVolumes.why
      : gapIn(logicalVolumes, (row) => row.includes(logicalVolume.name));
  return why && `AoeServer ${sight.name} did not report its logical volumes: ${why}`;
}

/** Deletes only a backing that xensan created for this object. */
function backingRemoval(volume: VolumeObservation, server: ReadyServer): Step[] {
  const { spec, owner } = volume;
  if (spec.deletionPolicy !== "Delete") return [];
  const { allowedBackings } = server.sight.spec;
  const { file, logicalVolume } = spec.backing;
  if (file !== undefined) {
    const fact = backingFact(volume, server.facts);
    if (fact === undefined || fact.kind === "Missing" || !isMarkOf(owner, fact.owner)) return [];
    return [
      {
        ...step(server, deleteFile({ owner: parseMark(fact.owner), allowedBackings, path: file.path })),
        interrupts: true,
      },
    ];
  }
  if (logicalVolume !== undefined && server.facts.logicalVolumes.state === "known") {
    const { volumeGroup, name } = logicalVolume;
    const fact =
      server.facts.logicalVolumes.value.find((one) => one.volumeGroup === volumeGroup && one.name === name) ??
      stagedVolume(spec, server.facts);
    if (fact === undefined || !isMarkOf(owner, fact.owner)) return [];
    return [
      {
        ...step(server, deleteLogicalVolume({ owner: parseMark(fact.owner), allowedBackings, volumeGroup, name })),
        interrupts: true,
      },
    ];
  }
  return [];
}

const leaveAsIs = ({ owner }: VolumeObservation) =>
  `Or set the annotation xensan.dev/abandon=${owner.name} to remove this object and leave the export as it is`;

function waitingForServer(volume: VolumeObservation): [reason: Reason, message: string] {
  const { server } = volume;
  const leave = leaveAsIs(volume);
  if (server.state === "NotFound")
    return [
      "ServerNotFound",
      `AoeServer ${server.name} does not exist, so the export cannot be removed: create it again. ${leave}`,
    ];
  if (server.state === "Invalid")
    return [
      "ServerNotReady",
      `AoeServer ${server.name} has an invalid spec, so the export cannot be removed: ${server.message}. ${leave}`,
    ];
  if (server.view.state === "Unreachable")
    return [
      "ServerNotReady",
      `AoeServer ${server.name} cannot be reached (${server.view.reason}), so the export cannot be removed: ${server.view.message}. ${leave}`,
    ];
  return ["Pending", `Waiting for a probe of AoeServer ${server.name}`];
}

function blocked(reason: Reason, message: string): Release<Finding> {
  const say = reason === "Pending" ? unknown : yes;
  return { kind: "Open", finding: stop([say("DeletionBlocked", reason, message)]) };
}

/** What abandoning leaves on the machines, for the event. */
export function whatIsLeft(volume: VolumeObservation): string {
  const server = volume.server.name;
  return `${targetOf(volume.spec)} may still be exported by AoeServer ${server} from ${backingPath(volume.spec)}: remove the vblade configuration there by hand`;
}
