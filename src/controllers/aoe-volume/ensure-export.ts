import { createHash } from "node:crypto";
import { bytesOf } from "../../api/quantity.ts";
import type { Reason } from "../../api/reasons.ts";
import { ensureFile, ensureLogicalVolume, ensureExport as exportCommand, removeExport } from "../../host/actions.ts";
import type { HostCommand } from "../../host/command.ts";
import { type Export, type HostFacts, whyUnread } from "../../host/facts.ts";
import { type Finding, found, no, stop, unknown, yes } from "../finding.ts";
import { ownerUnder } from "../former-uids.ts";
import { interfaceProblem, serverProblem } from "../hosts/aoe-ready.ts";
import { mostPaths } from "../hosts/machines.ts";
import { advice, type Step, stepOf } from "../hosts/step.ts";
import { addressText, lookUp } from "../hosts/view.ts";
import { aoeServer, parseMark } from "../identity.ts";
import {
  backingFact,
  givenUp,
  interfaceMac,
  isOurs,
  isThere,
  otherThanRecorded,
  ownExports,
} from "./ensure-address.ts";
import { type ReadyServer, readyServer } from "./ensure-server.ts";
import {
  backingPath,
  exportOptions,
  interfaceOf,
  isPlainlyOutside,
  sameOptions,
  stagedVolume,
  targetOf,
  wantedBytes,
} from "./export-parameters.ts";
import { describeHold, type Hold, holdOf } from "./holders.ts";
import type { VolumeObservation } from "./observation.ts";
import { describeShrunk } from "./shrunk.ts";

/** The export as it runs now. */
export interface Served {
  readonly export: Export;
  readonly pid: number;
  /** Identifies the process over reboots, see {@link runOf}. */
  readonly run: string | undefined;
  /** The size that clients should see: whole sectors of the backing as it was when vblade started. */
  readonly sizeBytes: number;
  readonly backing: string;
  readonly mac: string | undefined;
}

/**
 * Ensures that the backing exists with its size and that one vblade serves it as the spec says, now and after a reboot.
 * A step that would stop or resize it waits until no client holds the device.
 */
export function ensureExport(volume: VolumeObservation): Finding {
  const server = readyServer(volume);
  if (server === undefined) return stop([]);
  const problem = serverProblem(server.sight.spec, server.facts, interfaceOf(volume.spec, server.sight.spec));
  const served = servedExport(volume);
  if (problem !== undefined && served === undefined)
    return stop([
      no("Exported", problem.reason, `AoeServer ${server.sight.name} cannot export yet: ${problem.message}`),
      no("Attached", "NotExported", "The volume is not exported yet"),
    ]);
  const backing = lookAtBacking(volume, server);
  if (backing.finding !== undefined) return backing.finding;
  return heard(volume, server, compareExport(volume, server, backing.bytes));
}

/** Reports a vblade whose interface is down: it keeps running unheard, and an idle client does not notice. */
function heard(volume: VolumeObservation, { sight, facts }: ReadyServer, finding: Finding): Finding {
  const link = interfaceProblem(facts, interfaceOf(volume.spec, sight.spec));
  if (link?.reason !== "InterfaceDown") return finding;
  const message = `${targetOf(volume.spec)} is served by AoeServer ${sight.name}, but no client can reach it: ${link.message}`;
  return {
    ...finding,
    conditions: finding.conditions.map((one) =>
      one.type === "Exported" && one.status === "True" ? no("Exported", "InterfaceDown", message) : one,
    ),
  };
}

/** The vblade that serves this volume, if it runs. */
export function servedExport(volume: VolumeObservation): Served | undefined {
  const server = readyServer(volume);
  if (server === undefined || server.facts.exports.state !== "known") return undefined;
  const netif = interfaceOf(volume.spec, server.sight.spec);
  const current = exportAt(volume, server.facts.exports.value, netif);
  if (current?.pid === undefined) return undefined;
  // An export of another owner at our address serves other data.
  if (!isOurs(volume, current) && (current.owner !== "" || !isConfiguredBacking(volume, current, server)))
    return undefined;
  const backing = backingFact(volume, server.facts);
  const bytes = backing?.sizeBytes ?? 0;
  const run = runOf(current.pid, server.facts.identity);
  return {
    export: current,
    pid: current.pid,
    run,
    sizeBytes: servedBytes(volume, run, bytes),
    backing: backing?.realPath || current.backing,
    mac: interfaceMac(server.facts, netif),
  };
}

const sectors = (bytes: number) => bytes - (bytes % 512);

