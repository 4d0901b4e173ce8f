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

it("messages and how-to pages are in plain English", () => {
  const code = ["api", "cli", "controllers", "ssh", "runtime"].flatMap((name) => files(`src/${name}`, /\.ts$/));
  const found = [
    ...code,
    "README.md",
    ...["how-to", "tutorial", "explanation"].flatMap((name) => files(`docs/${name}`, /\.md$/)),
  ].flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .map((line) => (file.endsWith(".ts") ? textsOf(line) : line))
      .filter((text) => phrases.test(text))
      .map((text) => `${file}: ${text.trim()}`),
  );
  expect(found).toEqual([]);
});
