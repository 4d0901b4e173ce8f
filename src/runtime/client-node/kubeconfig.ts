import path from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { z } from "zod";
import { ImpersonatingConfig } from "./impersonating-config.ts";
import { impersonationSchema, linesOf } from "./impersonation.ts";
import { accepted, firstLineOf } from "./kubeconfig-file.ts";

/** Fields of a kubeconfig's users that client-node does not read. */
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

/**
 * Parses a kubeconfig; relative paths in it start at the directory of `file`. An Error of one line describes a wrong
 * text.
 */
export function parseKubeconfig(text: string, file?: string): KubeConfig {
  const directory = file === undefined ? "" : path.dirname(file);
  const config = new ImpersonatingConfig();
  try {
    config.loadFromString(text);
    // Undefined if the text has none, despite its type.
    config.setCurrentContext(config.getCurrentContext() ?? "");
    config.makePathsAbsolute(directory);
    const { users } = usersSchema.parse(parse(text) ?? {});
    const written = new Map(users?.map(({ name, user }) => [name, user ?? {}]));
    config.users = config.users.map(({ impersonateUser: _, ...known }) => {
      const { tokenFile, ...impersonation } = written.get(known.name) ?? {};
      const user = { ...known, impersonation: linesOf(impersonation) };
      if (tokenFile === undefined) return user;
      // client-node supports a token file only as an auth provider, its in-cluster form.
      return {
        ...user,
        authProvider: { name: "tokenFile", config: { tokenFile: path.resolve(directory, tokenFile) } },
      };
    });
  } catch (error) {
    throw new Error(`${nameOf(file)} cannot be parsed: ${firstLineOf(error)}; ${accepted}`);
  }
  return config;
}

/** Makes the kubeconfig use this context, or its current one. An Error of one line lists the existing contexts. */
export function useContext(config: KubeConfig, context: string | undefined, file?: string): KubeConfig {
  if (context !== undefined) config.setCurrentContext(context);
  const wanted = config.getCurrentContext();
  const found = config.getContextObject(wanted);
  if (found === null) {
    const lack = wanted === "" ? "names no current context" : `has no context ${JSON.stringify(wanted)}`;
    throw new Error(`${nameOf(file)} ${lack}; there are: ${namesOf(config.contexts)}`);
  }
  if (config.getCurrentCluster() === null)
    throw new Error(
      `${nameOf(file)} has no cluster ${JSON.stringify(found.cluster)}, which its context ${JSON.stringify(wanted)} names; there are: ${namesOf(config.clusters)}`,
    );
  return config;
}

const nameOf = (file: string | undefined) => (file === undefined ? "the kubeconfig" : `kubeconfig ${file}`);
const namesOf = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(", ") || "none";
