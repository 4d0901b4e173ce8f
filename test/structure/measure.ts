import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import * as ts from "typescript";
import { bundleOperator } from "../../image/bundle.ts";

// npm run structure: what the shape of the code costs a reader, in figures that can be compared between two commits.

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => path.join("src", file));

interface Edge {
  readonly to: string;
  /** False for an import of types alone. */
  readonly runs: boolean;
}

/** Every module of ours and what it imports of ours. */
async function imports(): Promise<Map<string, Edge[]>> {
  const { output } = await cruise([path.join(root, "src")], {
    baseDir: root,
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
  });
  if (typeof output === "string") throw new Error(`dependency-cruiser said ${output.slice(0, 200)}`);
  return new Map(
    output.modules
      .filter(({ source }) => source.startsWith("src/"))
      .map(({ source, dependencies }) => [
        source,
        dependencies
          .filter(({ resolved }) => resolved.startsWith("src/"))
          .map(({ resolved, dependencyTypes }) => ({ to: resolved, runs: !dependencyTypes.includes("type-only") })),
      ]),
  );
}

/** Modules that a change of an AoeVolume runs through: what its reconciler and the watches reach, of the layers that decide and act. */
function wayOf(from: readonly string[], graph: ReadonlyMap<string, readonly Edge[]>): string[] {
  const seen = new Set<string>();
  const waiting = [...from];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next) || !next.startsWith("src/controllers/")) continue;
    if (!graph.has(next)) throw new Error(`${next} is not there: correct what operator.ts composes`);
    seen.add(next);
    for (const { to, runs } of graph.get(next) ?? []) if (runs) waiting.push(to);
  }
  return [...seen].sort();
}

/** Groups of modules that import each other, types included (Tarjan's strongly connected components of two or more). */
function circles(graph: ReadonlyMap<string, readonly Edge[]>): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string) => {
    index.set(node, index.size);
    low.set(node, index.get(node) ?? 0);
    stack.push(node);
    for (const { to } of graph.get(node) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(node, Math.min(low.get(node) ?? 0, low.get(to) ?? 0));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) found.push(component.sort());
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

/** `file:line name` of each exported declaration without a comment of its own. */
function undocumented(files: readonly string[]): { readonly total: number; readonly missing: readonly string[] } {
  const missing: string[] = [];
  let total = 0;
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(path.join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      const exported =
        ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
      if (!exported) continue;
      total++;
      if (ts.getJSDocCommentsAndTags(statement).length > 0) continue;
      const { line } = source.getLineAndCharacterOfPosition(statement.getStart());
      missing.push(`${file}:${line + 1} ${statement.getText().split("\n", 1)[0] ?? ""}`);
    }
  }
  return { total, missing };
}

/** What the operator's image carries besides Debian and Node: packages, and KiB of everything in it. */
async function carried(): Promise<{ readonly packages: readonly string[]; readonly kibibytes: number }> {
  const out = mkdtempSync(path.join(tmpdir(), "xensan-structure-"));
  try {
    const packages = await bundleOperator(out);
    const files = readdirSync(out, { recursive: true, encoding: "utf8" });
    const bytes = files.reduce((sum, file) => sum + statSync(path.join(out, file)).size, 0);
    return { packages, kibibytes: Math.ceil(bytes / 1024) };
  } finally {
    rmSync(out, { recursive: true });
  }
}

const graph = await imports();
/** What `operator.ts` composes, but for the other kinds. */
const composed = [
  ...["aoe-volume/reconcile", "aoe-volume/watches", "dispatch", "gone/heartbeats", "kernel-reports"],
  ...["hosts/freshness", "hosts/ledger", "hosts/machines"],
];
const way = wayOf(
  composed.map((name) => `src/controllers/${name}.ts`),
  graph,
);
const rings = circles(graph);
const { packages, kibibytes } = await carried();
const { total, missing } = undocumented(sources);
const lines = sources.reduce(
  (sum, file) => sum + readFileSync(path.join(root, file), "utf8").split("\n").length - 1,
  0,
);
const verbose = process.argv.includes("--list");
const rows: readonly (readonly [string, number | string, readonly string[]])[] = [
  ["controller files on an AoeVolume's way", way.length, way],
  ["circles of imports, types included", rings.length, rings.map((ring) => ring.join(", "))],
  ["exports without a docstring", `${missing.length} of ${total}`, missing],
  ["lines of TypeScript in src", lines, []],
  ["packages in the operator's image", packages.length, packages],
  ["KiB of the operator's code in its image", kibibytes, []],
];
for (const [what, figure, list] of rows) {
  process.stdout.write(`${what}: ${figure}\n`);
  if (verbose) for (const line of list) process.stdout.write(`  ${line}\n`);
}
