import { apiVersion, group } from "../../api/common.ts";
import { type XenHost, type XenMigration, xenMigrations } from "../../api/kinds.ts";
import { gapIn } from "../../host/facts.ts";
import type { DomainsFact } from "../../host/xen-facts.ts";
import { type ConditionUpdate, findCondition, rfc3339 } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import {
  isConflict,
  isNotFound,
  type KubeApi,
  KubeError,
  type KubeObject,
  keyOf,
  keyString,
} from "../../runtime/kube-api.ts";
import type { ReconcileContext } from "../../runtime/reconciler.ts";
import { type Directives, directivesOf, suspends } from "../directives.ts";
import { no, unknown, yes } from "../finding.ts";
import { soonest } from "../gate.ts";
import { refTo } from "../identity.ts";
import { hostSpec } from "../specs.ts";
import type { Means, World } from "../world.ts";
import { finishedAt } from "../xen-migration/retention.ts";
import { baseName, copyOf } from "../xen-migration/sight.ts";
import { isFinished } from "../xen-migration/watches.ts";

/** The label with the host's name on migrations that were created to drain it. */
export const drainLabel = `${group}/drain`;
/**
 * At most this many domains of a host are moved at once: a faulty host would otherwise cause migrations without end.
 */
const mostDomains = 256;
/** How long after a failed migration the next one is created, milliseconds. */
const pauseMs = 300_000;

interface DrainedDomain {
  readonly uuid: string;
  readonly name: string;
  readonly domainRef: string | undefined;
  /** The domain arrives, leaves, or is being destroyed, and must not be moved. */
  readonly passing: boolean;
}

/** Everything that a drain depends on, as plain data. */
export interface ObservedDrain {
  readonly maintenance: "None" | "Cordon" | "Drain";
  /**
   * Undefined while unknown, or unless the host is drained. `domainRef`: the XenDomain of the UUID, if one is declared.
   */
  readonly domains: readonly DrainedDomain[] | undefined;
  /** Why the host may have further domains, which cannot be moved; undefined if every row of its list was read. */
  readonly gap: string | undefined;
  /** What may yet bring a domain: migrations to the host, and programs of the toolstack that build or wait for one. */
  readonly arriving: readonly string[];
  /** Why the API server refused the last migration that was to be created. */
  readonly refused?: string | undefined;
  /** Migrations that were created for this drain. */
  readonly own: readonly XenMigration[];
  /** Other unfinished migrations of domains on this host. */
  readonly others: readonly XenMigration[];
  /** Names of all migrations of the namespace. */
  readonly names: ReadonlySet<string>;
  readonly nowMs: number;
}

/** The migrations to create and withdraw, and the condition of the drain. */
export interface DrainPlan {
  readonly create: readonly { readonly name: string; readonly uuid: string; readonly domainRef: string | undefined }[];
  /** Migrations that were created for the drain and have not begun. */
  readonly withdraw: readonly XenMigration[];
  readonly condition: ConditionUpdate;
  /** Seconds until another attempt is due. */
  readonly againSeconds: number | undefined;
}

/**
 * One migration per domain on the host, another one after a failure; withdraws those not begun when the drain is over.
 */
export function planDrain(host: string, sight: ObservedDrain): DrainPlan {
  const { maintenance, own } = sight;
  const waiting = own.filter((one) => !isFinished(one) && one.status?.operationID === undefined);
  const nothing = { create: [], withdraw: [], againSeconds: undefined };
  if (maintenance !== "Drain")
    return {
      ...nothing,
      withdraw: waiting.filter((one) => !isDeleting(one)),
      condition: no("Drained", "NotDraining", `maintenance is ${maintenance}`),
    };
  if (sight.domains === undefined)
    return { ...nothing, condition: unknown("Drained", "FactsUnknown", "The domains of the host are unknown") };
  const domains = sight.domains.slice(0, mostDomains);
  const judged: readonly (Decision & { readonly domain: DrainedDomain })[] = domains.map((domain) => ({
    domain,
    ...(domain.passing ? { blocker: undefined } : decide(host, sight, domain)),
  }));
  // It has left the host, and its arrival is not known yet.
  const away = own.filter(
    (one) =>
      !isFinished(one) &&
      one.status?.operationID !== undefined &&
      !domains.some(({ uuid }) => uuid === one.status?.domainUUID),
  );
  const create = judged.flatMap(({ domain, attempt }) =>
    attempt === undefined
      ? []
      : [
          {
            name: nameOf(host, domain, attempt),
            uuid: domain.uuid,
            domainRef: domain.domainRef,
          },
        ],
  );
  return {
    create,
    withdraw:
      sight.gap === undefined
        ? waiting.filter((one) => !isDeleting(one) && !domains.some((domain) => isOf(one, domain)))
        : [],
    condition: conditionOf([
      ...judged.map(({ domain, blocker }) => ({ name: domain.name, blocker })),
      ...away.map((one) => ({ name: one.status?.domainName ?? one.metadata.name, blocker: whyItWaits(one) })),
      ...(sight.refused === undefined || create.length === 0
        ? []
        : [{ name: "No XenMigration can be created", blocker: sight.refused }]),
      ...sight.arriving.map((name) => ({ name, blocker: undefined })),
      ...(sight.gap === undefined ? [] : [{ name: "an unknown domain", blocker: sight.gap }]),
    ]),
    againSeconds: soonest([
      ...judged.map(({ dueSeconds }) => dueSeconds),
      sight.refused === undefined || create.length === 0 ? undefined : pauseMs / 1000,
    ]),
  };
}

