import { isObject, type JsonObject } from "./json.ts";
import { applyDefaults, prune, type Schema, violations } from "./schema.ts";

/** A resource type as the API server serves it: built in, or declared by a CustomResourceDefinition. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** `/status` is written separately. */
  readonly statusSubresource: boolean;
  /** `metadata.generation` counts changes outside metadata and status. */
  readonly generation: boolean;
  readonly schema: Schema;
  /** JSON paths without the leading dot, beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
}

const builtIn = (group: string, version: string, kind: string, plural: string, namespaced: boolean): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced,
  statusSubresource: false,
  generation: false,
  schema: { "x-kubernetes-preserve-unknown-fields": true },
  selectableFields: kind === "Secret" ? ["type"] : [],
});

export const builtInResources: readonly Resource[] = [
  builtIn("", "v1", "Namespace", "namespaces", false),
  builtIn("", "v1", "Secret", "secrets", true),
  builtIn("", "v1", "ConfigMap", "configmaps", true),
  builtIn("coordination.k8s.io", "v1", "Lease", "leases", true),
  builtIn("events.k8s.io", "v1", "Event", "events", true),
  {
    ...builtIn("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false),
    generation: true,
  },
];

/** The first served version of a CustomResourceDefinition. */
export function fromCustomResourceDefinition(crd: unknown): Resource {
  const text = (value: unknown, field: string): string => {
    if (typeof value !== "string")
      throw new TypeError(`CustomResourceDefinition: ${field} is ${JSON.stringify(value)}`);
    return value;
  };
  const field = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
  const spec = field(crd, "spec");
  const names = field(spec, "names");
  const versions = field(spec, "versions");
  const version = Array.isArray(versions)
    ? versions.find((candidate) => field(candidate, "served") === true)
    : undefined;
  const selectable = field(version, "selectableFields");
  return {
    group: text(field(spec, "group"), "spec.group"),
    version: text(field(version, "name"), "spec.versions[].name"),
    kind: text(field(names, "kind"), "spec.names.kind"),
    plural: text(field(names, "plural"), "spec.names.plural"),
    namespaced: field(spec, "scope") === "Namespaced",
    statusSubresource: field(field(version, "subresources"), "status") !== undefined,
    generation: true,
    schema: schemaOf(field(field(version, "schema"), "openAPIV3Schema")),
    selectableFields: (Array.isArray(selectable) ? selectable : []).map((item) =>
      text(field(item, "jsonPath"), "selectableFields[].jsonPath").replace(/^\./, ""),
    ),
  };
}

function schemaOf(value: unknown): Schema {
  if (!isObject(value)) return { "x-kubernetes-preserve-unknown-fields": true };
  const schema: Schema = value;
  return schema;
}

/** Prunes, fills in defaults and returns what the schema refuses; changes the object itself. */
export function admit(resource: Resource, object: JsonObject): string[] {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...properties } = resource.schema.properties ?? {};
  const schema: Schema = { ...resource.schema, properties };
  const { apiVersion, kind, metadata, ...rest } = object;
  prune(rest, schema);
  applyDefaults(rest, schema);
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, { apiVersion, kind, metadata, ...rest });
  return violations(rest, schema, "");
}

/** Like {@link admit}, for the status only. */
export function admitStatus(resource: Resource, object: JsonObject): string[] {
  const schema = resource.schema.properties?.status;
  if (schema === undefined || object.status === undefined) return [];
  prune(object.status, schema);
  applyDefaults(object.status, schema);
  return violations(object.status, schema, "status");
}
