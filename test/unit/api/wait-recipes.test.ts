import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { definitions } from "../../../src/api/kinds.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/how-to/wait-until-ready.md"), "utf8");
const recipes = [...page.matchAll(/kubectl [^`\n]*wait --for=condition=([A-Za-z]+) ([a-z]+)/g)].map(
  ([, type = "", kind = ""]) => ({ type, kind }),
);

describe("the recipes of kubectl wait in docs/how-to", () => {
  it("wait for conditions that the kinds have from their first moment", () => {
    const kinds = Object.values(definitions);
    const unknown = recipes.filter(({ type, kind }) => {
      const meant = kind === "xensan" ? kinds : kinds.filter((one) => one.kind.toLowerCase() === kind);
      return meant.length === 0 || !meant.every(({ conditionTypes }) => conditionTypes.includes(type));
    });
    expect(unknown).toEqual([]);
    expect(recipes).toEqual([
      { type: "Ready", kind: "xensan" },
      { type: "Ready", kind: "aoevolume" },
      { type: "Drained", kind: "xenhost" },
    ]);
  });
});
