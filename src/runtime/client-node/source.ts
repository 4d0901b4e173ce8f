import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";
import { ImpersonatingConfig, type Impersonation, impersonate, impersonationSchema, linesOf } from "./impersonation.ts";

/** Where the address and credentials of the API server come from, each time they are looked at. */
export interface ConfigSource {
  /** For messages: a path, or `in-cluster`. */
  readonly name: string;
  /** Changes whenever {@link load} would answer something else. */
  version(): Promise<string>;
  load(): Promise<KubeConfig>;
}

/** What a person said about where the cluster is. */
export interface ConfigOptions {
  /** Paths of kubeconfig files, separated as in PATH. Absent: `KUBECONFIG`, then in-cluster, then `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly impersonate?: Impersonation | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The address and credentials that the options mean; an Error when there are none. */
export function configSource(options: ConfigOptions = {}): ConfigSource {
  const source = foundSource(options);
  const { impersonate: whom } = options;
  return whom === undefined ? source : { ...source, load: async () => impersonate(await source.load(), whom) };
}

/** The flag's files, else those of KUBECONFIG, else the pod's own service account, else ~/.kube/config. */
function foundSource(options: ConfigOptions): ConfigSource {
  const environment = options.environment ?? process.env;
  const named = options.kubeconfig ?? environment.KUBECONFIG;
  if (named !== undefined && named !== "") return fileSource(named.split(path.delimiter), options.context);
  if (environment.KUBERNETES_SERVICE_HOST !== undefined) return inClusterSource();
  const home = environment.HOME === undefined ? undefined : path.join(environment.HOME, ".kube", "config");
  if (home !== undefined && existsSync(home)) return fileSource([home], options.context);
  throw new Error(
    "no Kubernetes API server to talk to: set KUBECONFIG or --kubeconfig, or run inside a cluster (KUBERNETES_SERVICE_HOST)",
  );
}

/** A kubeconfig held in memory; credentials that it names as files are still read again when they change. */
export function textSource(text: string, context?: string): ConfigSource {
  return {
    name: "kubeconfig",
    version: async () => "constant",
    load: async () => parseConfig(text, undefined, context),
  };
}

function inClusterSource(): ConfigSource {
  return {
    name: "in-cluster",
    version: async () => "constant",
    load: async () => {
      const config = new ImpersonatingConfig();
      config.loadFromCluster();
      return config;
    },
  };
}

function fileSource(files: readonly string[], context: string | undefined): ConfigSource {
  const present = files.filter((file) => file !== "");
  const texts = () => Promise.all(present.map((file) => readFile(file, "utf8")));
  return {
    name: present.join(path.delimiter),
    version: async () => (await texts()).join("\0"),
    load: async () => {
      const [first, ...others] = (await texts()).map((text, index) => parseConfig(text, present[index], undefined));
      if (first === undefined) throw new Error("no kubeconfig file given");
      for (const other of others) first.mergeConfig(other, first.currentContext !== "");
      return select(first, context, present.join(path.delimiter));
    },
  };
}

/** What client-node does not know of a kubeconfig's users. */
const usersSchema = z.object({
  users: z
    .array(
      z.object({
        name: z.string(),
        user: impersonationSchema.extend({ tokenFile: z.string().optional() }).nullish(),
      }),
    )
    .nullish(),
});

function parseConfig(text: string, file: string | undefined, context: string | undefined): KubeConfig {
  const config = new ImpersonatingConfig();
  config.loadFromString(text);
  const directory = file === undefined ? "" : path.dirname(file);
  config.makePathsAbsolute(directory);
  const written = new Map(usersSchema.parse(parse(text) ?? {}).users?.map(({ name, user }) => [name, user ?? {}]));
  config.users = config.users.map(({ impersonateUser: _, ...known }) => {
    const { tokenFile, ...impersonation } = written.get(known.name) ?? {};
    const user = { ...known, impersonation: linesOf(impersonation) };
    if (tokenFile === undefined) return user;
    // client-node's in-cluster form of the same is an auth provider.
    return { ...user, authProvider: { name: "tokenFile", config: { tokenFile: path.resolve(directory, tokenFile) } } };
  });
  return context === undefined ? config : select(config, context, file ?? "kubeconfig");
}

function select(config: KubeConfig, context: string | undefined, name: string): KubeConfig {
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() === null)
    throw new Error(
      `${name}: context ${JSON.stringify(config.currentContext ?? "")} names no cluster; there are: ${config.contexts.map(({ name }) => name).join(", ") || "none"}`,
    );
  return config;
}
