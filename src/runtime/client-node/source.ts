import { existsSync } from "node:fs";
import type { RequestOptions } from "node:https";
import path from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import type { ClusterAccess } from "./cluster-access.ts";
import { type Impersonation, impersonate, impersonationOf } from "./impersonation.ts";
import { inClusterAccess } from "./in-cluster.ts";
import { readKubeconfig } from "./kubeconfig-file.ts";

/** Source of the API server's address and credentials, read again each time. */
export interface ConfigSource {
  /** For messages: a path, or `in-cluster`. */
  readonly name: string;
  /** Changes whenever {@link load} and {@link access} would return something else. */
  version(): Promise<string>;
  load(): Promise<KubeConfig>;
  /**
   * The parts that a connection needs. In a pod it does not load client-node, 90 MiB of code that reads kubeconfigs.
   */
  access(): Promise<ClusterAccess>;
}

/** Options that a person gave to select the cluster. */
export interface ConfigOptions {
  /**
   * Paths of kubeconfig files, separated as in PATH. By default `KUBECONFIG`, then in-cluster, then `~/.kube/config`.
   */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly impersonate?: Impersonation | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The source of address and credentials for the options; throws an Error if there is none. */
export function configSource(options: ConfigOptions = {}): ConfigSource {
  const source = foundSource(options);
  const { impersonate: whom } = options;
  return whom === undefined ? source : loaded({ ...source, load: async () => impersonate(await source.load(), whom) });
}

/** The access that a kubeconfig describes. */
const loaded = (source: Omit<ConfigSource, "access">): ConfigSource => ({
  ...source,
  access: async () => accessOf(await source.load(), source.name),
});

const tokenFileSchema = z.object({ config: z.object({ tokenFile: z.string() }) });

function accessOf(config: KubeConfig, name: string): ClusterAccess {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${name}: the current context names no cluster`);
  return {
    server: cluster.server,
    proxyUrl: cluster.proxyUrl ?? undefined,
    tokenFile: tokenFileSchema.safeParse(config.getCurrentUser()?.authProvider).data?.config.tokenFile,
    impersonation: impersonationOf(config),
    async authenticate() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return options;
    },
  };
}

/**
 * The flag's files, else those of KUBECONFIG, else without a context the pod's own service account, else
 * ~/.kube/config.
 */
function foundSource(options: ConfigOptions): ConfigSource {
  const environment = options.environment ?? process.env;
  const named = options.kubeconfig ?? environment.KUBECONFIG;
  if (named !== undefined && named !== "") return fileSource(named.split(path.delimiter), options.context);
  // A context belongs to a kubeconfig: it does not mean the pod's own cluster.
  if (environment.KUBERNETES_SERVICE_HOST !== undefined && options.context === undefined)
    return inClusterSource(environment);
  const home = environment.HOME === undefined ? undefined : path.join(environment.HOME, ".kube", "config");
  if (home !== undefined && existsSync(home)) return fileSource([home], options.context);
  if (options.context !== undefined)
    throw new Error(
      `no kubeconfig to take context ${JSON.stringify(options.context)} from: set KUBECONFIG or --kubeconfig`,
    );
  throw new Error(
    "no Kubernetes API server configured: set KUBECONFIG or --kubeconfig, or run inside a cluster (KUBERNETES_SERVICE_HOST)",
  );
}

/** A kubeconfig held in memory; credential files that it names are still read again when they change. */
export function textSource(text: string, context?: string): ConfigSource {
  return loaded({
    name: "kubeconfig",
    version: async () => "constant",
    async load() {
      const { parseKubeconfig, useContext } = await import("./kubeconfig.ts");
      return useContext(parseKubeconfig(text), context);
    },
  });
}

function inClusterSource(environment: Readonly<Record<string, string | undefined>>): ConfigSource {
  return {
    name: "in-cluster",
    version: async () => "constant",
    async load() {
      const { ImpersonatingConfig } = await import("./impersonating-config.ts");
      const config = new ImpersonatingConfig();
      config.loadFromCluster();
      return config;
    },
    access: async () => inClusterAccess(environment),
  };
}

function fileSource(files: readonly string[], context: string | undefined): ConfigSource {
  const present = files.filter((file) => file !== "");
  const name = present.join(path.delimiter);
  // Skip missing files among several, as kubectl does.
  const named = () => {
    const there = present.filter((file) => existsSync(file));
    return there.length === 0 ? present : there;
  };
  // One after the other: an error names the first file that cannot be read.
  const texts = async () => {
    const read: { readonly file: string; readonly text: string }[] = [];
    for (const file of named()) read.push({ file, text: await readKubeconfig(file) });
    return read;
  };
  return loaded({
    name,
    version: async () => (await texts()).map(({ text }) => text).join("\0"),
    async load() {
      const { parseKubeconfig, useContext } = await import("./kubeconfig.ts");
      const [first, ...others] = (await texts()).map(({ file, text }) => parseKubeconfig(text, file));
      if (first === undefined) throw new Error("no kubeconfig file given");
      for (const other of others) first.mergeConfig(other, first.currentContext !== "");
      return useContext(first, context, name);
    },
  });
}