function conditionOf(
  left: readonly { readonly name: string; readonly blocker: string | undefined }[],
): ConditionUpdate {
  if (left.length === 0) return yes("Drained", "Drained", "The host has no domains");
  const blocked = left.flatMap(({ name, blocker }) => (blocker === undefined ? [] : [`${name}: ${blocker}`]));
  const moving = left.filter(({ blocker }) => blocker === undefined).map(({ name }) => name);
  const underWay = moving.length === 0 ? "" : `moving or queued: ${moving.join(", ")}`;
  return no(
    "Drained",
    blocked.length > 0 ? "DrainBlocked" : "Draining",
    [...blocked, ...(underWay === "" ? [] : [underWay])].join("; "),
  );
}

interface Decision {
  /** Number of the migration to create. */
  readonly attempt?: number;
  /** Why the domain stays, for messages; undefined while it moves or waits for its turn. */
  readonly blocker: string | undefined;
  readonly dueSeconds?: number;
}

/** The same for each process, so that what exists already is not created again. */
const nameOf = (host: string, { uuid }: DrainedDomain, attempt: number) =>
  `drain-${host.slice(0, 200)}-${uuid}-${attempt}`;

/** Numbers beyond this are not those of a drain. */
const highestNumber = 1_000_000_000;

/**
 * The first free number after those of these migrations. Users choose names and labels, too: a name of another form has
 * no number, and a name that is taken is left out.
 */
function nextAttempt(
  host: string,
  domain: DrainedDomain,
  mine: readonly XenMigration[],
  names: ReadonlySet<string>,
): number {
  const start = nameOf(host, domain, 0).slice(0, -1);
  const numbers = mine.flatMap(({ metadata: { name } }) => {
    const number = Number(name.slice(start.length));
    return number <= highestNumber && nameOf(host, domain, number) === name ? [number] : [];
  });
  let next = 1 + Math.max(0, ...numbers);
  while (names.has(nameOf(host, domain, next))) next++;
  return next;
}

function decide(host: string, { own, others, names, nowMs }: ObservedDrain, domain: DrainedDomain): Decision {
  const mine = own.filter((one) => isOf(one, domain) && !isGivenUp(one));
  const open = [...mine, ...others.filter((one) => isOf(one, domain) && goesOn(one))].find((one) => !isFinished(one));
  if (open !== undefined) return { blocker: whyItWaits(open) };
  const last = mine.toSorted((one, other) => finishedAt(other) - finishedAt(one))[0];
  const attempt = nextAttempt(host, domain, mine, names);
  const outcome = findCondition(last?.status?.conditions, "Succeeded");
  // The domain came back since, or a migration of this number existed before and its object was lost.
  if (last === undefined || outcome?.status === "True" || outcome?.reason === "AlreadyDone")
    return { attempt, blocker: undefined };
  const blocker = `${outcome?.reason}: ${outcome?.message}`;
  if (outcome?.reason === "AbortRequested") return { blocker };
  const dueMs = finishedAt(last) + pauseMs;
  if (dueMs <= nowMs) return { attempt, blocker };
  return { blocker: `${blocker} (next attempt at ${rfc3339(dueMs)})`, dueSeconds: (dueMs - nowMs) / 1000 };
}

/** True for somebody's migration that has begun or only waits for its turn: one that may never begin holds up no drain. */
const goesOn = (migration: XenMigration): boolean =>
  migration.status?.operationID !== undefined ||
  (whyItWaits(migration) === undefined && !suspends(directivesOf(migration.metadata)) && !isGivenUp(migration));

/** True for a deleted migration that never begins, though somebody's finalizer keeps the object. */
const isGivenUp = (migration: XenMigration): boolean =>
  isDeleting(migration) && migration.status?.operationID === undefined;

/** What prevents a migration from beginning or ending, if it does not pass by itself. */
function whyItWaits(migration: XenMigration): string | undefined {
  const succeeded = findCondition(migration.status?.conditions, "Succeeded");
  const passing = ["Pending", "WaitingForPermit", "Migrating", "Settling", "Admitted"];
  if (succeeded === undefined || passing.includes(succeeded.reason)) return undefined;
  return `${succeeded.reason}: ${succeeded.message}`;
}

function isOf({ spec, status }: XenMigration, { uuid, name, domainRef }: DrainedDomain): boolean {
  return (
    status?.domainUUID === uuid ||
    spec.domain === uuid ||
    spec.domain === name ||
    (spec.domainRef !== undefined && spec.domainRef.name === domainRef)
  );
}

