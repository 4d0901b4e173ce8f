import { readFile } from "node:fs/promises";
import { z } from "zod";

const subjectSchema = z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() });
const ruleSchema = z.object({
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  resourceNames: z.array(z.string()).default([]),
  verbs: z.array(z.string()),
});
const objectSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  rules: z.array(ruleSchema).nullish(),
  subjects: z.array(subjectSchema).optional(),
  roleRef: z.object({ kind: z.string(), name: z.string() }).optional(),
});

/** One verb on one resource, in one namespace or in all, on one name or on all. */
interface Right {
  readonly verb: string;
  /** `group/resource`, with the subresource. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** A right in words: `patch xensan.dev/xenhosts`, `get coordination.k8s.io/leases xensan-claim`. */
export const rightText = ({ verb, resource, namespace, name }: Right): string =>
  [verb, resource, name ?? "", namespace === undefined ? "" : `in ${namespace}`]
    .filter((word) => word !== "")
    .join(" ");

/** The rights that bindings grant a service account, from the JSON list of all roles and bindings of the cluster. */
export function rightsOf(list: string, account: { readonly namespace: string; readonly name: string }): Right[] {
  const { items } = z.object({ items: z.array(objectSchema) }).parse(JSON.parse(list));
  return items
    .filter(({ subjects }) =>
      subjects?.some(
        (one) => one.kind === "ServiceAccount" && one.name === account.name && one.namespace === account.namespace,
      ),
    )
    .flatMap((binding) => {
      const { namespace } = binding.metadata;
      const role = items.find(
        ({ kind, metadata }) =>
          kind === binding.roleRef?.kind &&
          metadata.name === binding.roleRef.name &&
          (kind === "ClusterRole" || metadata.namespace === namespace),
      );
      return (role?.rules ?? []).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            verbs.flatMap((verb) =>
              (resourceNames.length === 0 ? [undefined] : resourceNames).map((name) => ({
                ...{ verb, resource: `${group}/${resource}`, namespace, name },
              })),
            ),
          ),
        ),
      );
    });
}

const eventSchema = z.object({
  verb: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      ...{ resource: z.string(), apiGroup: z.string().default(""), subresource: z.string().optional() },
      ...{ namespace: z.string().optional(), name: z.string().optional() },
    })
    .optional(),
  annotations: z.record(z.string(), z.string()).default({}),
});

/** A request for a resource in the audit log of the API server. */
export interface Asked extends Right {
  /** False: RBAC refused it. A request rejected before that (429) was not judged. */
  readonly allowed: boolean;
}

/** All requests of an account so far, from the audit log. */
export async function askedBy(auditLog: string, account: { readonly namespace: string; readonly name: string }) {
  const username = `system:serviceaccount:${account.namespace}:${account.name}`;
  const lines = (await readFile(auditLog, "utf8")).split("\n").filter((line) => line.includes(username));
  return lines.flatMap((line): Asked[] => {
    const { verb, user, objectRef, annotations } = eventSchema.parse(JSON.parse(line));
    if (user.username !== username || objectRef === undefined) return [];
    const { apiGroup, resource, subresource, namespace, name } = objectRef;
    const path = `${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    return [
      { verb, resource: path, namespace, name, allowed: annotations["authorization.k8s.io/decision"] !== "forbid" },
    ];
  });
}

/** Whether a request needs the right, or a similar one. */
export const covers = (right: Right, asked: Right): boolean =>
  right.verb === asked.verb &&
  right.resource === asked.resource &&
  (right.namespace === undefined || right.namespace === asked.namespace || right.resource === "/namespaces") &&
  (right.name === undefined || right.name === asked.name);
