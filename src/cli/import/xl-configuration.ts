/** A value of xl.cfg(5): text, a whole number, or a list of values. */
export type XlValue = string | number | readonly XlValue[];

/** A setting with the line on which it begins, from 1. */
export interface XlSetting {
  readonly line: number;
  readonly value: XlValue;
}

/** A part that could not be read, with the line on which it begins. */
export interface UnreadLine {
  readonly line: number;
  readonly why: string;
  /** The line itself, shortened. */
  readonly text: string;
}

/** A domain's configuration file; for a name that is set twice the last value counts, as in xl. */
export interface XlConfiguration {
  readonly settings: ReadonlyMap<string, XlSetting>;
  readonly unread: readonly UnreadLine[];
}

/**
 * Parses xl.cfg(5) and the parts of xm's Python files that look like it: `name = value` with texts in either quotes,
 * numbers and lists within lists, separated by newlines or semicolons. Skips and reports a line with anything else, and
 * indented lines below Python code. Never throws. Source: tools/libs/util/libxlu_cfg_l.l and libxlu_cfg_y.y of Xen
 * 4.17.
 */
export function parseXlConfiguration(text: string): XlConfiguration {
  const settings = new Map<string, XlSetting>();
  const unread: UnreadLine[] = [];
  const reader = new Reader(text);
  let code = false;
  for (;;) {
    reader.blanks("Lines");
    if (reader.ended) return { settings, unread };
    const { at, line } = reader;
    try {
      if (code && reader.indented) throw new Unread("it belongs to the code block above");
      code = false;
      const { name, add, value } = assignment(reader);
      const was = add ? settings.get(name)?.value : undefined;
      if (was !== undefined && !(Array.isArray(was) && Array.isArray(value)))
        throw new Unread("+= is supported only for lists");
      settings.set(name, { line, value: Array.isArray(was) && Array.isArray(value) ? [...was, ...value] : value });
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      const end = text.indexOf("\n", at);
      const whole = text.slice(at, end < 0 ? text.length : end).trim();
      if (/^(def|if|for|while|try|class|with|else|elif|except|finally)\b/.test(whole)) code = true;
      if (reader.indented && error.message.startsWith("it belongs")) code = true;
      unread.push({ line, why: error.message, text: whole.length > 200 ? `${whole.slice(0, 199)}…` : whole });
      reader.skipLine(at, line);
    }
  }
}

class Unread extends Error {}

function assignment(reader: Reader): { readonly name: string; readonly add: boolean; readonly value: XlValue } {
  const name = reader.take(/[A-Za-z_][A-Za-z0-9_]*/y);
  if (name === undefined) throw new Unread("it is not a setting");
  reader.blanks("Line");
  const sign = reader.take(/\+?=(?!=)/y);
  if (sign === undefined) throw new Unread("the name is not followed by =");
  reader.blanks("Line");
  const value = valueAt(reader, 0);
  reader.blanks("Line");
  if (!reader.ended && reader.take(/[;\n]/y) === undefined) throw new Unread("the value is followed by more text");
  return { name, add: sign === "+=", value };
}

const deepest = 8;

function valueAt(reader: Reader, depth: number): XlValue {
  if (reader.take(/\[/y) === undefined) return atom(reader);
  if (depth >= deepest) throw new Unread("its lists are nested too deeply");
  const values: XlValue[] = [];
  for (;;) {
    reader.blanks("Lines");
    if (reader.take(/\]/y) !== undefined) return values;
    values.push(valueAt(reader, depth + 1));
    reader.blanks("Lines");
    if (reader.take(/,/y) !== undefined) continue;
    if (reader.take(/\]/y) !== undefined) return values;
    throw new Unread("a list has no end, or two values have no comma between them");
  }
}

function atom(reader: Reader): XlValue {
  const text = reader.take(/"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y);
  if (text !== undefined) return unquoted(text.slice(1, -1));
  const number = reader.take(/0[xX][0-9a-fA-F]+|[0-9]+(?![A-Za-z0-9_.])/y);
  if (number === undefined) throw new Unread("its value is not a string, a number or a list");
  const value = Number(number);
  if (!Number.isSafeInteger(value)) throw new Unread("its number is too large");
  return value;
}

const escapes: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Unquotes a text as xlu__cfgl_dequote does. */
function unquoted(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)/g, (_match, code: string) => {
    if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    return escapes[code] ?? code;
  });
}

/** A position in a text. */
class Reader {
  readonly #text: string;
  at = 0;
  line = 1;
  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.at >= this.#text.length;
  }

  /** Whether this position follows blanks on its line. */
  get indented(): boolean {
    return /[ \t]/.test(this.#text[this.at - 1] ?? "");
  }

  /** Consumes a match of the sticky pattern at this position; undefined, consuming nothing, if there is none. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    this.line += found.split("\n").length - 1;
    return found;
  }

  /** Skips blanks, comments and continued lines; `Lines`: also newlines and semicolons between settings. */
  blanks(over: "Line" | "Lines"): void {
    this.take(over === "Line" ? /(?:[ \t\r]|\\\r?\n|#[^\n]*)*/y : /(?:[ \t\r\n;]|\\\r?\n|#[^\n]*)*/y);
  }

  /** Moves to the line after the one that began here. */
  skipLine(at: number, line: number): void {
    this.at = at;
    this.line = line;
    this.take(/[^\n]*\n?/y);
  }
}
