import { connect } from "../cluster/connect.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { readWorld } from "../cluster/read-world.ts";
import type { Command } from "../command.ts";
import { type Paint, paintFor } from "../paint.ts";
import { typed } from "../parse-options.ts";
import { type Branch, drawTree } from "../tree.ts";
import { countOf, type Place, topologyOf } from "./tree.ts";

/** `xensan topology`: the rack as a tree. */
export const topology: Command = {
  name: "topology",
  description:
    "Prints what carries what: SAN, volume, file system, host, domain, each with whether it is ready. A host stands under every file system it mounts; a domain under the host it runs on, or under its file system while it runs nowhere. What is carried by nothing comes last.",
  options: clusterOptions,
  async run(values, io) {
    const options = typed(clusterSchema, clusterOptions, values);
    await using connection = await connect(options, io);
    const world = await readWorld(connection);
    const places = topologyOf(world);
    const count = countOf(world);
    const { namespace } = world;
    if (options.output === "json")
      io.stdout.write(`${JSON.stringify({ namespace, ...count, places }, undefined, 2)}\n`);
    else if (count.objects === 0) io.stdout.write(`Nothing of xensan is in namespace ${namespace}.\n`);
    else io.stdout.write(topologyText(places, count, paintFor(io)));
    return 0;
  },
};

/** The tree for people. */
export function topologyText(
  places: readonly Place[],
  { objects, ready }: { readonly objects: number; readonly ready: number },
  paint: Paint,
): string {
  const lines = places.flatMap((place) => drawTree(branch(place, paint)));
  return `${[...lines, "", `${ready} of ${objects} ready`].join("\n")}\n`;
}

const marks = { True: "✔", False: "✘", Unknown: "?" };
const formats = { True: "green", False: "red", Unknown: "yellow" } as const;
const words: Readonly<Record<string, string>> = { FileSystem: "file system", Guest: "guest" };

function branch({ kind, name, state, reason, notes, children }: Place, paint: Paint): Branch {
  const mark = state === undefined ? "·" : paint(formats[state], marks[state]);
  const note = notes.length === 0 ? "" : paint("dim", `  ${notes.join(", ")}`);
  const why = reason === undefined || state === undefined ? "" : `  ${paint(formats[state], reason)}`;
  return {
    lines: [`${mark} ${words[kind] ?? kind} ${paint("bold", name)}${note}${why}`],
    children: children.map((child) => branch(child, paint)),
  };
}
