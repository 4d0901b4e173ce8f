import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable, printableLines } from "../../src/printable.ts";

/** Characters that must not be in a status: a terminal or a YAML parser acts upon them. */
const acts = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]/u;

describe("foreign text", () => {
  it.each([
    ["colours and titles of a terminal", "\u001b]0;pwned\u0007\u001b[31mFINE", "␛]0;pwned␇␛[31mFINE"],
    ["C1, which ends a YAML document's patience", "a\u009b31m", "a\ufffd31m"],
    ["text that reads backwards", "txt.\u202eexe", "txt.\ufffdexe"],
    ["letters that nobody sees", "ve\u200bry\ufeff", "ve\ufffdry\ufffd"],
    ["half a character", "a\ud83db", "a\ufffdb"],
    ["a tab and a newline", "a\tb\n", "a␉b␊"],
    ["what people write", "Grüße, 世界 🖥", "Grüße, 世界 🖥"],
  ])("is shown, never obeyed: %s", (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("keeps the tabs and newlines that separate rows", () => {
    expect(printableLines("a\tb\r\n\u009b")).toBe("a\tb␍\n\ufffd");
  });

  it("has nothing left that acts, whatever came, and is never longer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = printable(text);
        expect(acts.test(shown)).toBe(false);
        expect(shown.length).toBe(text.length);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });
});
