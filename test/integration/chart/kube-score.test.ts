import { spawnSync } from "node:child_process";
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { chart } from "../chart-install.ts";
import { tool } from "../tools.ts";

const kubeconfigPath = inject("kubeconfigPath");
const possible = spawnSync("kube-score", ["version"], { stdio: "ignore" }).status === 0;
if (!possible)
  console.warn(
    "skipped: the chart is judged by kube-score, which is not on PATH (see CONTRIBUTING.md for how to build it)",
  );

const judged = z.array(
  z.object({
    object_name: z.string(),
    checks: z.array(z.object({ check: z.object({ id: z.string() }), grade: z.number(), skipped: z.boolean() })),
  }),
);

/** kube-score's grade of a check that found nothing. */
const allOk = 10;

function complaints(manifests: string): { checked: number; found: string[] } {
  const { stdout } = spawnSync("kube-score", ["score", "--output-format=json", "-"], {
    input: manifests,
    encoding: "utf8",
  });
  const objects = judged.parse(JSON.parse(stdout));
  return {
    checked: objects.length,
    found: objects
      .flatMap(({ object_name, checks }) =>
        checks
          .filter(({ skipped, grade }) => !skipped && grade < allOk)
          .map(({ check }) => `${object_name.split("/")[0]} ${check.id}`),
      )
      .sort(),
  };
}

describe.skipIf(!possible)("the chart before kube-score", () => {
  const template = (...args: string[]) =>
    tool("helm", kubeconfigPath, [
      ...["template", "xs", chart, "--namespace", "ops", '--set-json=allowAddresses=["192.0.2.0/24"]'],
      ...args,
    ]);

  it("has one complaint: an image that is named by its version need not be pulled again", async () => {
    expect(complaints(await template())).toEqual({
      checked: 6,
      found: ["Deployment container-image-pull-policy", "Pod container-image-pull-policy"],
    });
    expect(complaints(await template("--set=image.pullPolicy=Always")).found).toEqual([]);
  });
});
