// Removes from a node_modules directory every package that the lock file marks as needed for development only.
// Usage: node production-modules.mjs NODE_MODULES
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: production-modules.mjs NODE_MODULES");
const root = path.dirname(path.resolve(directory));
const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
for (const [where, { dev, devOptional }] of Object.entries(packages)) {
  if (where.startsWith("node_modules/") && (dev === true || devOptional === true)) {
    rmSync(path.join(root, where), { recursive: true, force: true });
  }
}
rmSync(path.join(directory, ".bin"), { recursive: true, force: true });
