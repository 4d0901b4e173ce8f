import { z } from "zod";
import { intOrStringKey, type Rule, withRules } from "./rules.ts";
import { textOf } from "./text.ts";

/** Kubernetes quantities of bytes: "20Gi", "500M", "1073741824", "1.5Ti". */

const form = /^([0-9]+)(?:\.([0-9]+))?(?:([KMGTPE]i)|([kMGTPE])|[eE]([0-9]{1,2}))?$/;
const units = ["", "k", "M", "G", "T", "P", "E"];

/** A quantity as Kubernetes writes it: text, or a plain number. */
export type Quantity = string | number;

/** Bytes of a quantity. Throws a RangeError that names the text if it is not a whole, non-negative number of bytes. */
export function parseQuantity(text: Quantity): bigint {
  const bytes = tryParseQuantity(text);
  if (bytes === undefined) {
    throw new RangeError(`${JSON.stringify(text)} is not a whole number of bytes such as 1073741824, 500M or 20Gi`);
  }
  return bytes;
}

/** Like {@link parseQuantity}, but returns `undefined` instead of throwing. */
export function tryParseQuantity(text: Quantity): bigint | undefined {
  const match = form.exec(String(text));
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
export function quantityBytes(text: Quantity): number {
  const bytes = parseQuantity(text);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`${JSON.stringify(text)} is too large: must be at most 8Pi less one byte`);
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

/** The quantity for a number of MiB, in which Xen counts memory. */
export const mebibytes = (count: number): string => formatQuantity(BigInt(count) * 1024n ** 2n);

/** Bytes of a quantity in a status. Undefined without one, and for invalid text: others may write a status. */
export function bytesOf(text: Quantity | undefined): number | undefined {
  const bytes = text === undefined ? undefined : tryParseQuantity(text);
  return bytes === undefined || bytes > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(bytes);
}

/** A size in a status: the exact quantity in its shortest form. */
export const seenSizeSchema = z.string().max(32);

interface SizeBounds {
  readonly min: string;
  readonly max: string;
  /** The size is a multiple of this. */
  readonly step: string;
  /** The step in words. */
  readonly stepName: string;
  /** The size may grow, and never shrinks. */
  readonly growOnly?: boolean;
}

/**
 * A size in a spec, in the notation of Kubernetes: `20Gi`, `1.5Gi`, `500M`, `1e9`, or a plain number of bytes. Rules
 * compare its value, not its notation.
 */
export function sizeSchema({ min, max, step, stepName, growOnly = false }: SizeBounds) {
  const [least, most, unit] = [parseQuantity(min), parseQuantity(max), parseQuantity(step)];
  const form = "a size: a number of bytes, optionally with a unit, like 1073741824, 500M, 20Gi or 1.5Gi";
  const text = textOf(/^[0-9]+([.][0-9]+)?([kMGTP]|[KMGTP]i|[eE][0-9]{1,2})?$/, 24, form);
  const written = z.union([text, z.int()], { error: `must be ${form}` }).meta({ [intOrStringKey]: true });
  const self = "string(self)";
  const bytes = `int(quantity(${self}).asApproximateFloat() + 0.5)`;
  const inRange = `quantity(${self}).compareTo(quantity('${min}')) >= 0 && quantity(${self}).compareTo(quantity('${max}')) <= 0`;
  const rules: Rule<string | number>[] = [
    {
      cel: `isQuantity(${self}) && ${inRange}`,
      message: `must be a size from ${min} to ${max}`,
      holds: (size) => within(tryParseQuantity(size), least, most),
    },
    {
      // CEL's isInteger returns false for 1.5Gi. The rule compares the approximate value with the exact one.
      cel: `!isQuantity(${self}) || quantity(${self}).isGreaterThan(quantity('${max}')) || (${bytes} % ${unit} == 0 && quantity(${self}).sub(${bytes}).compareTo(quantity('0')) == 0)`,
      message: `must be a whole number of ${stepName}`,
      holds: (size) => {
        const exact = tryParseQuantity(size) ?? (isQuantity(size) ? 1n : 0n);
        return exact > most || exact % unit === 0n;
      },
    },
    ...(growOnly
      ? [
          {
            cel: `quantity(${self}).compareTo(quantity(string(oldSelf))) >= 0`,
            message: "must not shrink: the data beyond the new size would be lost",
          },
        ]
      : []),
  ];
  return withRules(written, rules);
}

/** Whether it is a quantity, even if not a whole number of bytes, such as 1.0001Ki. */
const isQuantity = (size: Quantity): boolean => form.test(String(size));

const within = (bytes: bigint | undefined, least: bigint, most: bigint): boolean =>
  bytes !== undefined && bytes >= least && bytes <= most;

/** Like `immutable`, for a size: it may be written in another notation. */
export function immutableSize(field: string, why: string): Rule<unknown> {
  const [now, before] = ["self", "oldSelf"].map((of) => `quantity(string(${of}.${field}))`);
  return {
    cel: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || ${now}.compareTo(${before}) == 0)`,
    message: `${field} must not change: ${why}`,
    path: [field],
  };
}

/** AoE counts in sectors of 512 bytes. OCFS2 supports at most 4 PiB. */
export const volumeSizeSchema = sizeSchema({
  ...{ min: "1Mi", max: "4Pi", step: "512", stepName: "512-byte sectors" },
  growOnly: true,
});
