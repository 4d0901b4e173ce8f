/**
 * Writes crds/, the chart's copy of them and docs/reference/ from the schemas: `node src/api/generate.ts`.
 * With --check nothing is written: differences are printed, and the exit code is 1 if there are any.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { customResourceDefinitionYaml } from "./generate/crd.ts";
import { difference } from "./generate/difference.ts";
import { kindPage, reasonsPage, referenceIndex } from "./generate/reference.ts";
import { definitions } from "./kinds.ts";

const root = join(import.meta.dirname, "../..");

/** Every generated file: its path from the top of the repository, and its text. */
function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const definition of Object.values(definitions)) {
    const crd = customResourceDefinitionYaml(definition);
    files.set(`crds/${definition.plural}.yaml`, crd);
    files.set(`helm/xensan/crds/${definition.plural}.yaml`, crd);
    files.set(`docs/reference/${definition.plural}.md`, kindPage(definition));
  }
  files.set("docs/reference/reasons.md", reasonsPage());
  files.set("docs/reference/README.md", referenceIndex());
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
