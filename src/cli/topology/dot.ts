import { type Graph, kindText, markOf, type Node } from "./graph.ts";

const fills = { True: "#d7f0dd", False: "#f9d6d5", Unknown: "#fbeec2" };

/** The graph in Graphviz's language (graphviz.org/doc/info/lang.html), left to right. */
export function dotText({ nodes, edges }: Graph, namespace: string | undefined): string {
  return [
    `digraph ${quoted(namespace ?? "all namespaces")} {`,
    "  rankdir=LR;",
    '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ...nodes.map((node) => `  ${node.id} [label=${quoted(label(node))}, fillcolor="${fillOf(node)}"];`),
    ...edges.map(({ from, to, label: text }) => {
      const said = text === undefined ? "" : ` [label=${quoted(text)}]`;
      return `  ${from.id} -> ${to.id}${said};`;
    }),
    "}",
    "",
  ].join("\n");
}

const fillOf = ({ state }: Node): string => (state === undefined ? "#eeeeee" : fills[state]);
const label = ({ kind, name, state, details }: Node): string =>
  [`${markOf(state)} ${name}`, kindText(kind), ...details].join("\n");

/** A quoted identifier: escapes quotes and backslashes, centres newlines. */
const quoted = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
