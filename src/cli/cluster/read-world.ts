import { type GenericClass, kind } from "kubernetes-fluent-client";
import { z } from "zod";
import { applyDefinitions } from "../../api/common.ts";
import type { KindName } from "../../api/kinds.ts";
import {
  type Entity,
  objectNamespace,
  readCluster,
  readDomain,
  readEntity,
  readHost,
  readMigration,
  readServer,
  readVolume,
  type World,
} from "../entity.ts";
import { secretsNamed } from "../why/depends.ts";
import { ApiError, isMissing } from "./api-error.ts";
import { type Connection, scopeText, within } from "./connect.ts";
import { models } from "./models.ts";
import { pick } from "./named.ts";
import type { Where } from "./requests.ts";

/** The objects of each kind, as the API server sent them. */
export type Objects = Readonly<Record<KindName, readonly unknown[]>>;

/** Reads every object of the connection's scope. */
export async function readObjects(connection: Connection): Promise<Objects> {
  const [AoeServer, AoeVolume, XenHost, Ocfs2Cluster, XenDomain, XenMigration] = await Promise.all([
    list(connection, models.AoeServer),
    list(connection, models.AoeVolume),
    list(connection, models.XenHost),
    list(connection, models.Ocfs2Cluster),
    list(connection, models.XenDomain),
    list(connection, models.XenMigration),
  ]);
  return { AoeServer, AoeVolume, XenHost, Ocfs2Cluster, XenDomain, XenMigration };
}

/** Parses the objects, namespace by namespace. Of Secrets, it reads only whether they exist. */
export async function worldsOf(connection: Connection, objects: Objects): Promise<readonly World[]> {
  const { scope } = connection;
  const namespaces = scope === undefined ? namespacesOf(Object.values(objects).flat()) : [scope];
  return await Promise.all(namespaces.map((namespace) => worldOf(within(connection, namespace), objects)));
}

/** The namespaces of these objects, in alphabetical order. */
export const namespacesOf = (objects: readonly unknown[]): readonly string[] =>
  [...new Set(objects.map(objectNamespace))].toSorted();

async function worldOf(connection: Connection, objects: Objects): Promise<World> {
  const { namespace } = connection;
  const inside = (kind: KindName) => objects[kind].filter((object) => objectNamespace(object) === namespace);
  const world: World = {
    namespace,
    servers: inside("AoeServer").map(readServer),
    volumes: inside("AoeVolume").map(readVolume),
    hosts: inside("XenHost").map(readHost),
    clusters: inside("Ocfs2Cluster").map(readCluster),
    domains: inside("XenDomain").map(readDomain),
    migrations: inside("XenMigration").map(readMigration),
    secrets: new Map(),
  };
  return { ...world, secrets: new Map(await secretStates(connection, secretsNamed(world))) };
}

/** Reads every object of the connection's namespace. Of Secrets, it reads only whether they exist. */
export const readWorld = async (connection: Connection): Promise<World> =>
  worldOf(connection, await readObjects(connection));

/** Like {@link readWorld}, for each namespace of the connection's scope. */
export const readWorlds = async (connection: Connection): Promise<readonly World[]> =>
  worldsOf(connection, await readObjects(connection));

/** Which of these Secrets exist. */
export function secretStates(
  connection: Connection,
  names: readonly string[],
): Promise<(readonly [string, "Present" | "Absent" | "Unknown"])[]> {
  return Promise.all(names.map(async (name) => [name, await secretState(connection, name)] as const));
}

/** The object of that name in the namespace; throws a UsageError with a suggestion if there is none. */
export async function readNamed(
  connection: Connection,
  { kind, name }: { readonly kind: KindName; readonly name: string },
): Promise<Entity> {
  const all = (await list(connection, models[kind])).map((one) => readEntity(kind, one));
  return pick(all, kind, name, connection.namespace);
}

/** All objects of a kind in the connection's scope, as the API server sent them. */
export async function list(connection: Connection, model: GenericClass): Promise<readonly unknown[]> {
  const { scope } = connection;
  try {
    return await listWhere(
      connection,
      `reading ${model.name} objects of ${scopeText(scope)}`,
      model,
      scope === undefined ? {} : { namespace: scope },
    );
  } catch (error) {
    if (isMissing(error))
      throw new Error(
        `the cluster does not know the kind ${model.name}: install xensan's definitions (${applyDefinitions})`,
      );
    throw error;
  }
}

const listSchema = z.object({ items: z.array(z.unknown()).nullish() });

/**
 * The objects of a kind in `where`, as the API server sent them. `doing`: what the call does; error messages begin with
 * it.
 */
export async function listWhere(
  { ask, requests }: Connection,
  doing: string,
  model: GenericClass,
  where: Where,
): Promise<readonly unknown[]> {
  return listSchema.parse(await ask(doing, () => requests.list(model, where))).items ?? [];
}

async function secretState(connection: Connection, name: string): Promise<"Present" | "Absent" | "Unknown"> {
  const { namespace, requests } = connection;
  try {
    await connection.ask(`reading Secret ${name}`, () => requests.get(kind.Secret, { namespace, name }));
    return "Present";
  } catch (error) {
    if (isMissing(error)) return "Absent";
    if (error instanceof ApiError && error.status === 403) return "Unknown";
    throw error;
  }
}
