/** A section that does not say what probe.sh documents. */
export class Unparseable extends Error {
  override readonly name = "Unparseable";
}

/** The field at an index; throws when the row is too short. */
export function field(row: readonly string[], index: number, what: string): string {
  const text = row[index];
  if (text === undefined) throw new Unparseable(`a row without ${what}: ${shown(row)}`);
  return text;
}

/** Undoes mountinfo's octal escapes. */
export function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function wholeNumber(row: readonly string[], index: number, what: string): number {
  const text = field(row, index, what);
  const value = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new Unparseable(`${what} is ${JSON.stringify(text)}, not a number: ${shown(row)}`);
  }
  return value;
}

export function oneOf<const T extends string>(text: string, accepted: readonly T[], what: string): T {
  const found = accepted.find((candidate) => candidate === text);
  if (found === undefined) throw new Unparseable(`${what} is ${JSON.stringify(text)}, not ${accepted.join(" or ")}`);
  return found;
}

export function deviceNumber(row: readonly string[], index: number): string {
  const text = field(row, index, "a device number");
  if (!/^[0-9]+:[0-9]+$/.test(text))
    throw new Unparseable(`${JSON.stringify(text)} is no device number: ${shown(row)}`);
  return text;
}

/** `525400990110` or `52:54:00:99:01:10`, lower case with colons. */
export function macAddress(text: string): string {
  const digits = text.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(digits)) throw new Unparseable(`${JSON.stringify(text)} is no MAC address`);
  return digits.replace(/(..)(?=.)/g, "$1:");
}

/** `e0.1` or `0.1` */
export function target(text: string): { shelf: number; slot: number } {
  const groups = /^e?(?<shelf>[0-9]{1,5})\.(?<slot>[0-9]{1,5})$/.exec(text)?.groups;
  if (groups === undefined) throw new Unparseable(`${JSON.stringify(text)} is no shelf.slot`);
  return { shelf: Number(groups.shelf), slot: Number(groups.slot) };
}

/** Words between blanks or commas. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function shown(row: readonly string[]): string {
  return JSON.stringify(row.join("\t").slice(0, 200));
}
