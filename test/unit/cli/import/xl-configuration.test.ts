import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseXlConfiguration } from "../../../../src/cli/import/xl-configuration.ts";

const read = (text: string) => {
  const { settings, unread } = parseXlConfiguration(text);
  return {
    settings: Object.fromEntries([...settings].map(([name, { value }]) => [name, value])),
    unread: unread.map(({ line, why }) => `${line}: ${why}`),
  };
};

describe("a file of xl.cfg", () => {
  it.each([
    ['name = "vm"', { name: "vm" }],
    ["name='vm' # of mine", { name: "vm" }],
    ["  memory\t=  512  ; vcpus=2;", { memory: 512, vcpus: 2 }],
    ["a = 0x10\nb = 007", { a: 16, b: 7 }],
    ['extra = "a=\\"b\\" \\\\ c\\x41\\101"', { extra: 'a="b" \\ cAA' }],
    ["disk = []", { disk: [] }],
    ["disk = [ 'a,b', \"c\" ]", { disk: ["a,b", "c"] }],
    ["disk = [ 'a',   # one\n\n  'b',\n]\nvif = ['']", { disk: ["a", "b"], vif: [""] }],
    ["disk = [ 'a' ]\ndisk += [ 'b' ]", { disk: ["a", "b"] }],
    ["nested = [ [ 1, 'x' ], [] ]", { nested: [[1, "x"], []] }],
    ["a = \\\n 1\r\nb = 2\r\n", { a: 1, b: 2 }],
    ["name = 'one'\nname = 'two'", { name: "two" }],
    ["# only a comment", {}],
    ["", {}],
  ])("%j is read", (text, settings) => {
    expect(read(text)).toEqual({ settings, unread: [] });
  });

  it.each([
    ["name = vm", "1: its value is not a string, a number or a list"],
    ["memory = 1.5", "1: its value is not a string, a number or a list"],
    ["memory = 2*512", "1: the value is followed by more text"],
    ["memory = 99999999999999999999", "1: its number is too large"],
    ["name = 'vm", "1: its value is not a string, a number or a list"],
    ["disk = [ 'a' 'b' ]", "1: a list has no end, or two values have no comma between them"],
    ["disk = [ 'a',", "1: its value is not a string, a number or a list"],
    ["import os", "1: the name is not followed by ="],
    ["= 1", "1: it is not a setting"],
    ["a == 1", "1: the name is not followed by ="],
    ["a += 1", ""],
    ["a = 1; a += ['x']", "1: += is supported only for lists"],
    [`a = ${"[".repeat(9)}${"]".repeat(9)}`, "1: its lists are nested too deeply"],
  ])("%j is named with its line, and costs no other", (text, why) => {
    expect(read(`${text}\nafter = 1`)).toMatchObject({
      settings: { after: 1 },
      unread: why === "" ? [] : [why],
    });
  });

  it("of Python keeps what is plain, and takes nothing from code", () => {
    const text = `import os
name = "old"
def vnc():
    port = 5900
    return port

if os.path.exists("/x"):
  memory = 64
memory = 128
kernel = "/boot/vmlinuz-" + os.uname()[2]
`;
    expect(read(text)).toEqual({
      settings: { name: "old", memory: 128 },
      unread: [
        "1: the name is not followed by =",
        "3: the name is not followed by =",
        "4: it belongs to the code block above",
        "5: it belongs to the code block above",
        "7: the name is not followed by =",
        "8: it belongs to the code block above",
        "10: the value is followed by more text",
      ],
    });
  });

  it("gives the line on which each setting begins", () => {
    const { settings } = parseXlConfiguration("\n\ndisk = [\n'a',\n]\n\nname = 'x'");
    expect([...settings].map(([name, { line }]) => [name, line])).toEqual([
      ["disk", 3],
      ["name", 7],
    ]);
  });

  it("of any other kind never throws", () => {
    const pieces = fc.constantFrom("a", "=", "[", "]", "'", '"', ",", "\n", "#", "\\", ";", " ", "1", "+=", "if", "\0");
    const text = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(""));
    const { failed } = fc.check(fc.property(text, (any) => parseXlConfiguration(any).settings instanceof Map));
    expect(failed).toBe(false);
  });
});
