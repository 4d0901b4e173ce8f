import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
/** Phrases that hide the subject or are not native English; status messages and docs name who, what and why instead. */
const phrases =
  /nobody (can tell|knows|declared)|let(s|ting)? go of|in its hands|another hand|once more\b|come to its end|takes? the place of/i;

const files = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));

/** Text in quotes or backquotes, one per line of code; comments are left out. */
const textsOf = (line: string): string => (/^\s*(\*|\/[/*])/.test(line) ? "" : (line.match(/["`].*["`]/)?.[0] ?? ""));

/** The phrases that comments must not contain either. */
const inComments = /nobody (can tell|knows)|let(s|ting)? go of|in its hands|once more\b/i;

const linesWith = (file: string, phrase: RegExp, text: (line: string) => string = (line) => line): string[] =>
  readFileSync(join(root, file), "utf8")
    .split("\n")
    .map(text)
    .filter((line) => phrase.test(line))
    .map((line) => `${file}: ${line.trim()}`);

it("messages and how-to pages are in plain English", () => {
  const code = ["api", "cli", "controllers", "ssh", "runtime"].flatMap((name) => files(`src/${name}`, /\.ts$/));
  const docs = ["how-to", "tutorial", "explanation", "decisions"].flatMap((name) => files(`docs/${name}`, /\.md$/));
  const found = [
    ...code.flatMap((file) => linesWith(file, phrases, textsOf)),
    ...["README.md", "CONTRIBUTING.md", "SECURITY.md", ...docs].flatMap((file) => linesWith(file, phrases)),
  ];
  expect(found).toEqual([]);
});

it("comments are in plain English", () => {
  const comment = (line: string) => (/^\s*(\*|\/[/*]|#)/.test(line) ? line : "");
  const found = [...files("src", /\.(ts|sh)$/), "helm/xensan/values.yaml"].flatMap((file) =>
    linesWith(file, inComments, comment),
  );
  expect(found).toEqual([]);
});
