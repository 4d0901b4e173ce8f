import { z } from "zod";
import { XenMigration } from "../../api/fluent.ts";
import { clusterCommand } from "../cluster/cluster-command.ts";
import { pick } from "../cluster/named.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { patch } from "../cluster/patch.ts";
import { list } from "../cluster/read-world.ts";
import { waitOptions, waitSchema } from "../cluster/wait-options.ts";
import { awaited } from "../cluster/watch-object.ts";
import { type Option, UsageError } from "../command.ts";
import { type Migration, readMigration, summaryOf } from "../entity.ts";
import { isUnderWay } from "../why/depends.ts";
import { migrationNews } from "./migrate.ts";

const options: readonly Option[] = [...waitOptions, ...clusterOptions];
const schema = clusterSchema.extend(waitSchema.shape).extend({ migration: z.string() });

/** `xensan abort MIGRATION`: sets `spec.abort` of a XenMigration. */
export const abort = clusterCommand({
  name: "abort",
  description:
    "Sets spec.abort of a XenMigration to Requested: the operator aborts the migration if this is still safe, and the domain stays on the source. After the target has permission to start the domain, or after an offline migration has recorded that the target starts it, the migration can no longer be aborted. With --wait, it prints the outcome.",
  exitCodes: {
    0: "requested; with --wait, the migration was aborted",
    1: "failed; with --wait, the migration ended without being aborted, or --wait-timeout has passed",
    2: "the command line is wrong, there is no such object, or the migration has already finished",
    130: "interrupted; a request that was made stays",
  },
  arguments: [{ name: "migration", placeholder: "MIGRATION", help: "The XenMigration.", completes: ["XenMigration"] }],
  options,
  schema,
  async run({ given, connection, io }) {
    const { namespace } = connection;
    const all = (await list(connection, XenMigration)).map(readMigration);
    const found = pick(all, "XenMigration", given.migration, namespace);
    const { name } = found;
    if (!isUnderWay(found)) {
      const { reason, message } = summaryOf(found);
      throw new UsageError(`xenmigration/${name} has finished (${reason}: ${message}): there is nothing to abort`);
    }
    const changed = readMigration(
      await patch(connection, XenMigration, name, [{ op: "add", path: "/spec/abort", value: "Requested" }]),
    );
    const last = await awaited(given, io, {
      ...{ connection, model: XenMigration, name, parse: readMigration, changed },
      done: `xenmigration/${name}: abort is Requested`,
      news: migrationNews,
      over: (one) => !isUnderWay(one),
      summary: (one) => {
        const { state, reason, message } = summaryOf(one);
        return { namespace, name, aborted: abortedOf(one), succeeded: state, reason, message };
      },
      open: `the outcome of ${name} is unknown`,
    });
    return given.wait && abortedOf(last) !== "True" ? 1 : 0;
  },
});

/** Status of its condition Aborted; Unknown without one. */
export function abortedOf({ conditions }: Migration): "True" | "False" | "Unknown" {
  return conditions.find(({ type }) => type === "Aborted")?.status ?? "Unknown";
}