/** Domains that programs of the toolstack build, receive, or are about to start again after a reboot of the guest. */
function beingBuilt({ domains, processes }: DomainsFact): string[] {
  const here = new Set(domains.map(({ name }) => baseName(name)));
  return processes.flatMap(({ verb, name }) => {
    if (verb === "wait") return here.has(name) ? [] : [name];
    return ["create", "restore", "migrate-receive"].includes(verb) ? [`xl ${verb}`] : [];
  });
}

/** Why the API server refused the last migration of a drain, by `namespace/name` of the host. */
const refusals = new WeakMap<World, Map<string, string>>();

/** Gathers from memory everything that the drain of a host depends on. */
export function observeDrain(world: World, host: XenHost): ObservedDrain {
  const { namespace = "", name } = host.metadata;
  const parsed = hostSpec(host);
  const running = world.machines.of(refTo("XenHost", namespace, name))?.agent.running;
  // A migration sees its end in a probe of what runs: with older facts the drain would begin another one.
  const domains = running?.state === "Reachable" ? running.snapshot.facts.domains : undefined;
  const label = labelOf(name);
  const all = world.stores.migrations.list(namespace);
  const maintenance = parsed.ok ? parsed.spec.maintenance : "None";
  return {
    maintenance,
    gap: maintenance === "Drain" && domains !== undefined ? gapIn(domains) : undefined,
    domains:
      maintenance === "Drain" && domains?.state === "known"
        ? domains.value.domains.map((domain) => ({
            uuid: domain.uuid,
            name: baseName(domain.name),
            domainRef: world.stores.domains
              .byIndex("uuid", domain.uuid)
              .find(({ metadata }) => metadata.namespace === namespace)?.metadata.name,
            passing: ["Incoming", "MigratedAway"].includes(copyOf([domain]).form),
          }))
        : domains?.state === "absent"
          ? []
          : undefined,
    arriving: [
      ...all.flatMap((one) =>
        !isFinished(one) && one.status?.operationID !== undefined && one.status.targetHostRef?.name === name
          ? (one.status.domainName ?? one.metadata.name)
          : [],
      ),
      ...(domains?.state === "known" ? beingBuilt(domains.value) : []),
    ],
    refused: refusals.get(world)?.get(`${namespace}/${name}`),
    own: all.filter(({ metadata }) => metadata.labels?.[drainLabel] === label),
    others: all.filter((one) => one.metadata.labels?.[drainLabel] !== label && !isFinished(one)),
    names: new Set(all.map(({ metadata }) => metadata.name)),
    nowMs: world.clock.now(),
  };
}

/** Whether the migration is one of those that the drain of its source withdraws when it ends. */
export function isOfDrain({ metadata: { labels }, spec }: XenMigration): boolean {
  return spec.sourceHostRef !== undefined && labels?.[drainLabel] === labelOf(spec.sourceHostRef.name);
}

/** The value of a label has at most 63 characters. */
const labelOf = (host: string) => host.slice(0, 63).replace(/[^a-z0-9]+$/, "");

/** Creates and withdraws the migrations that drain a host. */
export async function drain(
  { api, world }: Means,
  host: XenHost,
  directives: Directives,
  { signal, leading }: ReconcileContext,
): Promise<void> {
  if (suspends(directives) || isDeleting(host)) return;
  const plan = planDrain(host.metadata.name, observeDrain(world, host));
  signal.throwIfAborted();
  const refused = refusals.get(world) ?? new Map<string, string>();
  refusals.set(world, refused);
  const key = keyString(keyOf(host));
  refused.delete(key);
  for (const one of plan.create) {
    try {
      await create(api, host, one, leading);
    } catch (error) {
      // Such as a quota: nothing else of the host waits for it.
      if (!(error instanceof KubeError) || ![403, 422].includes(error.status)) throw error;
      refused.set(key, error.message);
      break;
    }
  }
  for (const one of plan.withdraw) await withdraw(api, one, leading);
}

async function create(
  api: KubeApi,
  host: XenHost,
  { name, uuid, domainRef }: DrainPlan["create"][number],
  signal: AbortSignal,
): Promise<void> {
  const { namespace = "", name: source, uid = "" } = host.metadata;
  const object: XenMigration & KubeObject = {
    apiVersion,
    kind: "XenMigration",
    metadata: {
      namespace,
      name,
      labels: { [drainLabel]: labelOf(source) },
      ownerReferences: [{ apiVersion, kind: "XenHost", name: source, uid, controller: true }],
    },
    spec: {
      ...(domainRef === undefined ? { domain: uuid } : { domainRef: { name: domainRef } }),
      sourceHostRef: { name: source },
      mode: "Live",
      timeoutSeconds: 3600,
    },
  };
  try {
    await api.create(xenMigrations, object, signal);
  } catch (error) {
    // It exists already, and the watch will deliver it.
    if (!isConflict(error)) throw error;
  }
}

async function withdraw(api: KubeApi, migration: XenMigration, signal: AbortSignal): Promise<void> {
  const { uid, resourceVersion } = migration.metadata;
  try {
    // If it has begun meanwhile, it continues.
    await api.delete(xenMigrations, keyOf(migration), {
      preconditions: {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      signal,
    });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
