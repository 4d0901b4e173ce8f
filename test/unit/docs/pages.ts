import { anchorOf, pageFiles, textOf } from "../../../docs/site/pages.ts";

/** A page of Markdown. */
export interface Page {
  /** Path relative to the top folder. */
  readonly file: string;
  readonly text: string;
  /** Code blocks, fenced or indented, with their language (empty when none is given). */
  readonly blocks: readonly { readonly language: string; readonly text: string }[];
  /** Code within a sentence. */
  readonly spans: readonly string[];
  /** Anchors that a link may name after #. */
  readonly anchors: ReadonlySet<string>;
}

/** Every page for users, except the changelog, which also uses former names. */
export const pages = (): readonly Page[] =>
  pageFiles()
    .filter((file) => file !== "CHANGELOG.md")
    .map(readPage);

function readPage(file: string): Page {
  const text = textOf(file);
  const fence = /^( *)```(\w*)\n([\s\S]*?)\n\1```$/gm;
  const fenced = [...text.matchAll(fence)].map(([, indent = "", language = "", block = ""]) => ({
    language,
    text: block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
  const prose = text.replaceAll(fence, "");
  const indented = prose
    .split(/\n(?! {4})/)
    .flatMap((part) => part.match(/(?<=^|\n) {4}.*(?:\n {4}.*)*/)?.[0] ?? [])
    .map((block) => ({ language: "", text: block.replaceAll(/^ {4,7}/gm, "") }));
  const lines = prose.replaceAll(/^ {4}.*$/gm, "");
  return {
    file,
    text,
    blocks: [...fenced, ...indented],
    spans: [...lines.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span.replaceAll(/\s+/g, " ")),
    anchors: new Set([...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading))),
  };
}

/** The commands of one program in the code of the pages, each as its words without the program's name. */
export const typedIn = (all: readonly Page[], program: string) =>
  all.flatMap(({ file, blocks }) =>
    blocks
      .filter(({ language }) => /^(|console|sh)$/.test(language))
      .flatMap(({ text }) => commandsIn(text))
      .filter(([name]) => name === program)
      .map(([, ...args]) => ({ file, args })),
  );

/** The words of each command in shell text, by the rules of quoting; substitutions and redirections stay as they are. */
function commandsIn(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .flatMap((line) => partsOf(line.replace(/^\$ /, "")));
}

function partsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  for (const [, single, double, escaped, end, comment, plain] of line.matchAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s*(?:\|\||&&|[|;])\s*|$)|\s+(#.*$)|(\s+|[^\s'"\\|;]+)/g,
  )) {
    if (comment !== undefined) break;
    if (end !== undefined || (plain !== undefined && /^\s+$/.test(plain))) {
      if (word !== undefined) commands.at(-1)?.push(word);
      word = undefined;
      if (end !== undefined) commands.push([]);
    } else word = (word ?? "") + (single ?? double ?? escaped ?? plain ?? "");
  }
  if (word !== undefined) commands.at(-1)?.push(word);
  return commands
    .map((words) => words.filter((one, index) => !/^[0-9]?[<>]/.test(one) && !/^[<>]$/.test(words[index - 1] ?? "")))
    .filter((words) => words.length > 0);
}
