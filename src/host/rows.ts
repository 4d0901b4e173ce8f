import { printable } from "../printable.ts";
import { excerpt, type Rows } from "./probe-sections.ts";

/**
 * A row or section does not have the form that probe.sh documents. It has no stack trace: a host may send thousands of
 * such rows.
 */
export class Unparseable extends Error {
  override readonly name = "Unparseable";
  constructor(message: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}

/** Receives a row that could not be read, and the reason. */
export type Lost = (row: readonly string[], why: string) => void;

/** Parses each row; an unreadable row is passed to `lost` and affects no other. */
export function each<T>(rows: Rows, lost: Lost, parse: (row: readonly string[]) => T): T[] {
  const values: T[] = [];
  for (const row of rows) {
    try {
      values.push(parse(row));
    } catch (error) {
      if (!(error instanceof Unparseable)) throw error;
      lost(row, error.message);
    }
  }
  return values;
}

/** So many things are joined in one go. */
export const inOneGo = 1024;

/** The text that is parsed in one go, in a few milliseconds. */
const stride = 64 * 1024;

/** As each, in several goes. */
export function* eachInGoes<T>(rows: Rows, lost: Lost, parse: (row: readonly string[]) => T): Generator<void, T[]> {
  const values: T[] = [];
  let left = 0;
  for (const row of rows) {
    left -= row.reduce((length, { length: more }) => length + more, 64);
    if (left < 0) {
      left = stride;
      yield;
    }
    values.push(...each([row], lost, parse));
  }
  return values;
}

/**
 * The first row for each value of the field at this index; the others are passed to `lost`. Duplicates would multiply
 * with the rows about the same thing: a few thousand rows become millions.
 */
export function once(rows: Rows, lost: Lost, at: number): Rows {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = row[at] === undefined ? undefined : plain(row[at]);
    if (key === undefined || !seen.has(key)) {
      if (key !== undefined) seen.add(key);
      return true;
    }
    lost(row, `${shown(key)} occurs twice`);
    return false;
  });
}

/** The rows by their first field. */
export function grouped(rows: Rows): (kind: string) => Rows {
  const groups = Map.groupBy(rows, (row) => field(row, 0, "a kind of row"));
  return (kind) => groups.get(kind) ?? [];
}

/** The field at an index; throws when the row is too short. */
export function field(row: readonly string[], index: number, what: string): string {
  const text = row[index];
  if (text === undefined) throw new Unparseable(`it has no ${what.replace(/^an? /, "")}`);
  return text;
}

/**
 * Undoes mountinfo's octal escapes. Makes the decoded characters printable: the check of the incoming answer did not
 * see them.
 */
export function plain(text: string): string {
  if (!text.includes("\\")) return text;
  return printable(
    text.replace(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8) & 0xff)),
  );
}

/** A field that holds an integer that JavaScript represents exactly; throws Unparseable otherwise. */
export function wholeNumber(row: readonly string[], index: number, what: string): number {
  const text = field(row, index, what);
  const value = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new Unparseable(`${what} is ${shown(text)}, not a number`);
  }
  return value;
}

/**
 * A field that holds an integer below 2^31, as the kernel and Xen count processes, domains and processors, and the API
 * has them; throws Unparseable otherwise.
 */
export function int32(row: readonly string[], index: number, what: string): number {
  const value = wholeNumber(row, index, what);
  if (value >= 2 ** 31) throw new Unparseable(`${what} is ${value}, more than ${2 ** 31 - 1}`);
  return value;
}

/** A field that holds a number of sectors of 512 bytes, in bytes; throws Unparseable otherwise. */
export function sectors(row: readonly string[], index: number, what: string): number {
  const bytes = wholeNumber(row, index, what) * 512;
  if (!Number.isSafeInteger(bytes)) throw new Unparseable(`${what} is ${bytes} bytes, too large`);
  return bytes;
}

/** A field that holds an integer, also a negative one; throws Unparseable otherwise. */
export function integer(row: readonly string[], index: number, what: string): number {
  const text = field(row, index, what);
  if (!/^-?[0-9]{1,15}$/.test(text)) throw new Unparseable(`${what} is ${shown(text)}, not a number`);
  return Number(text);
}

/** The accepted word that equals the text; throws Unparseable otherwise. */
export function oneOf<const T extends string>(text: string, accepted: readonly T[], what: string): T {
  const found = accepted.find((candidate) => candidate === text);
  if (found === undefined) throw new Unparseable(`${what} is ${shown(text)}, not ${accepted.join(" or ")}`);
  return found;
}

/** A field that holds `major:minor`; throws Unparseable otherwise. */
export function deviceNumber(row: readonly string[], index: number): string {
  const text = field(row, index, "a device number");
  if (!/^[0-9]+:[0-9]+$/.test(text)) throw new Unparseable(`${shown(text)} is not a device number`);
  return text;
}

/** `e0.1` or `0.1` */
export function target(text: string): { shelf: number; slot: number } {
  const groups = /^e?(?<shelf>[0-9]{1,5})\.(?<slot>[0-9]{1,5})$/.exec(text)?.groups;
  if (groups === undefined) throw new Unparseable(`${shown(text)} is not a shelf.slot`);
  return { shelf: Number(groups.shelf), slot: Number(groups.slot) };
}

/** Words between blanks or commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

/** A value quoted for a message. */
export function shown(text: string): string {
  return JSON.stringify(excerpt(text));
}
