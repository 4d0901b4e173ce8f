/**
 * Writes crds/, docs/reference/, docs/how-to/alerts/ and the chart's files for kinds, values and alerts:
 * `node src/api/generate.ts`. With --check it writes nothing: it prints differences, and exits with 1 if there are any.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { parseAllDocuments } from "yaml";
import { alerts } from "./alerts.ts";
import { alertIndex, alertPage, alertRules } from "./generate/alerts.ts";
import { chartYaml, definitionsTemplate, definitionTemplate } from "./generate/chart.ts";
import { chartReadme } from "./generate/chart-readme.ts";
import { customResourceDefinitionYaml } from "./generate/crd.ts";
import { dashboard } from "./generate/dashboard.ts";
import { difference } from "./generate/difference.ts";
import { changesOf, machineChangesPage } from "./generate/machine-changes.ts";
import { kindPage, reasonsPage, referenceIndex } from "./generate/reference.ts";
import { definitions } from "./kinds.ts";

const root = join(import.meta.dirname, "../..");

/** Every generated file: its path from the root of the repository, and its text. */
function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const definition of Object.values(definitions)) {
    files.set(`crds/${definition.plural}.yaml`, customResourceDefinitionYaml(definition));
    files.set(`helm/xensan/templates/crds/${definition.plural}.yaml`, definitionTemplate(definition));
    files.set(`docs/reference/${definition.plural}.md`, kindPage(definition));
  }
  files.set("docs/reference/reasons.md", reasonsPage());
  files.set("docs/reference/README.md", referenceIndex());
  const scripts = readdirSync(join(root, "src/host/scripts")).filter((name) => name.endsWith(".sh"));
  const changes = scripts.toSorted().map((name) => changesOf(name.slice(0, -3), current(`src/host/scripts/${name}`)));
  files.set("docs/reference/machine-changes.md", machineChangesPage(changes));
  const kinds = Object.values(definitions);
  files.set("helm/xensan/templates/_definitions.tpl", definitionsTemplate(kinds));
  const icon = current("helm/xensan/icon.svg");
  const examples = ({ kind }: { readonly kind: string }) =>
    parseAllDocuments(current(`examples/kinds/${kind.toLowerCase()}.yaml`))
      .filter((document) => document.get("kind") === kind)
      .map((document): unknown => document.toJS());
  files.set("helm/xensan/Chart.yaml", chartYaml(current("helm/xensan/Chart.yaml"), kinds, { icon, examples }));
  const values = current("helm/xensan/values.yaml");
  files.set("helm/xensan/README.md", chartReadme(current("helm/xensan/README.md"), values));
  files.set("helm/xensan/files/dashboard.json", dashboard());
  files.set("helm/xensan/files/alerts.yaml", alertRules(alerts));
  files.set("docs/how-to/alerts/README.md", alertIndex(alerts));
  for (const alert of alerts) {
    const page = `docs/how-to/alerts/${alert.name}.md`;
    files.set(page, alertPage(current(page), alert));
  }
  return files;
}

function current(path: string): string {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return "";
  }
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
for (const [path, text] of generatedFiles()) {
  if (current(path) === text) continue;
  if (values.check) {
    process.exitCode = 1;
    console.log(`${path} is not what src/api says; run "npm run generate":\n${difference(current(path), text)}`);
  } else {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
