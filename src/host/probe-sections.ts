import { printable } from "../printable.ts";

/** Rows of one section, without their first field. */
export type Rows = readonly (readonly string[])[];

/** Limits for reading one answer, whatever printed it: a host with four thousand exports stays below them. */
export const bounds = {
  /** Length of the whole answer, in bytes; the connection ends a longer one. */
  answerBytes: 4 * 2 ** 20,
  /** Length of one section, in UTF-16 units. */
  sectionLength: 2 * 2 ** 20,
  /** Rows of one section; they are parsed in one go, which takes milliseconds. */
  sectionRows: 4096,
  /** Rows of `exports`, of which a managed export has five; they are parsed in several goes. */
  exportRows: 20_480,
  /** Rows of `domain-configurations`, one for each XenDomain that may run on the host. */
  configurationRows: 8192,
  /** Rows of `aoe-devices`: the devices that are asked for or in use, their users, and a thousand others. */
  aoeRows: 8192,
  /**
   * Rows and fields of all sections that are not given up: with any texts in them, they take less than four times the
   * memory of the largest answer.
   */
  answerRows: 40_960,
  answerFields: 262_144,
  rowLength: 8192,
  rowFields: 64,
  fieldLength: 4096,
} as const;

/** The first field of a row in which the host tells what it could not find out: WHY SUBJECT. */
const unread = "?";

/** A row that could not be read. Only its own content is lost. */
export interface UnreadRow {
  readonly why: string;
  /** The row itself, shortened. */
  readonly row: string;
}

/** One section of the probe's output while it is read. */
export interface Section {
  readonly rows: string[][];
  readonly unread: UnreadRow[];
  readonly mostRows: number;
  /** Why the whole section is discarded; undefined while it is well-formed. */
  broken: string | undefined;
  length: number;
  end: { readonly state: string; readonly why: string } | undefined;
}

/** The output of a probe, split into sections. */
export interface Answer {
  readonly sections: ReadonlyMap<string, Section>;
  readonly foreign: boolean;
  /** The probe ran to its end. */
  readonly complete: boolean;
}

/** This much is read in one go. */
const stride = 128 * 1024;

/**
 * Splits an answer into sections; yields between two strides, so that a large answer does not hold up the event loop.
 */
export function* splitAnswer(stdout: string, names: readonly string[]): Generator<void, Answer> {
  const sections = new Map(names.map((name) => [name, emptySection(name)]));
  const taken: Taken = { sections, rows: 0, fields: 0 };
  let last = "";
  let rest = stride;
  let from = stdout.indexOf("\n") + 1;
  const first = stdout.slice(0, Math.max(0, from - 1));
  for (;;) {
    const to = stdout.indexOf("\n", from);
    // Text after the last newline was cut off: it is not a line.
    if (to < 0) break;
    rest -= to - from + 64;
    if (rest < 0) {
      rest = stride;
      yield;
    }
    last = read(taken, stdout, from, to);
    from = to + 1;
  }
  return { sections, foreign: first !== "probe\t1", complete: last === "end\tprobe" };
}

/** What was taken from an answer so far. */
interface Taken {
  readonly sections: ReadonlyMap<string, Section>;
  /** Rows in all sections. */
  rows: number;
  /** Fields of these rows. */
  fields: number;
}

/** Adds one line to its section; returns its first characters. */
function read(taken: Taken, stdout: string, from: number, to: number): string {
  const { sections } = taken;
  const start = stdout.slice(from, Math.min(to, from + 64));
  const tab = start.indexOf("\t");
  if (tab < 0) return start;
  const name = start.slice(0, tab);
  if (name === "end") {
    ended(taken, stdout.slice(from + tab + 1, Math.min(to, from + bounds.rowLength)).split("\t"));
    return start;
  }
  const section = sections.get(name);
  if (section === undefined || section.broken !== undefined) return start;
  section.length += to - from;
  const tooMuch = excessOf(taken, section);
  if (tooMuch !== undefined) {
    giveUp(taken, section, `it has ${tooMuch}`);
    return start;
  }
  const lost = (why: string, row = stdout.slice(from + tab + 1, Math.min(to, from + 1024))) => {
    taken.rows += 1;
    section.unread.push({ why, row: excerpt(row.replaceAll("\t", " ")) });
  };
  if (to - from > bounds.rowLength) lost(`it has ${to - from} characters, more than ${bounds.rowLength}`);
  else {
    const fields = stdout.slice(from + tab + 1, to).split("\t");
    const [mark, why = "", ...subject] = fields;
    if (fields.length > bounds.rowFields) lost(`it has ${fields.length} fields, more than ${bounds.rowFields}`);
    else if (fields.some(({ length }) => length > bounds.fieldLength))
      lost(`a field has more than ${bounds.fieldLength} characters`);
    else if (mark === unread) lost(excerpt(why), subject.join(" "));
    else if (taken.fields + fields.length > bounds.answerFields)
      giveUp(taken, section, `it has been truncated: the answer has more than ${bounds.answerFields} fields`);
    else {
      taken.rows += 1;
      taken.fields += fields.length;
      section.rows.push(fields);
    }
  }
  return start;
}

const rowsOf = ({ rows, unread }: Section) => rows.length + unread.length;

/** The sections that may have more rows than others. */
const longer: ReadonlyMap<string, number> = new Map([
  ["exports", bounds.exportRows],
  ["domain-configurations", bounds.configurationRows],
  ["aoe-devices", bounds.aoeRows],
]);

/** What is too much with one more row in this section. */
function excessOf({ rows }: Taken, section: Section): string | undefined {
  if (section.length > bounds.sectionLength) return `more than ${bounds.sectionLength} characters`;
  if (rows >= bounds.answerRows) return `been truncated: the answer has more than ${bounds.answerRows} rows`;
  return rowsOf(section) >= section.mostRows ? `more than ${section.mostRows} rows` : undefined;
}

function giveUp(taken: Taken, section: Section, why: string): void {
  taken.rows -= rowsOf(section);
  for (const fields of section.rows) taken.fields -= fields.length;
  section.broken ??= why;
  section.rows.length = 0;
  section.unread.length = 0;
}

function ended(taken: Taken, [name = "", state = "", exit = "", why = ""]: string[]): void {
  const section = taken.sections.get(name);
  if (section === undefined) return;
  // The output of one probe has no section that ends twice.
  if (section.end !== undefined) giveUp(taken, section, "the section ends twice");
  section.end = { state, why: excerpt(why || `exit ${exit}`) };
}

const emptySection = (name: string): Section => ({
  rows: [],
  unread: [],
  mostRows: longer.get(name) ?? bounds.sectionRows,
  broken: undefined,
  length: 0,
  end: undefined,
});

/** Shortened and printable, for use in a message. */
export function excerpt(text: string): string {
  const short = text.length <= longestExcerpt ? text : `${text.slice(0, longestExcerpt - 1)}…`;
  return printable(short);
}

const longestExcerpt = 300;
