import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/explanation/how-a-change-travels.md", root), "utf8");

/** The file of a path on the page: paths are relative to src, those of a kind relative to src/controllers. */
const fileOf = (path: string) =>
  [`src/${path}`, `src/controllers/${path}`].map((one) => new URL(one, root)).find((url) => existsSync(url));

describe("how a change travels", () => {
  const named = [...page.matchAll(/`([A-Za-z.]+)`\s+\(`([\w./-]+\.ts)`\)/g)].map(([, name = "", path = ""]) => ({
    name,
    path,
  }));

  it("names files that there are", () => {
    const paths = [...page.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = ""]) => path);
    expect(
      paths.filter(
        (path) => !/^(watches|observe|plan|release|reconcile)\.ts$/.test(path) && fileOf(path) === undefined,
      ),
    ).toEqual([]);
  });

  it("names functions and classes of those files", () => {
    expect(named.length).toBe(23);
    const missing = named.filter(({ name, path }) => {
      const file = fileOf(path);
      const text = file === undefined ? "" : readFileSync(file, "utf8");
      return !name.split(".").every((word) => new RegExp(`\\b${word}\\b`).test(text));
    });
    expect(missing).toEqual([]);
  });
});