function exportAt({ spec }: VolumeObservation, exports: readonly Export[], netif: string): Export | undefined {
  return lookUp(exports, "address", addressText, addressText(spec)).find((one) => one.interface === netif);
}

/** The problem of the backing, whether or not it may be served: missing, not the recorded one or not all of it, out of bounds. */
export function backingProblem(volume: VolumeObservation): Finding | undefined {
  const server = readyServer(volume);
  const finding = server === undefined ? undefined : lookAtBacking(volume, server).finding;
  return finding?.conditions.some(({ status }) => status === "False") ? finding : undefined;
}

interface BackingLook {
  /** Undefined: the backing does not exist yet, and is created before the export. */
  readonly bytes: number | undefined;
  readonly finding?: Finding;
}

/** Says why the server did not report what the backing is. */
export function backingUnknown({ spec }: VolumeObservation, { sight, facts }: ReadyServer): string {
  const path = backingPath(spec);
  const limit = `a host is asked about ${mostPaths} backings at most, those of the oldest AoeVolumes`;
  const why = whyUnread(facts.backings, path) ?? (sight.leftOut ? limit : "the probe did not include it");
  return `AoeServer ${sight.name} did not report what ${path} is: ${why}`;
}

function lookAtBacking(volume: VolumeObservation, { sight, facts }: ReadyServer): BackingLook {
  const path = backingPath(volume.spec);
  const fact = backingFact(volume, facts);
  const refuse = (say: typeof no, reason: Reason, message: string): BackingLook => ({
    bytes: undefined,
    finding: stop([say("Exported", reason, message), say("Attached", "NotExported", "The volume is not exported yet")]),
  });
  if (isPlainlyOutside(volume.spec, sight.spec.allowedBackings))
    return refuse(
      no,
      "BackingOutsideBounds",
      `${path} is not in allowedBackings of AoeServer ${sight.name} (${sight.spec.allowedBackings.join(", ")})${advice("BackingOutsideBounds")}`,
    );
  if (fact === undefined) return refuse(unknown, "FactsUnknown", backingUnknown(volume, { sight, facts }));
  const other = otherThanRecorded(volume, facts, fact);
  if (other !== undefined) return refuse(no, other.reason, `${other.message} (AoeServer ${sight.name})`);
  const shrunk = describeShrunk(volume, fact);
  if (shrunk !== undefined) return refuse(no, "BackingChanged", `${shrunk} (AoeServer ${sight.name})`);
  if (fact.kind === "Missing" && volume.spec.backing.device !== undefined)
    return refuse(
      no,
      "BackingMissing",
      `${path} does not exist on AoeServer ${sight.name}: attach the disk or create another AoeVolume with the right path`,
    );
  return { bytes: fact.kind === "Missing" ? undefined : fact.sizeBytes };
}

function compareExport(volume: VolumeObservation, server: ReadyServer, bytes: number | undefined): Finding {
  const { spec } = volume;
  const netif = interfaceOf(spec, server.sight.spec);
  const exports = server.facts.exports.state === "known" ? server.facts.exports.value : [];
  const current = exportAt(volume, exports, netif);
  const strays = ownExports(volume, exports).filter((one) => one !== current);
  const running = current?.pid !== undefined;
  const hold = holdOf(volume, strays);
  const free = hold.kind === "Free";
  if (current?.pid !== undefined && !free && servesGivenUp(volume, server, current))
    return stop([
      no(
        "Exported",
        "BackingChanged",
        `vblade still serves the former backing, ${current.recorded}, which was given up, while ${describeHold(hold)}: release the device on the client, and xensan serves the new one. What is written until then is lost`,
      ),
      no("Attached", "NotExported", "The volume is exported with its former backing"),
    ]);
  const make = backingStep(volume, server, bytes);
  const waits: string[] = [];
  const steps: Step[] = [];

  if (strays.length > 0) {
    const names = strays.map((one) => `${targetOf(one)} on ${one.interface}`).join(", ");
    if (free) steps.push(...strays.map((one) => removal(server, one)));
    else waits.push(`the former export ${names} keeps running`);
  }
  // A logical volume is filled with zeroes in the background: later steps wait until a probe shows it.
  const inBackground = make !== undefined && spec.backing.logicalVolume !== undefined;
  if (make !== undefined) {
    if (!running || free) steps.push({ ...make, interrupts: running && !inBackground });
    else waits.push(`the backing keeps ${bytes} bytes instead of ${wantedBytes(volume.spec)}`);
  }
  const change = changeOf(volume, server, current, { bytes, grows: make !== undefined && !inBackground, free });
  if (change.wait !== undefined) waits.push(change.wait);
  // Two exports of one address at once are worse than none.
  const blocked = strays.length > 0 && !free;
  if (change.restart !== undefined && !inBackground && !(blocked && !running))
    steps.push({
      ...step(server, exportRequest(volume, server, current, change.restart)),
      interrupts: running && change.restart !== "Forbidden",
    });
  return conclude(volume, server, current, { steps, waits, hold, grows: inBackground });
}

