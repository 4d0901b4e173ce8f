import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * Bundles this program for the operator's image: the entry `operator.js` with only the code that it reaches, the worker
 * that opens keys, the scripts for the hosts, and the licenses of the packages whose code is included.
 * `node image/bundle.ts OUT` writes it into the folder OUT, which must be two levels below package.json: the program
 * reads its version from there. Returns the directories of the packages whose code is included.
 */
export async function bundleOperator(out: string): Promise<readonly string[]> {
  await mkdir(out, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { operator: "src/cli/operator.ts", "open-key-worker": "src/ssh/open-key-worker.ts" },
    outdir: path.resolve(out),
    bundle: true,
    // Code that is loaded on demand stays in separate files.
    splitting: true,
    chunkNames: "[name]-[hash]",
    format: "esm",
    platform: "node",
    target: "node24",
    minifySyntax: true,
    metafile: true,
    logLevel: "warning",
    // ssh2 uses these if they were compiled, and works without them.
    external: ["cpu-features", "*.node"],
    // Packages in CommonJS need both.
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    define: { __dirname: "import.meta.dirname" },
  });
  await cp(path.join(root, "src/host/scripts"), path.join(out, "scripts"), { recursive: true });
  await cp(path.join(root, "src/ssh/end-process-group.sh"), path.join(out, "end-process-group.sh"));
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
  );
  const sorted = [...packages].sort();
  const licenses = await Promise.all(sorted.map(licenseOf));
  await writeFile(path.join(out, "LICENSES.txt"), licenses.join("\n"));
  return sorted;
}

/**
 * The license of the package in a directory below the project's root: the file that its authors ship, else the license
 * in package.json.
 */
async function licenseOf(directory: string): Promise<string> {
  const place = path.join(root, directory);
  const { name, version, license } = JSON.parse(await readFile(path.join(place, "package.json"), "utf8"));
  const file = (await readdir(place)).find((one) => /^(licen[cs]e|copying)\b/i.test(one));
  const text = file === undefined ? `${license}\n` : await readFile(path.join(place, file), "utf8");
  return `== ${name} ${version}\n\n${text}`;
}

if (import.meta.main) {
  const [out] = process.argv.slice(2);
  if (out === undefined) throw new Error("usage: node image/bundle.ts OUT");
  await bundleOperator(out);
}
