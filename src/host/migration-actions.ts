import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import type { Owner, Target } from "./values.ts";
import { matching, ownerText, targetName } from "./values.ts";
import {
  bootFileBounds,
  bridgeBounds,
  domainName,
  domainUuid,
  ipv4Address,
  operationName,
  seconds,
  timeOfDay,
} from "./xen-values.ts";

/** What both hosts of a migration have: all disks with which the domain runs must be here. */
export interface SharedStorage {
  /** Where both have the same OCFS2 mounted. */
  readonly mountPoints: readonly string[];
  /** Mount points of the target below them that hide a part of it. */
  readonly hidden: readonly string[];
  /** AoE devices that both find at the same server with the same size. */
  readonly devices: readonly Target[];
}

/** Arguments of start-migration.sh. */
export interface MigrationRequest {
  /** The object that declared the domain; undefined for an undeclared domain. */
  readonly owner: Owner | undefined;
  /** Names the run: unit xensan-migrate-OPERATION, its record and its log. */
  readonly operation: string;
  readonly uuid: string;
  readonly address: string;
  /** The host itself ends the migration after this time, as {@link abortMigration} does. */
  readonly timeoutSeconds: number;
  /** RFC 3339: the start of the migration, for its record. */
  readonly time: string;
  /** Globs that the owner of the target allows. */
  readonly allowedBridges: readonly string[];
  readonly allowedBootFiles: readonly string[];
  readonly shared: SharedStorage;
}

/**
 * Starts `xl migrate`, detached (systemd-run, else setsid), and returns. Detail: `started` or `unchanged` (this
 * operation was started before). Refuses DomainTaken, DomainMissing, DomainMigrating, DomainNotRunning,
 * DomainNameUnsafe, BridgeOutsideBounds and BootFileOutsideBounds (of the running domain's bridges and boot files),
 * DiskNotShared, ToolMissing.
 */
export function startMigration(request: MigrationRequest): HostCommand {
  return command("start-migration", 60, `migration of ${request.uuid} to ${request.address} started`, [
    owner(request.owner),
    operationName(request.operation),
    domainUuid(request.uuid),
    ipv4Address("address", request.address),
    seconds("timeoutSeconds", request.timeoutSeconds, 86_400),
    timeOfDay(request.time),
    ...bridgeBounds(request.allowedBridges),
    ...bootFileBounds(request.allowedBootFiles),
    ...sharedWords(request.shared),
  ]);
}

const sharedWords = ({ mountPoints, hidden, devices }: SharedStorage): readonly string[] => [
  ...mountPoints.map((mountPoint) => `share=${mountPointText(mountPoint)}`),
  ...hidden.map((mountPoint) => `hidden=${mountPointText(mountPoint)}`),
  ...devices.map((device) => `device=/dev/etherd/${targetName(device)}`),
];

/** A host may have mounted at any path; the script only compares it. */
const mountPointText = (value: string) =>
  matching("mountPoint", value, /^\/\P{Cc}{0,4095}$/u, "an absolute path without control characters");

const owner = (declarer: Owner | undefined) => (declarer === undefined ? "-" : ownerText(declarer));

/**
 * Records a migration on a host that does not run it: the target of a live migration, both hosts of an offline one.
 * Detail: `recorded` or `unchanged`.
 */
export function recordMigration(request: {
  readonly operation: string;
  readonly uuid: string;
  /** RFC 3339: the start of the migration. */
  readonly time: string;
}): HostCommand {
  return command("record-migration", 60, `migration ${request.operation} recorded`, [
    operationName(request.operation),
    domainUuid(request.uuid),
    timeOfDay(request.time),
  ]);
}

/**
 * Waits on the source until the run has ended, for at most `seconds`. It has no side effects and costs nothing while it
 * waits. Detail: `ended` or `running`.
 */
export function awaitMigration(request: { readonly operation: string; readonly seconds: number }): HostCommand {
  return command("await-migration", request.seconds + 30, `the end of migration ${request.operation} is known`, [
    operationName(request.operation),
    seconds("seconds", request.seconds, 3600),
  ]);
}

/**
 * Cuts the connection of the sender, which then resumes the domain by itself, only while its log does not show that
 * permission to start was given. Detail: `aborted`, or `ended` (there was nothing left to abort). Refuses
 * PastPointOfNoReturn.
 */
export function abortMigration(request: { readonly operation: string }): HostCommand {
  return command("abort-migration", 90, `migration ${request.operation} ended before the point of no return`, [
    operationName(request.operation),
  ]);
}

/**
 * Brings one leftover of a migration to the state that the recovery table demands. The same process checks UUID, full
 * name and state first, and that no xl works on the domain. `DestroyIncoming` (paused, never ran),
 * `DestroyMigratedAway` (suspended), `AbandonIncoming` (like DestroyIncoming, with a source that is proved dead: ends
 * the one `xl migrate-receive` that waits for it), `StartIncoming` (rename and unpause), `ResumeSource` (rename back if
 * needed, xl resume; refuses ResumeUnsupported). Detail: the action taken, or `unchanged`. Refuses DomainTaken,
 * DomainStateDiffers, DomainMigrating.
 */
export function settleMigration(request: {
  /** The object that declared the domain; undefined for an undeclared domain. */
  readonly owner: Owner | undefined;
  readonly uuid: string;
  readonly name: string;
  readonly action: "DestroyIncoming" | "AbandonIncoming" | "DestroyMigratedAway" | "StartIncoming" | "ResumeSource";
}): HostCommand {
  return command("settle-migration", 120, `${request.action} of domain ${request.name}`, [
    owner(request.owner),
    domainUuid(request.uuid),
    domainName(request.name),
    request.action,
  ]);
}
