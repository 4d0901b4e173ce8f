import type { Plugin } from "vite";
import { defineConfig } from "vitepress";
import { copyLinkedFiles } from "../files.ts";
import { refuseForeign } from "../foreign.ts";
import { asOnAForge } from "../markdown.ts";
import { anchorOf } from "../pages.ts";
import { navigation, sidebar } from "../sidebar.ts";

/** No page may ask another host for anything: the browser sees to it. */
const policy =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/** Pages lie outside of this package: where they are rendered to HTML, Vue is not looked for beside them. */
const vueOfThisPackage: Plugin = {
  name: "vue-of-this-package",
  enforce: "pre",
  resolveId: (id, _importer, { ssr }) => (ssr === true && /^vue($|\/)/.test(id) ? { id, external: true } : null),
};

export default defineConfig({
  title: "xensan",
  description: "A Kubernetes operator for Xen dom0s on an ATA-over-Ethernet SAN",
  lang: "en",
  srcDir: "../..",
  srcExclude: ["!(docs|examples|helm)/**/*.md", "docs/site/**"],
  rewrites: (page) => page.replace(/README\.md$/, "index.md"),
  outDir: "dist",
  cacheDir: ".cache",
  head: [
    ["meta", { "http-equiv": "Content-Security-Policy", content: policy }],
    // Else the browser asks for /favicon.ico.
    ["link", { rel: "icon", href: "data:," }],
  ],
  markdown: {
    anchor: { slugify: anchorOf },
    attrs: { disable: true },
    emoji: { enabled: [] },
    config: asOnAForge,
  },
  themeConfig: {
    nav: navigation(),
    sidebar: sidebar(),
    outline: "deep",
    search: { provider: "local" },
  },
  vite: { plugins: [vueOfThisPackage] },
  buildEnd({ outDir }) {
    copyLinkedFiles(outDir);
    refuseForeign(outDir);
  },
});
