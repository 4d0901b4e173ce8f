import { type GenericClass, K8s, kind } from "kubernetes-fluent-client";
import { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../../api/fluent.ts";
import { readCluster, readDomain, readHost, readMigration, readServer, readVolume, type World } from "../entity.ts";
import { secretsNamed } from "../why/depends.ts";
import { ApiError, isMissing } from "./api-error.ts";
import type { Connection } from "./connect.ts";

/** Reads every object of the namespace, and nothing of Secrets but whether they are there. */
export async function readWorld(connection: Connection): Promise<World> {
  const { namespace } = connection;
  const [servers, volumes, hosts, clusters, domains, migrations] = await Promise.all([
    list(connection, AoeServer),
    list(connection, AoeVolume),
    list(connection, XenHost),
    list(connection, Ocfs2Cluster),
    list(connection, XenDomain),
    list(connection, XenMigration),
  ]);
  const world: World = {
    namespace,
    servers: servers.map(readServer),
    volumes: volumes.map(readVolume),
    hosts: hosts.map(readHost),
    clusters: clusters.map(readCluster),
    domains: domains.map(readDomain),
    migrations: migrations.map(readMigration),
    secrets: new Map(),
  };
  return { ...world, secrets: new Map(await secretStates(connection, secretsNamed(world))) };
}

/** Which of these Secrets are there. */
export function secretStates(
  connection: Connection,
  names: readonly string[],
): Promise<(readonly [string, "Present" | "Absent" | "Unknown"])[]> {
  return Promise.all(names.map(async (name) => [name, await secretState(connection, name)] as const));
}

/** All objects of a kind in the namespace, as the API server sent them. */
export async function list(connection: Connection, model: GenericClass): Promise<readonly unknown[]> {
  const { namespace } = connection;
  try {
    const { items } = await connection.ask(`reading ${model.name} objects of namespace ${namespace}`, () =>
      K8s(model).InNamespace(namespace).Get(),
    );
    return items;
  } catch (error) {
    if (isMissing(error))
      throw new Error(
        `the cluster does not know the kind ${model.name}: install xensan's definitions (kubectl apply -f crds/)`,
      );
    throw error;
  }
}

async function secretState(connection: Connection, name: string): Promise<"Present" | "Absent" | "Unknown"> {
  try {
    await connection.ask(`reading Secret ${name}`, () => K8s(kind.Secret).InNamespace(connection.namespace).Get(name));
    return "Present";
  } catch (error) {
    if (isMissing(error)) return "Absent";
    if (error instanceof ApiError && error.status === 403) return "Unknown";
    throw error;
  }
}
