import { z } from "zod";
import type { Option } from "../command.ts";

/** Flags of every command that needs a cluster, named as in kubectl. */
export const clusterOptions: readonly Option[] = [
  {
    name: "namespace",
    short: "n",
    placeholder: "NAME",
    accepts: "the name of a namespace",
    help: "Namespace of the objects. Default: the namespace of the context.",
  },
  {
    name: "output",
    short: "o",
    placeholder: "text|json",
    fallback: "text",
    accepts: "text or json",
    help: "With json, the result is one JSON document on standard output; everything else goes to standard error.",
  },
  {
    name: "kubeconfig",
    placeholder: "FILE",
    env: "KUBECONFIG",
    help: "Path of the kubeconfig. Default: the same as for kubectl.",
  },
  { name: "context", placeholder: "NAME", help: "Context of the kubeconfig. Default: the current context." },
  {
    name: "as",
    placeholder: "USER",
    accepts: "the name of a user",
    help: "Impersonates this user in every request: the API server applies that user's permissions. You need the verb impersonate.",
  },
  {
    name: "as-group",
    placeholder: "GROUP",
    repeat: true,
    whole: true,
    help: "A group of the user that --as impersonates.",
  },
  { name: "as-uid", placeholder: "UID", help: "The UID of the user that --as impersonates." },
];

/** The flag of commands that work on all objects instead of a named one. */
const allNamespaces: Option = {
  name: "all-namespaces",
  short: "A",
  excludes: ["namespace", "object"],
  help: "Reads all namespaces, and prints each name with its namespace.",
};
/** Flags of a command that reads all objects of one namespace, or of all namespaces. */
export const scopeOptions: readonly Option[] = clusterOptions.flatMap((option) =>
  option.name === "namespace" ? [option, allNamespaces] : [option],
);

/** Checks the flags that select cluster and namespace. */
export const clusterSchema = z.object({
  namespace: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .optional(),
  output: z.enum(["text", "json"]),
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
  as: z.string().min(1).optional(),
  "as-group": z.array(z.string()),
  "as-uid": z.string().optional(),
});
/** {@link clusterSchema} with `--all-namespaces`. */
export const scopeSchema = clusterSchema.extend({ "all-namespaces": z.boolean() });
/** The cluster and namespace that a command works in. */
export type ClusterValues = z.output<typeof clusterSchema>;
