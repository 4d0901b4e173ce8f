/**
 * A copy of at most so many characters of a text. A part of a string (`slice`, `split`) keeps the whole string in memory
 * for as long as the part is used; a copy does not.
 */
export function ownText(text: string, longest: number): string {
  return Buffer.from(text.slice(0, longest), "utf16le").toString("utf16le");
}
