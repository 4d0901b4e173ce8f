import { describe, expect, it } from "vitest";
import { commands } from "../../../../src/cli/commands.ts";
import { suggest } from "../../../../src/cli/completion/suggest.ts";

describe("completion", () => {
  it.each<[string[], object]>([
    [["mi"], { words: ["migrate"] }],
    [["bananas", ""], { words: [] }],
    [["help", "mi"], { words: ["migrate"] }],
    [["help", "migrate", ""], { words: [] }],
    [["drain", ""], { words: [], objects: { kinds: ["XenHost"], qualified: false } }],
    [["drain", "bella", ""], { words: [] }],
    [["migrate", "-n", "san", ""], { words: [], objects: { kinds: ["XenDomain"], qualified: false } }],
    [["migrate", "vm", "--to", "b"], { words: [], objects: { kinds: ["XenHost"], qualified: false } }],
    [["migrate", "vm", "--mode", "o"], { words: ["offline"] }],
    [["migrate", "vm", "--wait", "--wa"], { words: ["--wait-timeout"] }],
    [["why", "-A", "--n"], { words: [] }],
    [["plan", "-f", ""], { words: [], files: true }],
    [["topology", "-o", ""], { words: ["text", "json", "html", "mermaid", "dot"] }],
    [["completion", "z"], { words: ["zsh"] }],
  ])("of %j", async (words, expected) => {
    expect(await suggest(commands, words)).toEqual(expected);
  });

  it("offers of an object its kind and name", async () => {
    expect(await suggest(commands, ["why", "xenh"])).toMatchObject({ objects: { qualified: true } });
  });
});
