import { stringify } from "yaml";
import { category, group, version } from "../common.ts";
import { pendingConditions } from "../conditions.ts";
import type { Column, KindDefinition } from "../definition.ts";
import { celRule } from "../rules.ts";
import { type StructuralSchema, structural } from "./structural.ts";

/** The CustomResourceDefinition of a kind, as a value that prints as YAML. */
export function customResourceDefinition(definition: KindDefinition) {
  const { kind, plural, shortName } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: [category],
      },
      scope: "Namespaced",
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: objectSchema(definition) },
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns.map(printerColumn),
          selectableFields: definition.selectableFields.map((jsonPath) => ({ jsonPath })),
        },
      ],
    },
  };
}

/** The schema of the whole object, as the API server sees it. */
export function objectSchema(definition: KindDefinition): StructuralSchema {
  const status = structural(definition.status, "status");
  return {
    description: definition.description,
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      // A rule may refer to a field only if the schema contains it.
      metadata: { type: "object", properties: { name: { type: "string", maxLength: 253 } } },
      spec: { ...structural(definition.spec, "spec"), description: "The desired state." },
      status: {
        ...status,
        description: "The observed state.",
        default: { conditions: pendingConditions(definition.conditionTypes) },
      },
    },
    required: ["spec"],
    ...(definition.rules.length === 0 ? {} : { "x-kubernetes-validations": definition.rules.map(celRule) }),
  };
}

function printerColumn({ name, type, jsonPath, priority, description }: Column) {
  return {
    name,
    type,
    jsonPath,
    ...(priority === undefined ? {} : { priority }),
    ...(description === undefined ? {} : { description }),
  };
}

/** The CustomResourceDefinition of a kind as the text of its file in `crds/`. */
export function customResourceDefinitionYaml(definition: KindDefinition): string {
  const header = `# Generated from src/api by "npm run generate". Do not edit.\n`;
  return header + stringify(customResourceDefinition(definition), { lineWidth: 0, aliasDuplicateObjects: false });
}
