import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";

const directory = new URL("../../crds/", import.meta.url);
let loaded: readonly unknown[] | undefined;

/** The generated CustomResourceDefinitions, read once. */
export function customResourceDefinitions(): readonly unknown[] {
  loaded ??= readdirSync(directory)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name): unknown => parse(readFileSync(new URL(name, directory), "utf8")));
  return loaded;
}
