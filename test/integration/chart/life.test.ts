import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { group } from "../../../src/api/common.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { type ControlPlane, startControlPlane } from "../../../src/controlplane/control-plane.ts";
import { chart } from "../chart-install.ts";
import { tool, toolPrograms } from "../tools.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const kinds = Object.values(definitions);
const resources = kinds.map(({ plural }) => plural);
const release = ["xs", "--namespace", "ops"] as const;

let controlPlane: ControlPlane;
let work: string;
const kubectl = (...args: string[]) => tool("kubectl", controlPlane.kubeconfigPath, args);
const helm = (...args: string[]) => tool("helm", controlPlane.kubeconfigPath, args);
const upgrade = (from: string, ...args: string[]) =>
  helm("upgrade", release[0], from, ...release.slice(1), "--set-json", 'allowAddresses=["192.0.2.0/24"]', ...args);

/** The chart with another short name for every definition: a change that is possible for each kind. */
async function otherChart(name: string, version: string): Promise<string> {
  const copy = path.join(work, name);
  await cp(chart, copy, { recursive: true });
  await edit(path.join(copy, "Chart.yaml"), (text) => text.replace(/^version: .*$/m, `version: ${version}`));
  for (const { plural, shortName } of kinds)
    await edit(path.join(copy, "templates", "crds", `${plural}.yaml`), (text) => renamed(text, shortName, name));
  return copy;
}

const renamed = (text: string, shortName: string, name: string) =>
  text.replace(`      - ${shortName}\n`, `      - ${shortName}\n      - ${name}-${shortName}\n`);

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(file, "utf8");
  const changed = change(text);
  if (changed === text) throw new Error(`${file} has not what the test changes`);
  await writeFile(file, changed);
}

/** A chart from before its definitions were templates: in `crds/`, where Helm installs and never deletes them. */
async function olderChart(): Promise<string> {
  const copy = await otherChart("older", "0.0.1");
  await rm(path.join(copy, "templates", "crds"), { recursive: true });
  await rm(path.join(copy, "templates", "checks.yaml"));
  await mkdir(path.join(copy, "crds"));
  for (const file of await readdir(path.join(top, "crds"))) {
    const { shortName } = kinds.find(({ plural }) => file === `${plural}.yaml`) ?? { shortName: "" };
    const text = await readFile(path.join(top, "crds", file), "utf8");
    await writeFile(path.join(copy, "crds", file), renamed(text, shortName, "older"));
  }
  return copy;
}

const list = z.object({ items: z.array(z.object({ kind: z.string(), metadata: z.object({ uid: z.string() }) })) });
/** Kind and uid of every object of ours: all of these must survive. */
async function alive(): Promise<string[]> {
  const { items } = list.parse(
    JSON.parse(await kubectl("get", resources.join(","), "--namespace=san", "--output=json")),
  );
  return items.map(({ kind, metadata }) => `${kind} ${metadata.uid}`).sort();
}

/** The short names of every definition besides its own: `older`. */
async function extraNames(): Promise<string[]> {
  const output = '--output=jsonpath={range .items[*]}{.spec.names.shortNames}{"\\n"}{end}';
  const lines = (await kubectl("get", "crd", ...kinds.map(({ plural }) => `${plural}.${group}`), output)).trim();
  const names = lines.split("\n").flatMap((line) => z.array(z.string()).parse(JSON.parse(line)));
  const own = kinds.map(({ shortName }) => shortName);
  return [...new Set(names.filter((name) => !own.includes(name)).flatMap((name) => name.split("-")[0] ?? []))];
}

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), "xensan-chart-life-"));
  controlPlane = await startControlPlane({ programs: toolPrograms });
});
afterAll(async () => {
  await controlPlane.stop();
  await rm(work, { recursive: true });
});

