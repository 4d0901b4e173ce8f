import { type Edge, type Graph, kindText, markOf, type Node } from "./graph.ts";
import { script, style } from "./page.ts";

/** Pixels of the picture at its natural size. */
const box = { width: 240, height: 56 };
const gap = { column: 72, row: 18 };
const margin = 24;
const head = 30;

const columns: readonly { readonly title: string; readonly kinds: readonly Node["kind"][] }[] = [
  { title: "SAN", kinds: ["AoeServer"] },
  { title: "Volumes", kinds: ["AoeVolume"] },
  { title: "File systems", kinds: ["FileSystem", "Ocfs2Cluster"] },
  { title: "Hosts", kinds: ["XenHost"] },
  { title: "Domains", kinds: ["XenDomain", "Guest", "XenMigration"] },
];

interface Placed {
  readonly node: Node;
  readonly x: number;
  readonly y: number;
}

/**
 * One page with the whole rack: a column per layer, carriers to the left of what they carry. It loads nothing, and
 * follows the reader's choice of light or dark; `#bella` at the end of its address searches for bella.
 */
export function htmlPage({ nodes, edges }: Graph, namespace: string | undefined): string {
  const placed = place(nodes);
  const placeOf = new Map(placed.map((one) => [one.node, one]));
  const rows = Math.max(1, ...columns.map(({ kinds }) => nodes.filter(({ kind }) => kinds.includes(kind)).length));
  const width = columnX(columns.length - 1) + box.width + margin;
  const height = margin + head + rows * (box.height + gap.row) + margin;
  const title = namespace === undefined ? "All namespaces" : `Namespace ${namespace}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p>${summary(nodes)}</p>
<input type="search" id="search" placeholder="Search names, kinds, reasons" aria-label="Search">
<output id="found" for="search"></output>
<div role="group" aria-label="Zoom"><button id="in" title="Zoom in">+</button><button id="out" title="Zoom out">−</button><button id="whole">Whole rack</button></div>
</header>
<main>
<svg id="rack" viewBox="0 0 ${width} ${height}" data-width="${width}" data-height="${height}" role="group" aria-label="${escaped(title)}">
${columns.map(({ title: text }, index) => `<text class="column" x="${columnX(index)}" y="${margin + 10}">${text}</text>`).join("\n")}
${edges.map((edge) => drawEdge(edge, placeOf)).join("\n")}
${placed.map(drawNode).join("\n")}
</svg>
</main>
<script>${script}</script>
</body>
</html>
`;
}

const columnX = (index: number) => margin + index * (box.width + gap.column);

function place(nodes: readonly Node[]): readonly Placed[] {
  return columns.flatMap(({ kinds }, column) =>
    nodes
      .filter(({ kind }) => kinds.includes(kind))
      .map((node, row) => ({
        node,
        x: columnX(column),
        y: margin + head + row * (box.height + gap.row),
      })),
  );
}

function drawNode({ node, x, y }: Placed): string {
  const { id, kind, name, state, details } = node;
  const full = [`${kindText(kind)} ${name}`, ...details].join(", ");
  const second = [kindText(kind), ...details].join(" · ");
  const text = (size: number, line: string) => escaped(line.length > size ? `${line.slice(0, size - 1)}…` : line);
  return `<g class="node ${state ?? "None"}" id="${id}" tabindex="0" data-text="${escaped(full.toLowerCase())}" transform="translate(${x} ${y})"><title>${escaped(full)}</title><rect width="${box.width}" height="${box.height}" rx="8"/><text class="mark" x="12" y="24">${markOf(state)}</text><text class="name" x="30" y="24">${text(23, name)}</text><text class="details" x="12" y="43">${text(35, second)}</text></g>`;
}

function drawEdge({ from, to, label }: Edge, placeOf: ReadonlyMap<Node, Placed>): string {
  const start = placeOf.get(from);
  const end = placeOf.get(to);
  if (start === undefined || end === undefined) return "";
  const [x1, y1] = [start.x + box.width, start.y + box.height / 2];
  const [x2, y2] = [end.x, end.y + box.height / 2];
  const bend = (x2 - x1) / 2;
  const title = label === undefined ? "" : `<title>${escaped(label)}</title>`;
  return `<path class="edge" data-from="${from.id}" data-to="${to.id}" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}">${title}</path>`;
}

function summary(nodes: readonly Node[]): string {
  const judged = nodes.filter(({ state }) => state !== undefined);
  const ready = judged.filter(({ state }) => state === "True").length;
  return `${ready} of ${judged.length} ready`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign);
