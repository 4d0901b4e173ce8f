import { z } from "zod";
import { type AoeServerSpec, type AoeServerStatus, aoeServerStatusSchema } from "../api/aoe-server.ts";
import { type AoeVolumeSpec, type AoeVolumeStatus, aoeVolumeStatusSchema } from "../api/aoe-volume.ts";
import { type Condition, conditionSchema } from "../api/conditions.ts";
import type { KindName } from "../api/kinds.ts";
import { type Ocfs2ClusterSpec, type Ocfs2ClusterStatus, ocfs2ClusterStatusSchema } from "../api/ocfs2-cluster.ts";
import { type ParsedSpec, parseSpec } from "../api/parse.ts";
import { judged } from "../api/polarity.ts";
import { type XenDomainSpec, type XenDomainStatus, xenDomainStatusSchema } from "../api/xen-domain.ts";
import { type XenHostSpec, type XenHostStatus, xenHostStatusSchema } from "../api/xen-host.ts";
import { type XenMigrationSpec, type XenMigrationStatus, xenMigrationStatusSchema } from "../api/xen-migration.ts";

/** An object that the API server returned, parsed. Parts that do not parse are omitted; nothing is guessed. */
interface Read<K extends KindName, Spec, Status> {
  readonly kind: K;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly generation: number | undefined;
  readonly deleting: boolean;
  readonly spec: ParsedSpec<Spec>;
  readonly conditions: readonly Condition[];
  readonly status: Status | undefined;
}

/** An AoeServer that was read. */
export type Server = Read<"AoeServer", AoeServerSpec, AoeServerStatus>;
/** An AoeVolume that was read. */
export type Volume = Read<"AoeVolume", AoeVolumeSpec, AoeVolumeStatus>;
/** A XenHost that was read. */
export type Host = Read<"XenHost", XenHostSpec, XenHostStatus>;
/** An Ocfs2Cluster that was read. */
export type Cluster = Read<"Ocfs2Cluster", Ocfs2ClusterSpec, Ocfs2ClusterStatus>;
/** A XenDomain that was read. */
export type Domain = Read<"XenDomain", XenDomainSpec, XenDomainStatus>;
/** A XenMigration that was read. */
export type Migration = Read<"XenMigration", XenMigrationSpec, XenMigrationStatus>;
/** An object of any of our kinds that was read. */
export type Entity = Server | Volume | Host | Cluster | Domain | Migration;

const objectSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(""),
    generation: z.number().optional(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.unknown().optional(),
  status: z.unknown().optional(),
});
const conditionsSchema = z.object({ conditions: z.array(conditionSchema) });

function read<K extends KindName, Spec, Status>(
  kind: K,
  parse: (object: z.output<typeof objectSchema>) => ParsedSpec<Spec>,
  statusSchema: z.ZodType<Status>,
): (object: unknown) => Read<K, Spec, Status> {
  return (raw) => {
    const object = objectSchema.parse(raw);
    const { name, namespace, generation, deletionTimestamp, labels, annotations } = object.metadata;
    const conditions = conditionsSchema.safeParse(object.status);
    return {
      ...{ kind, namespace, name, labels, annotations, generation },
      deleting: deletionTimestamp !== undefined,
      spec: parse(object),
      conditions: conditions.success ? conditions.data.conditions : [],
      status: statusSchema.safeParse(object.status).data,
    };
  };
}

/** Parses an AoeServer; throws a ZodError if it has no metadata. */
export const readServer = read("AoeServer", (object) => parseSpec("AoeServer", object), aoeServerStatusSchema);
/** Parses an AoeVolume; throws a ZodError if it has no metadata. */
export const readVolume = read("AoeVolume", (object) => parseSpec("AoeVolume", object), aoeVolumeStatusSchema);
/** Parses a XenHost; throws a ZodError if it has no metadata. */
export const readHost = read("XenHost", (object) => parseSpec("XenHost", object), xenHostStatusSchema);
/** Parses an Ocfs2Cluster; throws a ZodError if it has no metadata. */
export const readCluster = read(
  "Ocfs2Cluster",
  (object) => parseSpec("Ocfs2Cluster", object),
  ocfs2ClusterStatusSchema,
);
/** Parses a XenDomain; throws a ZodError if it has no metadata. */
export const readDomain = read("XenDomain", (object) => parseSpec("XenDomain", object), xenDomainStatusSchema);
/** Parses a XenMigration; throws a ZodError if it has no metadata. */
export const readMigration = read(
  "XenMigration",
  (object) => parseSpec("XenMigration", object),
  xenMigrationStatusSchema,
);

