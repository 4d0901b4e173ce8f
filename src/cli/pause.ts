import { z } from "zod";
import { annotations, isSet } from "../api/common.ts";
import { annotate } from "./cluster/annotate.ts";
import { connect } from "./cluster/connect.ts";
import { objectArgument, qualifiedName } from "./cluster/named.ts";
import { clusterOptions, clusterSchema } from "./cluster/options.ts";
import { readNamed } from "./cluster/read-world.ts";
import type { Command } from "./command.ts";
import { typed } from "./parse-options.ts";

const schema = clusterSchema.extend({ object: z.string() });

/** `xensan pause KIND/NAME`: sets the annotation xensan.dev/paused. */
export const pause: Command = {
  name: "pause",
  description:
    "Sets the annotation xensan.dev/paused: xensan changes nothing on hosts for the object until xensan resume. Hosts are still probed, and the status is kept up to date. A step that has started on a host runs to its end.",
  arguments: [objectArgument],
  options: clusterOptions,
  run: (values, io) => set("paused", values, io),
};

/** `xensan resume KIND/NAME`: takes the annotation away. */
export const resume: Command = {
  name: "resume",
  description: "Removes the annotation xensan.dev/paused: xensan reconciles the object again.",
  arguments: [objectArgument],
  options: clusterOptions,
  run: (values, io) => set("resumed", values, io),
};

async function set(wish: "paused" | "resumed", ...[values, io]: Parameters<Command["run"]>): Promise<number> {
  const given = typed(schema, clusterOptions, values);
  const { kind, name } = qualifiedName(given.object);
  await using connection = await connect(given, io);
  const { namespace } = connection;
  const entity = await readNamed(connection, { kind, name });
  const was = isSet(entity.annotations[annotations.paused]);
  const paused = wish === "paused";
  const isAlready = was === paused;
  if (!isAlready) await annotate(connection, entity, annotations.paused, paused ? "true" : undefined);
  if (given.output === "json") io.stdout.write(`${JSON.stringify({ namespace, kind, name, paused }, undefined, 2)}\n`);
  else
    io.stdout.write(
      `${kind.toLowerCase()}/${name}: ${isAlready ? (paused ? "is paused already" : "is not paused") : wish}\n`,
    );
  return 0;
}
