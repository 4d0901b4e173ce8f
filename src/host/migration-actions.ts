import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import type { Owner } from "./values.ts";
import { ownerText } from "./values.ts";
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

/** Arguments of start-migration.sh. */
export interface MigrationRequest {
  /** Who declared the domain; undefined for one that nobody declared. */
  readonly owner: Owner | undefined;
  /** Names the run: unit xensan-migrate-OPERATION, its record and its log. */
  readonly operation: string;
  readonly uuid: string;
  readonly address: string;
  /** After so long it is ended on the host itself, as {@link abortMigration} does. */
  readonly timeoutSeconds: number;
  /** RFC 3339: when it began, for its record. */
  readonly time: string;
  /** What the owner of the target allows. */
  readonly allowedBridges: readonly string[];
  readonly allowedBootFiles: readonly string[];
}

/**
 * Begins `xl migrate`, detached (systemd-run, else setsid), and returns. Detail: `started` or `unchanged` (this operation has
 * been begun). Refuses DomainTaken, DomainMissing, DomainMigrating, DomainNotRunning, DomainNameUnsafe,
 * BridgeOutsideBounds and BootFileOutsideBounds (of what the domain runs with), ToolMissing.
 */
export function startMigration(request: MigrationRequest): HostCommand {
  return command("start-migration", 60, `migration of ${request.uuid} to ${request.address} begun`, [
    owner(request.owner),
    operationName(request.operation),
    domainUuid(request.uuid),
    ipv4Address("address", request.address),
    seconds("timeoutSeconds", request.timeoutSeconds, 86_400),
    timeOfDay(request.time),
    ...bridgeBounds(request.allowedBridges),
    ...bootFileBounds(request.allowedBootFiles),
  ]);
}

const owner = (declarer: Owner | undefined) => (declarer === undefined ? "-" : ownerText(declarer));

/**
 * The host keeps that this migration was begun, which it does not run itself: the target of a live one, both hosts of an
 * offline one. Detail: `recorded` or `unchanged`.
 */
export function recordMigration(request: {
  readonly operation: string;
  readonly uuid: string;
  /** RFC 3339: when it began. */
  readonly time: string;
}): HostCommand {
  return command("record-migration", 60, `migration ${request.operation} recorded`, [
    operationName(request.operation),
    domainUuid(request.uuid),
    timeOfDay(request.time),
  ]);
}

/**
 * Waits on the source until the run has ended, at most `seconds`; free of side effects, and of cost while it waits. Detail:
 * `ended` or `running`.
 */
export function awaitMigration(request: { readonly operation: string; readonly seconds: number }): HostCommand {
  return command("await-migration", request.seconds + 30, `the end of migration ${request.operation} is known`, [
    operationName(request.operation),
    seconds("seconds", request.seconds, 3600),
  ]);
}

/**
 * Cuts the connection of the sender, which then resumes the domain by itself, only while its log does not show that
 * permission to start was given. Detail: `aborted`, or `ended` (there was nothing to abort any more). Refuses PastPointOfNoReturn.
 */
export function abortMigration(request: { readonly operation: string }): HostCommand {
  return command("abort-migration", 90, `migration ${request.operation} ended before the point of no return`, [
    operationName(request.operation),
  ]);
}

/**
 * One leftover brought to where the recovery table says, each with UUID, full name and state looked at again in the same
 * process, and no xl left at work on it: `DestroyIncoming` (paused, never ran), `DestroyMigratedAway` (suspended),
 * `AbandonIncoming` (as DestroyIncoming, where the source is proved dead: the one `xl migrate-receive` that waits for it is ended),
 * `StartIncoming` (rename and unpause), `ResumeSource` (rename back where needed, xl resume; Refuses ResumeUnsupported).
 * Detail: what was done or `unchanged`. Refuses DomainTaken, DomainStateDiffers, DomainMigrating.
 */
export function settleMigration(request: {
  /** Who declared the domain; undefined for one that nobody declared. */
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
