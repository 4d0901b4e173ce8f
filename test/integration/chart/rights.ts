import { readFile } from "node:fs/promises";
import { z } from "zod";

/** One thing that may be done: `verb resource.group[/subresource][ name]`; names only where a rule bounds them. */
export type Right = string;

const rule = z.object({
  apiGroups: z.array(z.string()).optional(),
  resources: z.array(z.string()).optional(),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});
export const ruleList = z.object({ rules: z.array(rule) });

const right = (verb: string, group: string, resource: string, name: string | undefined): Right => {
  const [plural, subresource] = resource.split("/");
  const kind = `${plural}${group === "" ? "" : `.${group}`}${subresource === undefined ? "" : `/${subresource}`}`;
  return `${verb} ${kind}${name === undefined ? "" : ` ${name}`}`;
};

/** Every single right that rules grant. */
export function granted(rules: z.infer<typeof ruleList>["rules"]): Right[] {
  const all = rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => (resourceNames ?? [undefined]).map((name) => right(verb, group, resource, name))),
      ),
    ),
  );
  return [...new Set(all)].sort();
}

const request = z.object({
  verb: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      apiGroup: z.string().default(""),
      resource: z.string(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  annotations: z.record(z.string(), z.string()).default({}),
});
export type AuditedRequest = z.infer<typeof request>;

/** What an account asked of the API server so far, as its audit log has it. */
export async function requestsOf(log: string, account: string): Promise<AuditedRequest[]> {
  const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => request.parse(JSON.parse(line))).filter(({ user }) => user.username === account);
}

/** The rights that requests made use of. A name is part of it where `bounded` has the right with that name. */
export function used(requests: readonly AuditedRequest[], bounded: readonly Right[]): Right[] {
  const rights = requests.flatMap(({ verb, objectRef: of }) => {
    if (of === undefined) return [];
    const resource = of.subresource === undefined ? of.resource : `${of.resource}/${of.subresource}`;
    const named = right(verb, of.apiGroup, resource, of.name);
    return [bounded.includes(named) ? named : right(verb, of.apiGroup, resource, undefined)];
  });
  return [...new Set(rights)].sort();
}