/** The objects of one namespace that commands work with. */
export interface World {
  readonly namespace: string;
  readonly servers: readonly Server[];
  readonly volumes: readonly Volume[];
  readonly hosts: readonly Host[];
  readonly clusters: readonly Cluster[];
  readonly domains: readonly Domain[];
  readonly migrations: readonly Migration[];
  /** Secrets whose existence was checked. Unknown: the API server does not let us read them. */
  readonly secrets: ReadonlyMap<string, "Present" | "Absent" | "Unknown">;
}

/** All objects of the namespace except Secrets. */
export function entitiesOf(world: World): readonly Entity[] {
  const { servers, volumes, hosts, clusters, domains, migrations } = world;
  return [...servers, ...volumes, ...hosts, ...clusters, ...domains, ...migrations];
}

/** The summary of an object, from its own conditions. */
export interface Summary {
  readonly type: "Ready" | "Succeeded";
  readonly state: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/**
 * The object's summary: its condition Ready (Succeeded for a XenMigration), Unknown if it is about an older generation.
 */
export function summaryOf({ kind, conditions, generation, spec, deleting }: Entity): Summary {
  const type = kind === "XenMigration" ? "Succeeded" : "Ready";
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined) {
    const said = spec.ok
      ? { reason: "Pending", message: "The operator has not checked the object yet" }
      : { reason: "InvalidSpec", message: spec.message };
    return { type, state: spec.ok ? "Unknown" : "False", ...said };
  }
  if (found.observedGeneration !== undefined && found.observedGeneration !== generation && !deleting)
    return {
      type,
      state: "Unknown",
      reason: "Pending",
      message: "The spec has changed, and the operator has not reconciled the object yet",
    };
  return { type, state: found.status, reason: found.reason, message: found.message };
}

/** The conditions, except the summary, that are bad or unknown. */
export function complaintsOf(entity: Entity): readonly Condition[] {
  const { type } = summaryOf(entity);
  return entity.conditions.filter(
    (condition) => condition.type !== type && ["Bad", "Unknown"].includes(judged(condition)),
  );
}

/** `metadata.namespace`; empty if it is not set. */
export const objectNamespace = (object: unknown): string => objectSchema.parse(object).metadata.namespace;

/** `metadata.name`; throws a ZodError if it is not set. */
export const objectName = (object: unknown): string => objectSchema.parse(object).metadata.name;

const readers: { readonly [K in KindName]: (object: unknown) => Entity } = {
  AoeServer: readServer,
  AoeVolume: readVolume,
  XenHost: readHost,
  Ocfs2Cluster: readCluster,
  XenDomain: readDomain,
  XenMigration: readMigration,
};

/** Parses an object of the given kind; throws a ZodError if it has no metadata. */
export const readEntity = (kind: KindName, object: unknown): Entity => readers[kind](object);

/** The world with these objects added, in place of existing ones of the same names. */
export function withEntities(world: World, entities: readonly Entity[]): World {
  const others = entitiesOf(world).filter(
    ({ kind, name }) => !entities.some((one) => one.kind === kind && one.name === name),
  );
  const all = [...others, ...entities];
  return {
    ...world,
    servers: all.filter((one) => one.kind === "AoeServer"),
    volumes: all.filter((one) => one.kind === "AoeVolume"),
    hosts: all.filter((one) => one.kind === "XenHost"),
    clusters: all.filter((one) => one.kind === "Ocfs2Cluster"),
    domains: all.filter((one) => one.kind === "XenDomain"),
    migrations: all.filter((one) => one.kind === "XenMigration"),
  };
}
