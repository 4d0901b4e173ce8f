import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bytesOf,
  formatQuantity,
  mebibytes,
  parseQuantity,
  quantityBytes,
  tryParseQuantity,
  volumeSizeSchema,
} from "../../../src/api/quantity.ts";

describe("a quantity", () => {
  it.each([
    ["0", 0n],
    ["1073741824", 1_073_741_824n],
    ["500M", 500_000_000n],
    ["1k", 1000n],
    ["1Ki", 1024n],
    ["20Gi", 21_474_836_480n],
    ["1.5Gi", 1_610_612_736n],
    ["0.5k", 500n],
    ["1E", 10n ** 18n],
    ["1Ei", 1n << 60n],
    ["1e3", 1000n],
    ["2E2", 200n],
    ["4Pi", 4_503_599_627_370_496n],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseQuantity(text)).toBe(bytes);
  });

  it.each([
    "",
    "Gi",
    "-1Gi",
    "+1",
    "1.5",
    "0.3Ki",
    "100m",
    "1K",
    "1ki",
    "20GB",
    "20 Gi",
    " 20Gi",
    "1.Gi",
    "0x10",
    "1e",
    "1e3Gi",
    "٣",
  ])("%j is none", (text) => {
    expect(tryParseQuantity(text)).toBeUndefined();
    expect(() => parseQuantity(text)).toThrow(
      new RangeError(`${JSON.stringify(text)} is not a whole number of bytes such as 1073741824, 500M or 20Gi`),
    );
  });

  it("beyond exact counting is an error, not another number", () => {
    expect(quantityBytes("4Pi")).toBe(2 ** 52);
    expect(() => quantityBytes("8Pi")).toThrow(new RangeError('"8Pi" is too large: must be at most 8Pi less one byte'));
  });

  it("is written in the largest unit that loses nothing", () => {
    expect([0, 1000, 1024, 1536, 21_474_836_480].map(formatQuantity)).toEqual(["0", "1000", "1Ki", "1536", "20Gi"]);
  });

  it("comes back from text as it was", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 62n }), (bytes) => {
        expect(parseQuantity(formatQuantity(bytes))).toBe(bytes);
      }),
    );
  });
});

describe("a size in a spec", () => {
  it.each([
    ["1.5Gi", 1_610_612_736],
    [1_610_612_736, 1_610_612_736],
    ["1e9", 1_000_000_000],
    ["0.5Gi", 536_870_912],
  ])("may be written as %j", (written, bytes) => {
    expect(quantityBytes(volumeSizeSchema.parse(written))).toBe(bytes);
  });

  it.each([
    ["1.0001Gi", ["must be a whole number of 512-byte sectors"]],
    [1_048_577, ["must be a whole number of 512-byte sectors"]],
    [512, ["must be a size from 1Mi to 4Pi"]],
    ["5Pi", ["must be a size from 1Mi to 4Pi"]],
  ])("is refused as %j", (written, messages) => {
    expect(volumeSizeSchema.safeParse(written).error?.issues.map(({ message }) => message)).toEqual(
      expect.arrayContaining(messages),
    );
  });
});

describe("a size in a status", () => {
  it("is text that others may have written", () => {
    expect([mebibytes(128), bytesOf("128Mi"), bytesOf(undefined), bytesOf("much"), bytesOf("8Ei")]).toEqual([
      "128Mi",
      134_217_728,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
