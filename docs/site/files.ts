import { cpSync } from "node:fs";
import { join } from "node:path";
import { destinationOf } from "./links.ts";
import { linksOf, pageFiles, root, textOf } from "./pages.ts";

/** Puts the files that pages link to beside the pages of the built site. */
export function copyLinkedFiles(site: string): void {
  for (const file of pageFiles())
    for (const { target } of linksOf({ file, text: textOf(file) })) {
      const destination = destinationOf(file, target);
      if (destination?.kind === "File") cpSync(join(root, destination.path), join(site, destination.path));
    }
}
