import { z } from "zod";
import { clusterCommand } from "../cluster/cluster-command.ts";
import { scopeOptions, scopeSchema } from "../cluster/options.ts";
import { readWorlds } from "../cluster/read-world.ts";
import { type Paint, paintFor } from "../paint.ts";
import { type Branch, drawTree } from "../tree.ts";
import { dotText } from "./dot.ts";
import { graphOf, kindText, markOf } from "./graph.ts";
import { htmlPage } from "./html.ts";
import { mermaidText } from "./mermaid.ts";
import { countOf, forestOf, nameOf, type TreeLine } from "./tree.ts";

const output = {
  name: "output",
  short: "o",
  placeholder: "text|json|html|mermaid|dot",
  fallback: "text",
  accepts: "text, json, html, mermaid or dot",
  help: "html is one self-contained page that can be zoomed and searched; mermaid and dot are input for drawing programs.",
};
const options = scopeOptions.map((option) => (option.name === "output" ? output : option));
const schema = scopeSchema.extend({ output: z.enum(["text", "json", "html", "mermaid", "dot"]) });
const draw = { html: htmlPage, mermaid: mermaidText, dot: dotText };

/** `xensan topology`: shows the rack as a tree or a picture. */
export const topology = clusterCommand({
  name: "topology",
  description:
    "Prints the tree of SANs, volumes, file systems, hosts and domains, each with its readiness. A host is listed under every file system that it mounts; a domain under the host on which it runs, or under its file system while it is not running. Objects without a place in the tree come last. With --output=html, mermaid or dot, the output is a picture in which each object appears once.",
  exitCodes: { 0: "done, whether or not all objects are ready" },
  options,
  schema,
  async run({ given, connection, io }) {
    const { scope } = connection;
    const worlds = await readWorlds(connection);
    const places = forestOf(worlds, scope);
    const count = countOf(worlds);
    if (given.output === "json")
      io.stdout.write(`${JSON.stringify({ namespace: scope, ...count, places }, undefined, 2)}\n`);
    else if (given.output !== "text") io.stdout.write(draw[given.output](graphOf(places), scope));
    else if (count.objects === 0)
      io.stdout.write(`No xensan objects in ${scope === undefined ? "any namespace" : `namespace ${scope}`}.\n`);
    else io.stdout.write(topologyText(places, count, paintFor(io)));
    return 0;
  },
});

/** The tree as text for people. */
export function topologyText(
  places: readonly TreeLine[],
  { objects, ready }: { readonly objects: number; readonly ready: number },
  paint: Paint,
): string {
  const lines = places.flatMap((place) => drawTree(branch(place, paint)));
  return `${[...lines, "", `${ready} of ${objects} ready`].join("\n")}\n`;
}

const formats = { True: "green", False: "red", Unknown: "yellow" } as const;

function branch(place: TreeLine, paint: Paint): Branch {
  const { kind, state, reason, via, notes, children } = place;
  const mark = state === undefined ? markOf(state) : paint(formats[state], markOf(state));
  const said = via === undefined ? notes : [via, ...notes];
  const note = said.length === 0 ? "" : paint("dim", `  ${said.join(", ")}`);
  const why = reason === undefined || state === undefined ? "" : `  ${paint(formats[state], reason)}`;
  return {
    lines: [`${mark} ${kindText(kind)} ${paint("bold", nameOf(place))}${note}${why}`],
    children: children.map((child) => branch(child, paint)),
  };
}
