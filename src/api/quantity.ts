import { z } from "zod";
import { withRules } from "./rules.ts";
import { textOf } from "./text.ts";

/** Kubernetes quantities of bytes: "20Gi", "500M", "1073741824", "1.5Ti". */

const form = /^([0-9]+)(?:\.([0-9]+))?(?:([KMGTPE]i)|([kMGTPE])|[eE]([0-9]{1,2}))?$/;
const units = ["", "k", "M", "G", "T", "P", "E"];

/** Bytes of a quantity. Throws a RangeError that names the text when it is not a whole, non-negative number of bytes. */
export function parseQuantity(text: string): bigint {
  const bytes = tryParseQuantity(text);
  if (bytes === undefined) {
    throw new RangeError(`${JSON.stringify(text)} is not a whole number of bytes such as 1073741824, 500M or 20Gi`);
  }
  return bytes;
}

/** As {@link parseQuantity}, `undefined` instead of an error. */
export function tryParseQuantity(text: string): bigint | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", binary, decimal, exponent] = match;
  const multiplier =
    binary !== undefined
      ? 1024n ** power(binary[0])
      : decimal !== undefined
        ? 1000n ** power(decimal)
        : 10n ** BigInt(exponent ?? 0);
  const scaled = BigInt(whole + fraction) * multiplier;
  const divisor = 10n ** BigInt(fraction.length);
  return scaled % divisor === 0n ? scaled / divisor : undefined;
}

const power = (unit = ""): bigint => BigInt(units.indexOf(unit === "K" ? "k" : unit));

/** Bytes of a quantity as a number. Throws a RangeError, also above 2^53 - 1. */
export function quantityBytes(text: string): number {
  const bytes = parseQuantity(text);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`${JSON.stringify(text)} is more than can be counted exactly: at most 8Pi less one byte`);
  }
  return Number(bytes);
}

/** The shortest exact quantity: 21474836480 is "20Gi", 1000000 is "1000000". */
export function formatQuantity(bytes: number | bigint): string {
  let value = BigInt(bytes);
  let step = 0;
  while (value !== 0n && value % 1024n === 0n && step < units.length - 1) {
    value /= 1024n;
    step += 1;
  }
  return step === 0 ? `${value}` : `${value}${units[step]?.toUpperCase()}i`;
}

/** The quantity of so many MiB, in which Xen counts memory. */
export const mebibytes = (count: number): string => formatQuantity(BigInt(count) * 1024n ** 2n);

/** Bytes of a quantity in a status. Undefined when there is none, and for what is none: a status is text that others may write. */
export function bytesOf(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : tryParseQuantity(text);
  return bytes === undefined || bytes > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(bytes);
}

/** A size in a status: the exact quantity, written as shortly as it can be. */
export const seenSizeSchema = z.string().max(32);

interface SizeBounds {
  readonly min: string;
  readonly max: string;
  /** The size is a multiple of this. */
  readonly step: string;
  /** What a step is, in words. */
  readonly stepName: string;
}

/** A quantity of bytes in a spec. Fractions are out: CEL's quantity library does not take "1.5Gi" for an integer. */
export function sizeSchema({ min, max, step, stepName }: SizeBounds) {
  const [least, most, unit] = [parseQuantity(min), parseQuantity(max), parseQuantity(step)];
  return withRules(
    textOf(
      /^[1-9][0-9]{0,18}([kMGTP]|[KMGTP]i)?$/,
      24,
      "a size: a whole number of bytes, optionally with a unit, like 1073741824, 500M or 20Gi",
    ),
    [
      {
        cel: `isQuantity(self) && quantity(self).compareTo(quantity('${min}')) >= 0 && quantity(self).compareTo(quantity('${max}')) <= 0`,
        message: `must be a size from ${min} to ${max}`,
        holds: (text) => within(tryParseQuantity(text), least, most),
      },
      {
        cel: `!isQuantity(self) || !quantity(self).isInteger() || quantity(self).asInteger() % ${unit} == 0`,
        message: `must be a whole number of ${stepName}`,
        holds: (text) => (tryParseQuantity(text) ?? 0n) % unit === 0n,
      },
    ],
  );
}

const within = (bytes: bigint | undefined, least: bigint, most: bigint): boolean =>
  bytes !== undefined && bytes >= least && bytes <= most;

/** A size that may grow and never shrink. */
export function growOnly<S extends z.ZodType<string>>(schema: S): S {
  return withRules(schema, [
    {
      cel: "quantity(self).compareTo(quantity(oldSelf)) >= 0",
      message: "must not shrink: what is cut off would be lost",
    },
  ]);
}

/** AoE counts in sectors of 512 bytes. OCFS2 ends at 4 PiB. */
export const volumeSizeSchema = growOnly(
  sizeSchema({ min: "1Mi", max: "4Pi", step: "512", stepName: "512-byte sectors" }),
);
