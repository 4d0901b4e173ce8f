import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeManifest, parseManifests, readManifests } from "../../../src/cli/manifests.ts";

const object = (kind: string, name: string, namespace?: string) =>
  `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${namespace === undefined ? "" : `  namespace: ${namespace}\n`}`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "manifests-"));
});
afterEach(() => rm(directory, { recursive: true }));

describe("a directory of manifests", () => {
  it("is read in the order of its names, with sub-directories, without other files", async () => {
    await mkdir(path.join(directory, "20-more"));
    await writeFile(
      path.join(directory, "10-first.yaml"),
      `${object("Namespace", "a")}---\n${object("Secret", "b", "a")}`,
    );
    await writeFile(
      path.join(directory, "20-more", "x.json"),
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } }),
    );
    await writeFile(path.join(directory, "README.md"), "# not YAML: [");
    expect((await readManifests(directory)).map(describeManifest)).toEqual([
      "Namespace a",
      "Secret a/b",
      "ConfigMap c",
    ]);
  });

  it("that is empty or absent is an error that says so", async () => {
    await expect(readManifests(directory)).rejects.toThrow(`${directory} contains no Kubernetes objects`);
    await expect(readManifests(path.join(directory, "gone"))).rejects.toThrow(/^file or directory .* does not exist$/);
  });
});

describe("a file that is no manifest", () => {
  it.each([
    ["a: [", "Flow sequence"],
    ["just text", "f.yaml: document 1 is not a Kubernetes object"],
    ["kind: Pod\nmetadata: {name: x}", "apiVersion"],
    [`${object("Pod", "x")}---\nkind: Pod`, "document 2 is not a Kubernetes object"],
  ])("is refused with its name and the place: %j", (text, message) => {
    expect(() => parseManifests(text, "f.yaml")).toThrow(message);
    expect(() => parseManifests(text, "f.yaml")).toThrow("f.yaml");
  });

  it("may hold empty documents", () => {
    expect(parseManifests(`---\n---\n${object("Pod", "x")}---\n`, "f.yaml").map(describeManifest)).toEqual(["Pod x"]);
  });
});
