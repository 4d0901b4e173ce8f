import { renderMermaidSVG } from "beautiful-mermaid";

/** The colours of the theme, which are others at night. */
const colours = {
  bg: "var(--vp-c-bg)",
  fg: "var(--vp-c-text-1)",
  line: "var(--vp-c-text-3)",
  accent: "var(--vp-c-text-2)",
  muted: "var(--vp-c-text-2)",
  surface: "var(--vp-c-bg-soft)",
  border: "var(--vp-c-border)",
};

/**
 * A Mermaid diagram as SVG, when the site is built: a page needs no script for it, and the build no browser. The style sheet of
 * the SVG loads a font from another host; it stays out, and the theme has the rules.
 */
export const diagram = (mermaid: string): string =>
  `<figure class="diagram" v-pre>${renderMermaidSVG(mermaid, { ...colours, transparent: true, padding: 8 })
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replaceAll(/\n\s*/g, "")}</figure>\n`;
