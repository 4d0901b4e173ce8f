import type { z } from "zod";
import { annotations, isSet } from "../api/common.ts";
import { annotate } from "./cluster/annotate.ts";
import { type ClusterCall, clusterCommand } from "./cluster/cluster-command.ts";
import { objectArgument, objectSchema } from "./cluster/named.ts";
import { clusterOptions, clusterSchema } from "./cluster/options.ts";
import { readNamed } from "./cluster/read-world.ts";

const schema = clusterSchema.extend({ object: objectSchema });

/** `xensan pause KIND/NAME`: sets the annotation xensan.dev/paused. */
export const pause = clusterCommand({
  name: "pause",
  description:
    "Sets the annotation xensan.dev/paused: xensan changes nothing on hosts for the object until xensan resume. Hosts are still probed, and the status is kept up to date. A step that has started on a host is completed.",
  arguments: [objectArgument],
  options: clusterOptions,
  schema,
  run: (call) => set("paused", call),
});

/** `xensan resume KIND/NAME`: removes the annotation. */
export const resume = clusterCommand({
  name: "resume",
  description: "Removes the annotation xensan.dev/paused: xensan reconciles the object again.",
  arguments: [objectArgument],
  options: clusterOptions,
  schema,
  run: (call) => set("resumed", call),
});

async function set(
  wish: "paused" | "resumed",
  { given, connection, io }: ClusterCall<z.output<typeof schema>>,
): Promise<number> {
  const { kind, name } = given.object;
  const { namespace } = connection;
  const entity = await readNamed(connection, { kind, name });
  const was = isSet(entity.annotations[annotations.paused]);
  const paused = wish === "paused";
  const isAlready = was === paused;
  if (!isAlready) await annotate(connection, entity, annotations.paused, paused ? "true" : undefined);
  if (given.output === "json") io.stdout.write(`${JSON.stringify({ namespace, kind, name, paused }, undefined, 2)}\n`);
  else
    io.stdout.write(
      `${kind.toLowerCase()}/${name}: ${isAlready ? (paused ? "is already paused" : "is not paused") : wish}\n`,
    );
  return 0;
}
