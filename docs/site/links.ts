import { statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { linkOf, pageFiles, pageOfFolder, root } from "./pages.ts";

/** Where a link leads on the site. */
export type Destination =
  /** A page of the site, relative to the page with the link. */
  | { readonly kind: "Page"; readonly href: string }
  /** A file that the site carries beside its pages. */
  | { readonly kind: "File"; readonly path: string }
  /** What only the repository shows. */
  | { readonly kind: "Repository" };

/** Where a link of a page leads on the site; undefined when it stays on the page or leads to another host. */
export function destinationOf(page: string, target: string): Destination | undefined {
  const link = target.startsWith("#") ? undefined : linkOf(page, target);
  if (link === undefined) return undefined;
  const files = pageFiles();
  const to = (file: string): Destination => ({
    kind: "Page",
    href:
      relative(dirname(page), file).replace(/README\.md$/, "index.md") +
      (link.anchor === undefined ? "" : `#${link.anchor}`),
  });
  if (files.includes(link.path)) return to(link.path);
  if (statSync(join(root, link.path)).isFile()) return { kind: "File", path: link.path };
  const index = pageOfFolder(link.path) ?? pageOfFolder(dirname(link.path));
  return index !== undefined && index !== "README.md" && files.includes(index) ? to(index) : { kind: "Repository" };
}
