/**
 * Characters that a terminal, a log or a YAML parser may interpret instead of showing: C0 and C1 controls,
 * bidirectional and zero-width format characters, line separators, the byte order mark, noncharacters. Indexed by
 * UTF-16 unit; surrogates are checked in pairs.
 */
const hidden = new Uint8Array(0x1_0000);
const byRegExp = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]/u;
for (let unit = 0; unit < 0x1_0000; unit++) if (byRegExp.test(String.fromCharCode(unit))) hidden[unit] = 1;
hidden.fill(2, 0xd800, 0xe000);

const tab = 0x09;
const newline = 0x0a;
const replacement = 0xfffd;

/** Makes foreign text safe for a status, an event, a log or a terminal; keeps its number of UTF-16 units. */
export function printable(text: string): string {
  return shown(text, false);
}

/** Like {@link printable}, for text of many lines: keeps the tabs and newlines that separate fields and rows. */
export function printableLines(text: string): string {
  return shown(text, true);
}

/** Uses a loop: a regular expression with a callback takes a second for the megabytes that a hostile host may send. */
function shown(text: string, lines: boolean): string {
  let units: Uint16Array<ArrayBuffer> | undefined;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const kind = hidden[unit];
    if (kind === 0 || (lines && (unit === tab || unit === newline))) continue;
    if (kind === 2 && isPair(unit, text.charCodeAt(index + 1))) {
      index++;
      continue;
    }
    units ??= unitsOf(text);
    units[index] = pictured(unit);
  }
  return units === undefined ? text : Buffer.from(units.buffer).toString("utf16le");
}

/** Whether it is a surrogate pair of a visible character: not one of the tags (U+E0000 to U+E0FFF). */
function isPair(high: number, low: number): boolean {
  return high < 0xdc00 && low >= 0xdc00 && low < 0xe000 && !(high === 0xdb40 && low < 0xdd00);
}

function unitsOf(text: string): Uint16Array<ArrayBuffer> {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index);
  return units;
}

/** Shows C0 and DEL as control pictures (`␛`), all others as the replacement character. */
function pictured(unit: number): number {
  if (unit < 0x20) return 0x2400 + unit;
  return unit === 0x7f ? 0x2421 : replacement;
}
