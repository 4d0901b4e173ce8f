import { parseDocument, stringify } from "yaml";
import { group, version } from "../common.ts";
import type { KindDefinition } from "../definition.ts";
import { customResourceDefinitionYaml } from "./crd.ts";

/** Parts of the chart in helm/ that are generated from the definitions of the kinds. */

const generated = `Generated from src/api by "npm run generate". Do not edit.`;

/**
 * The template of a kind's CustomResourceDefinition: its text as in crds/, with the release's labels, kept on
 * uninstall.
 */
export function definitionTemplate(definition: KindDefinition): string {
  const name = `  name: ${definition.plural}.${group}\n`;
  const literal = customResourceDefinitionYaml(definition).replaceAll("{{", '{{ "{{" }}');
  const metadata = [
    `  labels: {{- include "xensan.labels" . | nindent 4 }}`,
    "  {{- if .Values.crds.keep }}",
    "  annotations:",
    "    helm.sh/resource-policy: keep",
    "  {{- end }}",
  ].join("\n");
  return `{{- if .Values.crds.enabled }}\n${literal.replace(name, `${name}${metadata}\n`)}{{- end }}\n`;
}

/** The names and versions of the definitions, for the templates that look them up on the server. */
export function definitionsTemplate(definitions: readonly KindDefinition[]): string {
  const all = definitions.map(({ plural }) => ({ name: `${plural}.${group}`, versions: [version] }));
  return `{{/* ${generated} */}}\n{{- define "xensan.definitions" -}}\n${JSON.stringify(all, null, 2)}\n{{- end -}}\n`;
}

/** Chart.yaml with the icon inlined, and with the annotations that Artifact Hub shows for the kinds. */
export function chartYaml(
  current: string,
  definitions: readonly KindDefinition[],
  { icon, examples }: { readonly icon: string; readonly examples: (definition: KindDefinition) => readonly unknown[] },
): string {
  const chart = parseDocument(current);
  const crds = definitions.map(({ kind, plural, description }) => ({
    ...{ kind, version, name: `${plural}.${group}`, displayName: kind, description },
  }));
  chart.set("icon", `data:image/svg+xml;base64,${Buffer.from(icon).toString("base64")}`);
  chart.setIn(["annotations", "artifacthub.io/crds"], stringify(crds, { lineWidth: 0 }));
  chart.setIn(
    ["annotations", "artifacthub.io/crdsExamples"],
    stringify(definitions.flatMap(examples), { lineWidth: 0 }),
  );
  return chart.toString({ lineWidth: 0, flowCollectionPadding: false });
}
