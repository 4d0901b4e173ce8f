import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The top folder of the repository. */
export const root = join(import.meta.dirname, "../..");

/** The kinds of pages, each a folder of docs with its name for people, in the order of a reader. */
export const kindsOfPages = {
  tutorial: "Tutorial",
  "how-to": "How-to",
  reference: "Reference",
  explanation: "Explanation",
  decisions: "Decisions",
} as const;

/** Every page that a person reads, relative to the top folder. */
export const pageFiles = (): readonly string[] => [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md", "helm/xensan/README.md"],
  "docs/README.md",
  ...Object.keys(kindsOfPages).flatMap((folder) =>
    readdirSync(join(root, "docs", folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .toSorted()
      .map((name) => join("docs", folder, name)),
  ),
];

/** What stands in a page. */
export const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

/** The first heading of a page, without marks. */
export const titleOf = (file: string): string => (/^# (.+)$/m.exec(textOf(file))?.[1] ?? file).replaceAll("`", "");

/** The anchor of a heading, as GitHub makes it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

/** A link to a file of the repository. */
export interface Link {
  /** As it is written. */
  readonly target: string;
  /** Relative to the top folder. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** What a link in a page means; undefined when it leads to another host. */
export function linkOf(file: string, target: string): Link | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  return { target, path: path === "" ? file : relative(root, join(root, dirname(file), path)), anchor };
}

/** The links of a page to files of the repository. */
export const linksOf = ({ file, text }: { readonly file: string; readonly text: string }): readonly Link[] =>
  [...text.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].flatMap(
    ([, target = ""]) => linkOf(file, target) ?? [],
  );

/** The page of a folder, where it has one. */
export const pageOfFolder = (folder: string): string | undefined =>
  existsSync(join(root, folder, "README.md")) ? join(folder, "README.md") : undefined;
