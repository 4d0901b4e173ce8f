import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Release, root, run } from "./run.ts";

/**
 * Node releases that the package's dependencies require (undici: 22.19). The repository itself runs from Node 20 on.
 */
const engines = ">=22.19.0";

/**
 * Packs the package that people install: the CLI, the operator and the types of the kinds, without development files.
 * Returns the path of the .tgz.
 */
export async function packNpm(release: Release): Promise<string> {
  const stage = path.join(release.out, "npm");
  await mkdir(stage, { recursive: true });
  await run("node", [
    "node_modules/typescript/bin/tsc",
    "-p",
    "tsconfig.build.json",
    "--outDir",
    path.join(stage, "dist"),
  ]);
  for (const directory of ["host", "ssh"])
    await cp(path.join(root, "src", directory), path.join(stage, "dist", directory), {
      recursive: true,
      filter: (source) => !source.endsWith(".ts"),
    });
  for (const name of ["crds", "examples", "README.md", "CHANGELOG.md", "LICENSE"])
    await cp(path.join(root, name), path.join(stage, name), { recursive: true });
  const {
    private: _private,
    scripts: _scripts,
    devDependencies: _development,
    allowScripts: _allowed,
    ...published
  } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  await writeFile(
    path.join(stage, "package.json"),
    `${JSON.stringify({ ...published, engines: { node: engines } }, null, 2)}\n`,
  );
  const [{ filename }] = JSON.parse(await run("npm", ["pack", "--json", "--ignore-scripts"], { cwd: stage }));
  // The chart is named xensan-VERSION.tgz.
  const packed = path.join(release.out, `xensan-npm-${release.version}.tgz`);
  await rename(path.join(stage, filename), packed);
  return packed;
}
