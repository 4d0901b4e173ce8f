import type { XenMigration } from "../../api/kinds.ts";
import type { HostCommand } from "../../host/command.ts";
import { stopDomain } from "../../host/domain-actions.ts";
import { abortMigration, type SharedStorage, settleMigration, startMigration } from "../../host/migration-actions.ts";
import { isRefusalReason } from "../../host/refusals.ts";
import type { Owner } from "../../host/values.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { suspends } from "../directives.ts";
import { unknown } from "../finding.ts";
import { type Handed, handOver, nothingHanded } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { explainOutcome, type Step, stepOf } from "../hosts/step.ts";
import { currentFacts } from "../hosts/view.ts";
import { hostText, type ObjectRef, xenHost } from "../identity.ts";
import { domainSpec, hostSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { leaseOn } from "../xen-domain/lease.ts";
import { observeDomain } from "../xen-domain/observe.ts";
import { migratingDomain } from "../xen-domain/watches.ts";
import type { MigrationPass } from "./pass.ts";
import type { Action } from "./plan.ts";
import { recordOn } from "./record-run.ts";
import { sharedStorage } from "./shared-storage.ts";

/** The steps of a live migration: what is done first on the target, then on the source. */

/** The host's own time limit ends this long after the operator's: it is for when no operator runs. */
const graceSeconds = 60;

/** Hands the next action of a live migration to the machine that it concerns. */
export function act(pass: MigrationPass, move: Action | undefined, hosts: readonly (Machine | undefined)[]): Handed {
  const [source, target] = hosts;
  const { world, directives, context, notes, ref: id, draft } = pass;
  if (suspends(directives) || move === undefined) return nothingHanded;
  context.signal.throwIfAborted();
  const ahead = move.kind === "Begin" ? aheadOnTarget(pass, target) : [];
  const onTarget = ahead.length > 0 || (move.kind === "Settle" && move.side === "Target");
  const [machine, ref] = onTarget ? [target, draft.status.targetHostRef] : [source, draft.status.sourceHostRef];
  if (machine === undefined || ref === undefined) return nothingHanded;
  const commands = ahead.length > 0 ? ahead : [commandFor(pass, move, hosts) ?? []].flat();
  // A begun migration is ended on each side, even if the other is observed; a new one begins only if neither is.
  const concerns = move.kind === "Begin" ? [source, target].flatMap((one) => one ?? []) : [];
  if (move.kind === "Begin" && !onTarget && concerns.every(({ observer }) => observer === undefined)) notes.sent(id);
  const steps = commands.map((command): Step => ({ ...stepOf(xenHost(ref.name), command), shownBy: "Running" }));
  return handOver(world, [{ work: id, machine, steps, basis: "", concerns }], { directives, log: context.log });
}

/** Commands for the target before anything moves: it records that this migration was begun, and holds the lease too. */
function aheadOnTarget(pass: MigrationPass, target: Machine | undefined): HostCommand[] {
  const { draft, ref } = pass;
  const done = (target?.agent.results(ref) ?? []).some(
    ({ step, outcome }) => step.action === "record-migration" && outcome.kind === "done",
  );
  return [done ? undefined : recordOn(draft.status, target), leaseOnTarget(pass, target)].flatMap(
    (command) => command ?? [],
  );
}

function commandFor(
  { world, object: migration, spec, draft }: MigrationPass,
  move: Action,
  hosts: readonly (Machine | undefined)[],
): HostCommand | undefined {
  const { operationID: operation = "", domainUUID: uuid = "", domainName: name = "" } = draft.status;
  const { startTime = "", targetHostRef: { name: target } = { name: "" } } = draft.status;
  switch (move.kind) {
    case "Begin": {
      const host = world.stores.hosts.get({ namespace: migration.metadata.namespace ?? "", name: target });
      const parsed = host && hostSpec(host);
      if (parsed?.ok !== true) return undefined;
      const address = parsed.spec.relocation.address ?? parsed.spec.ssh.host;
      const timeoutSeconds = Math.min(86_400, spec.timeoutSeconds + graceSeconds);
      const { bridges: allowedBridges, bootFiles: allowedBootFiles } = parsed.spec.allowed;
      const owner = ownerOfDomain(world, migration);
      const bounds = { allowedBridges, allowedBootFiles };
      const shared = sharedWith(hosts);
      if (shared === undefined) return undefined;
      return startMigration({ owner, operation, uuid, address, timeoutSeconds, time: startTime, shared, ...bounds });
    }
    case "Abort":
      return abortMigration({ operation });
    case "Settle":
      return settleMigration({ owner: ownerOfDomain(world, migration), uuid, name, action: move.action });
    case "DestroySource":
      return stopDomain({ owner: ownerOfDomain(world, migration), uuid, how: "Destroy", waitSeconds: 0 });
  }
}

/** What the source and the target share; undefined while one of them cannot be seen. */
function sharedWith([source, target]: readonly (Machine | undefined)[]): SharedStorage | undefined {
  const [from, to] = [currentFacts(source?.agent.view), currentFacts(target?.agent.view)];
  return from && to && sharedStorage(from, to);
}

/**
 * How long the target holds the lease without a domain: its copy appears within seconds after the source has connected.
 */
const arrivingSeconds = 300;
/** If the migration begins later than this after the target took the lease, it takes it again; milliseconds. */
const heldForMs = 60_000;

/**
 * The command that makes the target hold the lease beside the source; undefined when it does. A bare domain has none.
 */
function leaseOnTarget(
  { world, object: migration, draft, ref }: MigrationPass,
  target: Machine | undefined,
): HostCommand | undefined {
  const domain = migratingDomain(world.stores, migration);
  const parsed = domain && domainSpec(domain);
  const { domainUUID, targetHostRef } = draft.status;
  if (domain === undefined || parsed?.ok !== true || domainUUID === undefined) return undefined;
  const results = target?.agent.results(ref) ?? [];
  const now = world.clock.monotonic();
  const held = results.some(
    ({ step, outcome, at }) => step.action === "hold-lease" && outcome.kind === "done" && now - at < heldForMs,
  );
  if (held) return undefined;
  const observation = observeDomain(world, domain, parsed.spec, domainUUID);
  const host = observation.hosts.find(({ name }) => name === targetHostRef?.name);
  return host && leaseOn(observation, host, arrivingSeconds);
}

/** The mark of the XenDomain that is moved; a bare domain has none. */
function ownerOfDomain(world: World, migration: XenMigration): Owner | undefined {
  const domain = migratingDomain(world.stores, migration);
  if (domain === undefined) return undefined;
  const { namespace = "", name, uid = "" } = domain.metadata;
  return { namespace, name, uid };
}

/** The refusal of the last step for the migration, unless another one is pending. */
export function refusalOf(hosts: readonly Machine[], id: ObjectRef) {
  for (const { agent } of hosts) {
    const last = agent.results(id).at(-1);
    if (last?.outcome.kind === "refused" && isRefusalReason(last.outcome.reason) && !agent.pending(id))
      return { action: last.step.action, reason: last.outcome.reason, message: last.outcome.message };
  }
  return undefined;
}

/** A step without effect sets the migration's conditions, with the reason of its outcome. */
export function troubles({ held }: Handed): ConditionUpdate[] {
  return held.flatMap(({ step, outcome }) => {
    const { reason, message } = explainOutcome(step, outcome);
    return [
      unknown("Migrating", reason, `${hostText(step.host)}: ${message}`),
      unknown("Succeeded", reason, `${hostText(step.host)}: ${message}`),
    ];
  });
}