/** Whether vblade was started with the backing that a person gave up: it keeps that one open whatever its path names now. */
function servesGivenUp(volume: VolumeObservation, { facts }: ReadyServer, { recorded }: Export): boolean {
  const fact = backingFact(volume, facts);
  return recorded !== "" && recorded === givenUp(volume) && fact !== undefined && !isThere(recorded, fact);
}

interface ExportChange {
  readonly restart?: "Forbidden" | "IfNeeded" | "Always";
  readonly wait?: string;
}

/** How the vblade at the address must change, and which change must wait because a client holds the device. */
function changeOf(
  volume: VolumeObservation,
  server: ReadyServer,
  current: Export | undefined,
  { bytes, grows, free }: { bytes: number | undefined; grows: boolean; free: boolean },
): ExportChange {
  // A vblade that starts again by itself before the script checks may already be held again.
  if (current?.pid === undefined) return { restart: free ? "IfNeeded" : "Forbidden" };
  const configured = isConfigured(volume, current, server);
  const sound = configured && !current.runningDiffers && current.persistence !== "None";
  if (!sound) {
    if (free) return { restart: "IfNeeded" };
    // Edited by hand: if the process still runs as the spec says, only the configuration is written again.
    const wait = "vblade keeps its current parameters";
    return current.runningDiffers && !configured ? { restart: "Forbidden", wait } : { wait };
  }
  const run = runOf(current.pid, server.facts.identity);
  const stale = bytes !== undefined && servedBytes(volume, run, bytes) !== sectors(bytes);
  if ((grows || stale || servesGivenUp(volume, server, current)) && free) return { restart: "Always" };
  if (stale) return { wait: `clients keep seeing ${bytesOf(volume.recorded.size)} bytes instead of ${sectors(bytes)}` };
  return isOurs(volume, current) && current.recorded !== "" && current.guarded ? {} : { restart: "Forbidden" };
}

function conclude(
  volume: VolumeObservation,
  { sight, facts }: ReadyServer,
  current: Export | undefined,
  {
    steps,
    waits,
    hold,
    grows,
  }: { steps: readonly Step[]; waits: readonly string[]; hold: Hold /** In the background. */; grows: boolean },
): Finding {
  const blanking = blankingText(volume, facts);
  const where = `by AoeServer ${sight.name} on ${interfaceOf(volume.spec, sight.spec)}`;
  if (current?.pid === undefined) {
    const waiting = waits.length === 0 ? "" : `; ${waits.join(", ")} while ${describeHold(hold)}`;
    return stop(
      [
        no("Exported", "Progressing", `${targetOf(volume.spec)} is not yet served ${where}${blanking}${waiting}`),
        no("Attached", "NotExported", "The volume is not exported yet"),
      ],
      steps,
    );
  }
  if (waits.length > 0) {
    const message = `${targetOf(volume.spec)} is served ${where}, but ${waits.join(", ")} while ${describeHold(hold)}: release the device on the client, and xensan applies the change`;
    return found([yes("Exported", hold.kind === "Held" ? "ClientHoldsDevice" : "ClientUnknown", message)], steps);
  }
  if (steps.some(({ interrupts }) => interrupts === true))
    return stop(
      [
        no("Exported", "Progressing", `${targetOf(volume.spec)} is served ${where} and is being changed`),
        unknown("Attached", "Progressing", "The export is being changed"),
      ],
      steps,
    );
  if (grows) {
    const message = `${targetOf(volume.spec)} is served ${where}, and its logical volume is being extended to ${wantedBytes(volume.spec)} bytes${blanking}`;
    return found([yes("Exported", "Progressing", message)], steps);
  }
  const cost =
    volume.spec.sync === "Disabled"
      ? "; sync is Disabled: a power failure of the server loses writes that clients consider complete"
      : "";
  return found([yes("Exported", "Exported", `${targetOf(volume.spec)} is served ${where}${cost}`)], steps);
}