describe("a release, from an old chart to its end", () => {
  let objects: string[];

  it("is not installed without definitions where there are none", async () => {
    await expect(upgrade(chart, "--install", "--create-namespace", "--set=crds.enabled=false")).rejects.toThrow(
      `the CustomResourceDefinition ${kinds[0]?.plural}.${group} is missing and crds.enabled is false`,
    );
  });

  it("was installed from a chart with its definitions in crds/", async () => {
    await upgrade(await olderChart(), "--install", "--create-namespace");
    await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
    await kubectl("create", "namespace", "san");
    await kubectl(
      "apply",
      "--namespace=san",
      ...kinds.map(({ kind }) => `--filename=${top}/examples/kinds/${kind.toLowerCase()}.yaml`),
    );
    objects = await alive();
    expect(new Set(objects.map((object) => object.split(" ")[0]))).toEqual(new Set(kinds.map(({ kind }) => kind)));
    expect(await extraNames()).toEqual(["older"]);
  });

  it("is not upgraded over definitions that it does not own, unless it is told to take them", async () => {
    await expect(upgrade(chart)).rejects.toThrow(/CustomResourceDefinition .* invalid ownership metadata/);
    expect(await extraNames()).toEqual(["older"]);
    await upgrade(chart, "--take-ownership");
    expect(await extraNames()).toEqual([]);
    expect(await alive()).toEqual(objects);
  });

  it("has its definitions upgraded with it, and rolled back with it", async () => {
    await upgrade(await otherChart("newer", "9.0.0"));
    expect(await extraNames()).toEqual(["newer"]);
    await helm("rollback", ...release);
    expect(await extraNames()).toEqual([]);
    expect(await alive()).toEqual(objects);
  });

  it("keeps definitions and objects when it goes back to the chart that did not own them", async () => {
    await helm("rollback", release[0], "1", ...release.slice(1));
    expect(await extraNames()).toEqual([]);
    expect(await alive()).toEqual(objects);
    await upgrade(chart);
  });

  it("keeps them when it is told to bring none", async () => {
    await upgrade(chart, "--set=crds.enabled=false");
    expect(await alive()).toEqual(objects);
    await upgrade(chart);
  });

  it("leaves them to the first release of a cluster", async () => {
    const second = (...args: string[]) =>
      helm("install", "second", chart, "--namespace=ops", "--set=allowAddresses=Any", ...args);
    await expect(second()).rejects.toThrow(
      `the CustomResourceDefinition ${kinds[0]?.plural}.${group} belongs to the release ops/xs: set crds.enabled=false for this release`,
    );
    await second("--set=crds.enabled=false", '--set-json=namespaces=["san"]');
    await helm("uninstall", "second", "--namespace=ops");
    expect(await alive()).toEqual(objects);
  });

  it("is not upgraded while objects may be stored in a version that it does not have", async () => {
    const name = `${kinds[0]?.plural}.${group}`;
    const version = {
      name: "v1alpha0",
      served: false,
      storage: false,
      schema: { openAPIV3Schema: { type: "object" } },
    };
    const patch = (value: unknown, ...args: string[]) =>
      kubectl("patch", "crd", name, "--type=json", `--patch=${JSON.stringify(value)}`, ...args);
    await patch([{ op: "add", path: "/spec/versions/-", value: version }]);
    const stored = { op: "add", path: "/status/storedVersions/0", value: version.name };
    await patch([stored], "--subresource=status");
    await expect(upgrade(chart)).rejects.toThrow(
      `objects of ${name} may be stored in version v1alpha0, which this chart does not have (it has v1alpha1)`,
    );
    await patch([{ op: "remove", path: "/status/storedVersions/0" }], "--subresource=status");
    await upgrade(chart, "--force-conflicts");
    expect(await alive()).toEqual(objects);
  });

  it("leaves them when it is uninstalled, and finds them when it comes again", async () => {
    await helm("uninstall", ...release);
    expect(await kubectl("get", "deployments,roles,serviceaccounts", "--namespace=ops", "--output=name")).not.toContain(
      "xs-xensan",
    );
    expect(await alive()).toEqual(objects);
    await upgrade(chart, "--install");
    expect(await alive()).toEqual(objects);
  });
});
