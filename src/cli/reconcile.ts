import { annotations } from "../api/common.ts";
import { systemClock } from "../clock.ts";
import { annotate } from "./cluster/annotate.ts";
import { clusterCommand } from "./cluster/cluster-command.ts";
import { objectArgument, objectSchema } from "./cluster/named.ts";
import { clusterOptions, clusterSchema } from "./cluster/options.ts";
import { readNamed } from "./cluster/read-world.ts";

const schema = clusterSchema.extend({ object: objectSchema });

/** `xensan reconcile KIND/NAME`: sets the annotation xensan.dev/reconcile-at. */
export const reconcile = clusterCommand({
  name: "reconcile",
  description:
    "Sets the annotation xensan.dev/reconcile-at to the time: the operator probes the object's hosts now, retries steps that were waiting for a retry, and updates the status.",
  arguments: [objectArgument],
  options: clusterOptions,
  schema,
  async run({ given, connection, io }) {
    const { namespace } = connection;
    const { kind, name } = given.object;
    const entity = await readNamed(connection, { kind, name });
    const reconcileAt = new Date(systemClock.now()).toISOString();
    await annotate(connection, entity, annotations.reconcileAt, reconcileAt);
    if (given.output === "json")
      io.stdout.write(`${JSON.stringify({ namespace, kind, name, reconcileAt }, undefined, 2)}\n`);
    else io.stdout.write(`${kind.toLowerCase()}/${name}: reconciliation requested\n`);
    return 0;
  },
});
