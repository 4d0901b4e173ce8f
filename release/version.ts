import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { root, run } from "./run.ts";

const packageJson = z.object({ version: z.string() });
const chartYaml = z.object({ version: z.string(), appVersion: z.string() });

/** The version in package.json and the chart. Throws if they differ. */
export async function agreedVersion(): Promise<string> {
  const { version } = packageJson.parse(JSON.parse(await readFile(path.join(root, "package.json"), "utf8")));
  const chart = chartYaml.parse(parse(await readFile(path.join(root, "helm/xensan/Chart.yaml"), "utf8")));
  if (chart.version !== version || chart.appVersion !== version)
    throw new Error(
      `package.json says version ${version}, helm/xensan/Chart.yaml version ${chart.version} and appVersion ${chart.appVersion}: give all three the same`,
    );
  return version;
}

/** The section of CHANGELOG.md under `## [title]`; undefined if there is none. */
export async function changelogSection(title: string): Promise<string | undefined> {
  const text = await readFile(path.join(root, "CHANGELOG.md"), "utf8");
  const section = text.split(/^## /m).find((one) => one.startsWith(`[${title}]`));
  return section?.slice(section.indexOf("\n") + 1).trim();
}

/** The notes of a release: its section of the changelog, then each commit since the previous tag. */
export async function releaseNotes(version: string, dryRun: boolean): Promise<string> {
  const section = (await changelogSection(version)) ?? (dryRun ? await changelogSection("Unreleased") : undefined);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section [${version}]: rename [Unreleased]`);
  const tags = (await run("git", ["tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname"])).split("\n");
  const last = tags.find((tag) => tag !== "" && tag !== `v${version}`);
  const commits = await run("git", ["log", "--format=- %s (%h)", last === undefined ? "HEAD" : `${last}..HEAD`]);
  return `${section}\n\n### Commits${last === undefined ? "" : ` since ${last}`}\n\n${commits}\n`;
}
