import { type Graph, kindText, markOf, type Node } from "./graph.ts";

/** The graph as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html), as forges render it in Markdown. */
export function mermaidText({ nodes, edges }: Graph): string {
  return [
    "flowchart LR",
    ...nodes.map((node) => `  ${node.id}["${label(node)}"]:::${classOf(node)}`),
    ...edges.map(({ from, to, label: text }) => {
      const said = text === undefined ? "" : `|"${escaped(text)}"|`;
      return `  ${from.id} -->${said} ${to.id}`;
    }),
    "  classDef ready fill:#d7f0dd,stroke:#2b7a3f,color:#10331b",
    "  classDef failed fill:#f9d6d5,stroke:#a8322d,color:#4a1210",
    "  classDef unknown fill:#fbeec2,stroke:#8a6d1a,color:#3d2f05",
    "  classDef plain fill:#eeeeee,stroke:#777777,color:#222222",
    "",
  ].join("\n");
}

const classes = { True: "ready", False: "failed", Unknown: "unknown" };
const classOf = ({ state }: Node): string => (state === undefined ? "plain" : classes[state]);
const label = ({ kind, name, state, details }: Node): string =>
  [`${markOf(state)} ${name}`, kindText(kind), ...details].map(escaped).join("<br>");

/**
 * Escapes, as entity codes of Mermaid, characters that could end a label or be read as markup; puts the label on one
 * line.
 */
const escaped = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll(/["#<>&;`|[\]]/g, (sign) => `#${sign.codePointAt(0)};`);
