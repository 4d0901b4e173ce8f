// Removes from a node_modules directory every package that the compiled program neither imports nor needs through one
// that it does. Usage: node production-modules.mjs DIST NODE_MODULES, beside package-lock.json
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";

const [dist, directory] = process.argv.slice(2);
if (dist === undefined || directory === undefined) throw new Error("usage: production-modules.mjs DIST NODE_MODULES");
const root = path.dirname(path.resolve(directory));
const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));

/** `@scope/name/file` and `name/file` as `@scope/name` and `name`; undefined for our own files and Node's modules. */
function packageOf(specifier) {
  if (specifier.startsWith(".") || specifier.startsWith("node:") || builtinModules.includes(specifier))
    return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Where Node finds a package for one that lies at `from`, as the lock file names it. */
function locate(from, name) {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf("/node_modules/")))) {
    const where = `${place === "" ? "" : `${place}/`}node_modules/${name}`;
    if (packages[where] !== undefined) return where;
    if (place === "") return undefined;
  }
}

const imports = readdirSync(dist, { recursive: true })
  .filter((file) => file.endsWith(".js"))
  .flatMap((file) => [...readFileSync(path.join(dist, file), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)])
  .flatMap(([, specifier]) => packageOf(specifier) ?? []);
const needed = new Set();
const waiting = [...new Set(imports)].map((name) => ["", name]);
for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
  const where = locate(...next);
  if (where === undefined || needed.has(where)) continue;
  needed.add(where);
  const { dependencies = {}, optionalDependencies = {} } = packages[where];
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) waiting.push([where, name]);
}
for (const where of Object.keys(packages))
  if (where.startsWith("node_modules/") && ![...needed].some((kept) => kept === where || kept.startsWith(`${where}/`)))
    rmSync(path.join(root, where), { recursive: true, force: true });
for (const name of readdirSync(directory))
  if (name === ".bin" || (name.startsWith("@") && readdirSync(path.join(directory, name)).length === 0))
    rmSync(path.join(directory, name), { recursive: true });
