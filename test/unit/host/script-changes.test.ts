import { describe, expect, it } from "vitest";
import { changesOf, lookingScripts } from "../../../src/api/generate/machine-changes.ts";
import { loadScript, scriptNames } from "../../../src/host/scripts.ts";

const heading = (name: (typeof scriptNames)[number]) =>
  changesOf(name, loadScript(name).text.split("\nset -eu\n")[0] ?? "");

describe("the header of a script", () => {
  it.each(scriptNames)("of %s says what it changes and how to undo it, or it is one that only looks", (name) => {
    expect(heading(name).changes.length > 0).toBe(!lookingScripts.includes(name));
  });

  it.each(scriptNames)("of %s names each file under /etc that it writes", (name) => {
    const own = loadScript(name).text;
    const written = [...own.matchAll(/replace_file (\/etc\/[^\s"]+)/g)].map(([, path = ""]) => path);
    const told = heading(name)
      .changes.map(({ what }) => what)
      .join("\n");
    expect(written.filter((path) => !told.includes(path))).toEqual([]);
  });

  it("must have an undo for each change", () => {
    expect(() => changesOf("x", "# changes: a\n# changes: b\n# undo: c\n")).toThrow(
      'x.sh: each "# changes:" must have its "# undo:" on the next line',
    );
  });
});
