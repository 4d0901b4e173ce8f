import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a browser would load from another host by itself, in HTML and CSS. A link that a reader follows is none. */
export const foreignIn = (text: string): readonly string[] =>
  [
    ...text.matchAll(
      /<(?!a\b)\w+ [^>]*\b(?:src|href)="?(?:https?:)?\/\/[^>]*>|(?:@import|url\()\s*["']?(?:https?:)?\/\/[^)]*/g,
    ),
  ].map(([what]) => what);

/** Fails when a page of the built site would load anything from another host. */
export function refuseForeign(site: string): void {
  const found = globSync("**/*.{html,css}", { cwd: site }).flatMap((file) =>
    foreignIn(readFileSync(join(site, file), "utf8")).map((what) => `${file}: ${what}`),
  );
  if (found.length > 0) throw new Error(`The site would load from other hosts:\n${found.join("\n")}`);
}
