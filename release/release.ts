import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { locateBinaries, programPath } from "../src/controlplane/binaries.ts";
import { packBinaries } from "./binary.ts";
import { packChart, pushChart } from "./chart.ts";
import { writeChecksums } from "./checksums.ts";
import { packImage, pushImage } from "./image.ts";
import { writeKrewManifest } from "./krew.ts";
import { packNpm } from "./npm-package.ts";
import { startRegistry } from "./registry.ts";
import { type Release, root, run } from "./run.ts";
import { writeSbom } from "./sbom.ts";
import { agreedVersion, releaseNotes } from "./version.ts";

const usage = `Usage: npm run release -- [--dry-run] [--repository URL] [--no-image]

Makes every file of a release in out/: npm package, single binaries, krew manifest, image, chart, SBOM, notes, checksums.

  --dry-run         any commit, the changelog's [Unreleased]; image and chart are pushed to a registry on loopback and read back
  --repository URL  the repository on its forge
  --no-image        without the image, which needs a Docker engine
`;

const { values } = parseArgs({
  options: {
    "dry-run": { type: "boolean", default: false },
    repository: { type: "string", default: "https://example.org/xensan/xensan" },
    "no-image": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(usage);
else await make(values["dry-run"], values.repository, !values["no-image"]);

async function make(dryRun: boolean, repository: string, withImage: boolean): Promise<void> {
  const version = await agreedVersion();
  const release: Release = {
    version,
    revision: await run("git", ["rev-parse", "HEAD"]),
    created: await run("git", ["log", "-1", "--format=%cI"]),
    repository,
    out: path.join(root, "out"),
  };
  if (!dryRun) await requireTagged(release);
  await rm(release.out, { recursive: true, force: true });
  await mkdir(release.out, { recursive: true });

  const files: string[] = [];
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const began = Date.now();
    const result = await work();
    process.stdout.write(`${what} (${Math.round((Date.now() - began) / 1000)} s)\n`);
    return result;
  };
  const helm = await programPath(await locateBinaries({ programs: ["helm"] }), "helm");
  await writeFile(path.join(release.out, "NOTES.md"), await releaseNotes(version, dryRun));
  files.push(await step("npm package", () => packNpm(release)));
  files.push(...(await step("binaries", () => packBinaries(release))));
  files.push(await step("krew manifest", () => writeKrewManifest(release)));
  files.push(...(await step("SBOM", () => writeSbom(release))));
  const chart = await step("chart", () => packChart(release, helm));
  files.push(chart);
  const image = withImage ? await step("image", () => packImage(release)) : undefined;
  if (dryRun) {
    await using registry = await step("registry on loopback", () => startRegistry(release.out));
    if (image !== undefined)
      process.stdout.write(`pushed ${await step("image pushed", () => pushImage(release, image, registry))}\n`);
    process.stdout.write(`pushed ${await step("chart pushed", () => pushChart(release, chart, registry, helm))}\n`);
  }
  await writeChecksums(release.out, files);
  for (const file of files) process.stdout.write(`${await size(file)}  ${path.basename(file)}\n`);
}

/** Only a committed and tagged state is released. */
async function requireTagged({ version }: Release): Promise<void> {
  if ((await run("git", ["status", "--porcelain"])) !== "")
    throw new Error("the working tree has changes: commit them first");
  const tags = (await run("git", ["tag", "--points-at", "HEAD"])).split("\n");
  if (!tags.includes(`v${version}`)) throw new Error(`this commit has no tag v${version}`);
}

async function size(file: string): Promise<string> {
  return `${((await stat(file)).size / 2 ** 20).toFixed(1)} MiB`.padStart(10);
}
