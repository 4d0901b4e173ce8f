import { z } from "zod";
import { group, version } from "./common.ts";
import { type StructuralSchema, structural } from "./generate/structural.ts";
import { definitions } from "./kinds.ts";

const servedSchema = z.object({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  maximum: z.number().optional(),
  required: z.array(z.string()).optional(),
  "x-kubernetes-preserve-unknown-fields": z.boolean().optional(),
  get items() {
    return servedSchema.optional();
  },
  get properties() {
    return z.record(z.string(), servedSchema).optional();
  },
});
type ServedSchema = z.output<typeof servedSchema>;

const documentSchema = z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) });
const ofKindSchema = z.looseObject({
  "x-kubernetes-group-version-kind": z.array(z.object({ group: z.string(), version: z.string(), kind: z.string() })),
});

/** Computed once: it blocks the process for a few tens of milliseconds. */
let needed:
  | readonly { readonly kind: string; readonly spec: StructuralSchema; readonly status: StructuralSchema }[]
  | undefined;
const neededSchemas = () => {
  needed ??= Object.values(definitions).map(({ kind, spec, status }) => ({
    kind,
    spec: structural(spec, "spec"),
    status: structural(status, "status"),
  }));
  return needed;
};

/**
 * Fields that this release writes or reads and the API server does not store, in words:
 * `AoeVolume status.clients[].state`. `document` is what the server publishes of `xensan.dev/v1alpha1` under
 * `/openapi/v3`; undefined if it serves none of it. Empty if the definitions on the server are of this release, or of a
 * compatible newer one.
 */
export function missingFromServer(document: unknown): string[] {
  const parsed = documentSchema.safeParse(document);
  const published = parsed.success ? Object.values(parsed.data.components.schemas) : [];
  return neededSchemas().flatMap(({ kind, spec, status }) => {
    const found = published.find((schema) => {
      const of = ofKindSchema.safeParse(schema);
      return (
        of.success &&
        of.data["x-kubernetes-group-version-kind"].some(
          (one) => one.group === group && one.version === version && one.kind === kind,
        )
      );
    });
    if (found === undefined) return [`the kind ${kind}`];
    const served = servedSchema.parse(found).properties ?? {};
    return [...lacks(spec, served.spec, "spec", false), ...lacks(status, served.status, "status", true)].map(
      (lack) => `${kind} ${lack}`,
    );
  });
}

/** In fields that the operator writes, a value that the server refuses counts like an unknown field. */
function lacks(ours: StructuralSchema, served: ServedSchema | undefined, path: string, written: boolean): string[] {
  if (served === undefined || served.type !== ours.type) return [path];
  if (served["x-kubernetes-preserve-unknown-fields"] === true) return [];
  return [
    ...Object.entries(ours.properties ?? {}).flatMap(([name, property]) =>
      lacks(property, served.properties?.[name], `${path}.${name}`, written),
    ),
    ...(ours.items === undefined ? [] : lacks(ours.items, served.items, `${path}[]`, written)),
    ...(written ? tighter(ours, served, path) : []),
  ];
}

function tighter(ours: StructuralSchema, served: ServedSchema, path: string): string[] {
  const values = (served.enum === undefined ? [] : (ours.enum ?? [])).filter((value) => !served.enum?.includes(value));
  const bounds = (["maxLength", "maxItems", "maximum"] as const).filter(
    (bound) => (served[bound] ?? Number.POSITIVE_INFINITY) < (ours[bound] ?? Number.POSITIVE_INFINITY),
  );
  const required = (served.required ?? []).filter((name) => ours.required?.includes(name) !== true);
  return [
    ...values.map((value) => `${path} "${value}"`),
    ...bounds.map((bound) => `${path} beyond ${bound} ${served[bound]}`),
    ...required.map((name) => `${path} without ${name}`),
  ];
}