/** How much of a logical volume has been filled with zeroes before it is served. */
function blankingText({ spec }: VolumeObservation, facts: HostFacts): string {
  const staged = stagedVolume(spec, facts);
  if (staged?.blankedBytes === undefined) return "";
  const percent = Math.floor((staged.blankedBytes * 100) / staged.sizeBytes);
  return `; the new part of ${backingPath(spec)} is being filled with zeroes, ${percent}% so far`;
}

/**
 * What the status stores of a process, to tell it from every other one: after a reboot another process may have its pid.
 * Undefined while the boot is unknown.
 */
export const runOf = (pid: number, identity: HostFacts["identity"]): string | undefined =>
  identity.state === "known" && identity.value.bootId !== undefined
    ? createHash("sha256").update(`vblade ${pid} ${identity.value.bootId}`).digest("hex").slice(0, 16)
    : undefined;

/** vblade learns the size when it starts: the same process still serves the size that was recorded for it. */
function servedBytes({ recorded }: VolumeObservation, run: string | undefined, bytes: number): number {
  const known = recorded.server?.run === undefined ? undefined : bytesOf(recorded.size);
  return known !== undefined && (run === undefined || run === recorded.server?.run) ? known : sectors(bytes);
}

function isConfigured(volume: VolumeObservation, current: Export, server: ReadyServer): boolean {
  return isConfiguredBacking(volume, current, server) && sameOptions(current.options, exportOptions(volume.spec));
}

function isConfiguredBacking(volume: VolumeObservation, current: Export, server: ReadyServer): boolean {
  const identity = backingFact(volume, server.facts)?.identity ?? "";
  return current.backing === backingPath(volume.spec) || (identity !== "" && current.backingIdentity === identity);
}

function backingStep(volume: VolumeObservation, server: ReadyServer, bytes: number | undefined): Step | undefined {
  const { spec } = volume;
  const wanted = wantedBytes(spec);
  if (wanted === undefined || (bytes !== undefined && bytes >= wanted)) return undefined;
  const { allowedBackings } = server.sight.spec;
  const { file, logicalVolume } = spec.backing;
  const owner = ownerUnder(backingMark(volume, server.facts), volume.owner);
  const replaces = givenUp(volume);
  const command =
    file !== undefined
      ? ensureFile({ owner, allowedBackings, replaces, path: file.path, sizeBytes: wanted })
      : ensureLogicalVolume({
          owner,
          allowedBackings,
          replaces,
          volumeGroup: logicalVolume?.volumeGroup ?? "",
          name: logicalVolume?.name ?? "",
          sizeBytes: wanted,
        });
  return step(server, command);
}

/** The mark of the file or logical volume, if xensan made it. */
export function backingMark(volume: VolumeObservation, facts: HostFacts): string | undefined {
  const wanted = volume.spec.backing.logicalVolume;
  if (wanted === undefined) return backingFact(volume, facts)?.owner;
  if (facts.logicalVolumes.state !== "known") return undefined;
  const made = facts.logicalVolumes.value.find(
    ({ volumeGroup, name }) => volumeGroup === wanted.volumeGroup && name === wanted.name,
  );
  return (made ?? stagedVolume(volume.spec, facts))?.owner;
}

/** The command that starts or changes an export. `restart`: whether a running vblade may be stopped for it. */
export function exportRequest(
  volume: VolumeObservation,
  server: ReadyServer,
  current: Export | undefined,
  restart: "Forbidden" | "IfNeeded" | "Always",
): HostCommand {
  const { spec } = volume;
  const owner = ownerUnder(current?.owner, volume.owner);
  return exportCommand({
    owner,
    shelf: spec.shelf,
    slot: spec.slot,
    interface: interfaceOf(spec, server.sight.spec),
    interfaces: server.sight.spec.interfaces,
    backing: backingPath(spec),
    options: exportOptions(spec),
    restart,
    recorded: volume.recorded.backing?.identity,
    replaces: givenUp(volume),
    allowedBackings: server.sight.spec.allowedBackings,
  });
}

/** Stops an export of this volume, with whatever uid it was made. */
export function removal(server: ReadyServer, one: Export): Step {
  const command = removeExport({
    owner: parseMark(one.owner),
    shelf: one.shelf,
    slot: one.slot,
    interface: one.interface,
  });
  return { ...step(server, command), interrupts: true };
}

/** A step on the server of the volume. */
export function step({ sight }: ReadyServer, command: HostCommand): Step {
  return stepOf(aoeServer(sight.name), command);
}
