import { apiVersion } from "../common.ts";
import type { KindDefinition } from "../definition.ts";
import { definitions } from "../kinds.ts";
import { kubernetesRange } from "../kubernetes-range.ts";
import { type ReasonEntry, reasons } from "../reasons.ts";
import { objectSchema } from "./crd.ts";
import { type ApiRule, apiRules } from "./rules.ts";
import type { StructuralSchema } from "./structural.ts";
import { table } from "./table.ts";

/** The reference pages in docs/reference, as Markdown. */

const generated = `<!-- Generated from src/api by "npm run generate". Do not edit. -->\n`;

/** `docs/reference/PLURAL.md`: every field of a kind, its columns and its conditions. */
export function kindPage(definition: KindDefinition): string {
  const schema = objectSchema(definition);
  const rules = apiRules(schema);
  return [
    generated,
    `# ${definition.kind}\n`,
    `${definition.description}\n`,
    `\`apiVersion: ${apiVersion}\`, short name \`${definition.shortName}\`. An example: [${example(definition)}](../../${example(definition)}).\n`,
    "## spec\n",
    fieldTable(schema.properties?.spec),
    ...(rules.length === 0 ? [] : ["## Rules\n", ruleTable(rules)]),
    "## status\n",
    `Condition types: ${definition.conditionTypes.map((type) => `\`${type}\``).join(", ")}. [Meaning of their reasons](reasons.md).\n`,
    fieldTable(schema.properties?.status),
  ].join("\n");
}

/** `docs/reference/README.md`. */
export function referenceIndex(): string {
  const kinds = Object.values(definitions).map(
    ({ kind, plural, shortName, description }) => `| [${kind}](${plural}.md) | \`${shortName}\` | ${description} |`,
  );
  return [
    generated,
    "# Reference\n",
    table(["Kind", "Short name", "What it is"], kinds),
    "- [Reasons of conditions](reasons.md)",
    "- [What xensan changes on your machines](machine-changes.md)\n",
    "## API servers\n",
    `Kubernetes ${kubernetesRange.oldest} or newer: the tests run on ${kubernetesRange.newest}, and on ${kubernetesRange.oldest} before a release. The API server checks every rule when an object is written; the operator checks it again when it reads the object, and reports \`InvalidSpec\`.\n`,
  ].join("\n");
}

/** `docs/reference/reasons.md`: every condition reason, from the catalogue. */
export function reasonsPage(): string {
  const entries: [string, ReasonEntry][] = Object.entries(reasons);
  const rows = entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, { conditions, meaning, action }]) =>
        `| \`${name}\` | ${conditions.join(", ")} | ${meaning} | ${action} |`,
    );
  return [
    generated,
    "# Reasons of conditions\n",
    "The summary condition (`Ready`, `Succeeded`) has the reason of the most important condition. Events have the same reasons; `events` marks the reasons that only events have.\n",
    table(["Reason", "Conditions", "Meaning", "What to do"], rows),
  ].join("\n");
}

const example = (definition: KindDefinition): string => `examples/kinds/${definition.kind.toLowerCase()}.yaml`;

function fieldTable(schema: StructuralSchema | undefined): string {
  return table(["Field", "Type", "Default", "Meaning"], schema === undefined ? [] : fieldRows(schema, ""));
}

function fieldRows(schema: StructuralSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}${field.type === "array" ? "[]" : ""}`;
    const required = schema.required?.includes(name) ? " (required)" : "";
    const initial = field.default === undefined ? "" : `\`${JSON.stringify(field.default)}\``;
    const row = `| \`${path}\`${required} | ${cell(typeOf(field))} | ${initial} | ${cell(field.description ?? "")} |`;
    return [row, ...fieldRows(field.items ?? field, `${path}.`)];
  });
}

function typeOf(field: StructuralSchema): string {
  if (field["x-kubernetes-int-or-string"] === true) return "quantity";
  if (field.items !== undefined) return `list of ${typeOf(field.items)}, ${range(field.minItems, field.maxItems)}`;
  if (field.enum !== undefined) return field.enum.map((value) => `\`${value}\``).join(", ");
  if (field.type === "integer") {
    const limits = range(field.minimum, field.maximum);
    return limits === "" ? "integer" : `integer, ${limits}`;
  }
  if (field.type !== "string" || field.format !== undefined) return field.format ?? field.type ?? "";
  const pattern = field.pattern === undefined ? "" : ` \`${field.pattern}\``;
  return `string,${pattern} at most ${field.maxLength} characters`;
}

function range(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (max !== undefined) return `at most ${max}`;
  return min === undefined ? "" : `at least ${min}`;
}

const ruleTable = (rules: readonly ApiRule[]): string =>
  table(
    ["Where", "Must hold", "CEL"],
    rules.map(
      ({ path, message, rule }) =>
        `| ${path === "" ? "the whole object" : `\`${path}\``} | ${cell(message)} | \`${code(rule)}\` |`,
    ),
  );

/** The text between backticks, with bars escaped for tables. */
const code = (text: string): string => text.replaceAll("|", "\\|");
const cell = (text: string): string => code(text).replaceAll("<", "&lt;");
