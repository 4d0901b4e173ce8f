import type { MarkdownRenderer } from "vitepress";
import { diagram } from "./diagram.ts";
import { destinationOf } from "./links.ts";

/** Renders what a forge shows in a page and VitePress does not: diagrams, and links to folders and files of the repository. */
export function asOnAForge(markdown: MarkdownRenderer): void {
  const fence = markdown.renderer.rules.fence;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index];
    return token?.info === "mermaid" ? diagram(token.content) : (fence?.(tokens, index, ...rest) ?? "");
  };
  markdown.core.ruler.push("links", ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const target = token.type === "link_open" ? token.attrGet("href") : null;
      const destination = target === null ? undefined : destinationOf(env.relativePath, decodeURI(target));
      if (destination?.kind === "Page") token.attrSet("href", destination.href);
      // VitePress leaves a link with a target as it is.
      if (destination?.kind === "File") token.attrSet("target", "_blank");
      if (destination?.kind === "Repository") token.attrs = [];
    }
  });
}
