import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { heapPercentage, limitFor, objectsServedBy } from "../../../src/runtime/capacity.ts";

const mebibyte = 2 ** 20;
const served = (limitMebibytes: number) => objectsServedBy((limitMebibytes * mebibyte * heapPercentage) / 100);
const file = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), "utf8");

describe("how many objects a memory limit serves", () => {
  it("grows with the limit", () => {
    expect([64, 128, 256, 512, 1024].map(served)).toEqual([0, 2900, 13_100, 33_400, 74_200]);
  });

  it("is at least what the limit was asked for", () => {
    for (const objects of [1, 100, 5000, 33_400, 50_000, 200_000])
      expect(served(Number.parseInt(limitFor(objects), 10))).toBeGreaterThanOrEqual(Math.floor(objects / 100) * 100);
    expect(limitFor(50_000)).toBe("768Mi");
  });

  it("is by the part of it that the image gives to the heap, and as the chart says", () => {
    expect(file("Dockerfile")).toContain(`--max-old-space-size-percentage=${heapPercentage} `);
    expect(file("helm/xensan/values.yaml")).toContain("# Serves about 33,000 objects;");
    expect(file("helm/xensan/values.yaml")).toContain("memory: 512Mi\n");
  });
});
