import { isElsewhere } from "../../api/reasons/elsewhere.ts";
import { type ReasonEntry, reasons } from "../../api/reasons.ts";
import { complaintsOf, type Entity, entitiesOf, summaryOf, type World } from "../entity.ts";
import { isUnderWay, type Need, needsOf } from "./depends.ts";

/** One object of the chain: its problem, and the objects it waits for that are not ready. */
export interface Link {
  readonly kind: Entity["kind"] | "Secret";
  readonly namespace: string;
  readonly name: string;
  /** How the parent refers to it; absent for the first object. */
  readonly by?: string;
  readonly state: "True" | "False" | "Unknown" | "Missing";
  readonly reason: string;
  readonly message: string;
  /** Further conditions with problems, without the summary and repetitions of it. */
  readonly complaints: readonly Complaint[];
  /** The action in the catalogue of reasons. */
  readonly action?: string;
  /** It appears further up already, with the objects it waits for. */
  readonly repeated: boolean;
  readonly waitsFor: readonly Link[];
}

/** A condition with a problem. */
export interface Complaint {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Follows the needs of an object through everything that has a problem. */
export const chainOf = (start: Entity, world: World): Link => chainsFrom(world)(start);

/**
 * The chains of all objects that are not ready, each object at its first place only. Omits migrations that are over.
 */
export function chainsOf(world: World): Link[] {
  const { migrations, domains, clusters, hosts, volumes, servers } = world;
  const link = chainsFrom(world);
  const told = new Set<string>();
  const tell = ({ kind, name, waitsFor }: Link): void => {
    told.add(`${kind}/${name}`);
    waitsFor.forEach(tell);
  };
  const dependentsFirst = [...migrations.filter(isUnderWay), ...domains, ...clusters, ...volumes, ...hosts, ...servers];
  return dependentsFirst.flatMap((entity) => {
    if (summaryOf(entity).state === "True" || told.has(`${entity.kind}/${entity.name}`)) return [];
    const chain = link(entity);
    tell(chain);
    return [chain];
  });
}

function chainsFrom(world: World): (start: Entity) => Link {
  const { namespace } = world;
  const entities = new Map(entitiesOf(world).map((entity) => [`${entity.kind}/${entity.name}`, entity]));
  const shown = new Set<string>();

  function link(entity: Entity, by: string | undefined, above: readonly Entity[]): Link {
    const key = `${entity.kind}/${entity.name}`;
    const { state, reason, message } = summaryOf(entity);
    const complaints = distinct(complaintsOf(entity).filter((one) => one.reason !== reason || one.message !== message));
    const advice = adviceFor(reason);
    const repeated = shown.has(key);
    shown.add(key);
    return {
      ...{ kind: entity.kind, namespace, name: entity.name, state, reason, message, complaints, repeated },
      ...(by === undefined ? {} : { by }),
      ...(advice === undefined || state === "True" ? {} : { action: advice }),
      waitsFor: repeated || state === "True" ? [] : waitsFor(entity, [...above, entity]),
    };
  }

  function waitsFor(entity: Entity, path: readonly Entity[]): Link[] {
    return needsOf(entity, world).flatMap((need): Link[] => {
      if (need.kind === "Secret") return secretLink(need, world);
      const { kind, name, by } = need;
      const found = entities.get(`${kind}/${name}`);
      if (found === undefined)
        return [missing(need, namespace, `Create it in namespace ${namespace}, or correct the reference.`)];
      // Objects that wait for each other would form an endless chain.
      return summaryOf(found).state === "True" || path.includes(found) ? [] : [link(found, by, path)];
    });
  }

  return (start) => link(start, undefined, []);
}

type SecretNeed = Extract<Need, { readonly kind: "Secret" }>;

function secretLink(need: SecretNeed, { secrets, namespace }: World): Link[] {
  if (secrets.get(need.name) !== "Absent") return [];
  return [missing(need, namespace, `Create a Secret of type ${need.type} in namespace ${namespace}.`)];
}

function missing({ kind, name, by }: Need, namespace: string, action: string): Link {
  return {
    ...{ kind, namespace, name, by, state: "Missing", reason: "NotFound" },
    message: `${kind} ${name} does not exist`,
    complaints: [],
    action,
    repeated: false,
    waitsFor: [],
  };
}

/** Merges conditions with the same reason and message. */
function distinct(complaints: readonly Complaint[]): Complaint[] {
  const told = new Map<string, Complaint>();
  for (const { type, status, reason, message } of complaints) {
    const key = `${reason}: ${message}`;
    if (!told.has(key)) told.set(key, { type, status, reason, message });
  }
  return [...told.values()];
}

const catalogue: ReadonlyMap<string, ReasonEntry> = new Map(Object.entries(reasons));

function adviceFor(reason: string): string | undefined {
  return catalogue.get(reason)?.action;
}

/**
 * What has to change first: the failures of the objects at the top, then the ends of the chains. Each object once,
 * missing or failed ones before unknown ones.
 */
export function causesOf(...chains: readonly Link[]): Link[] {
  const order = ["Missing", "False", "Unknown", "True"];
  const ends = new Map<string, Link>();
  const visit = (one: Link): void => {
    const own =
      one.waitsFor.length === 0 || (chains.includes(one) && one.state === "False" && !isElsewhere(one.reason));
    if (own && one.state !== "True" && !one.repeated) ends.set(`${one.namespace}/${one.kind}/${one.name}`, one);
    one.waitsFor.forEach(visit);
  };
  chains.forEach(visit);
  const rank = (one: Link) => (chains.includes(one) ? -1 : order.indexOf(one.state));
  return [...ends.values()].toSorted((one, other) => rank(one) - rank(other));
}
