import { basename, dirname } from "node:path";
import { kindsOfPages, linksOf, pageFiles, pageOfFolder, textOf, titleOf } from "./pages.ts";

/** A page, or a group of pages that may have a page of its own. */
export interface Entry {
  readonly text: string;
  readonly link?: string;
  readonly collapsed?: boolean;
  readonly items?: Entry[];
}

/** Where the site shows a page: the README of a folder is the folder's index. */
export const addressOf = (file: string): string =>
  `/${file.replace(/(^|\/)README\.md$/, "$1").replace(/\.md$/, ".html")}`;

/** All pages, grouped as their folders are, under their first headings. */
export function sidebar(): Entry[] {
  const files = pageFiles();
  const kinds = Object.entries(kindsOfPages);
  const others = files.filter((file) => !kinds.some(([folder]) => file.startsWith(`docs/${folder}/`)));
  const entry = (file: string): Entry => ({ text: titleOf(file), link: addressOf(file) });
  const first = ["README.md", "docs/README.md"];
  return [
    ...first.map(entry),
    ...kinds.map(([folder, text]) => ({ text, collapsed: true, items: entriesOf(`docs/${folder}`, files) })),
    { text: "Project", collapsed: true, items: others.filter((file) => !first.includes(file)).map(entry) },
  ];
}

/** The kinds of pages: each leads to its first page. */
export const navigation = (): { text: string; link: string; activeMatch: string }[] =>
  Object.entries(kindsOfPages).map(([folder, text]) => ({
    text,
    link: addressOf(entryFile(`docs/${folder}`, pageFiles())),
    activeMatch: `^/docs/${folder}/`,
  }));

const entryFile = (folder: string, files: readonly string[]): string => {
  const [first] = inOrder(folder, files);
  if (first === undefined) throw new Error(`${folder} has no page`);
  return first;
};

function entriesOf(folder: string, files: readonly string[]): Entry[] {
  return inOrder(folder, files).map((file) =>
    dirname(file) === folder
      ? { text: titleOf(file), link: addressOf(file) }
      : {
          text: titleOf(file),
          link: addressOf(file),
          collapsed: true,
          items: entriesOf(dirname(file), files).filter(({ link }) => link !== addressOf(file)),
        },
  );
}

/** The pages of a folder and the README of each folder in it, in the order in which the indexes name them. */
function inOrder(folder: string, files: readonly string[]): readonly string[] {
  const own = pageOfFolder(folder);
  const named = ["docs/README.md", ...(own === undefined ? [] : [own])].flatMap((file) =>
    linksOf({ file, text: textOf(file) }).map(({ path }) => path),
  );
  const rank = (file: string) => (file === own ? -1 : named.includes(file) ? named.indexOf(file) : named.length);
  return files
    .filter((file) => dirname(file) === folder || (basename(file) === "README.md" && dirname(dirname(file)) === folder))
    .toSorted((one, other) => rank(one) - rank(other));
}
