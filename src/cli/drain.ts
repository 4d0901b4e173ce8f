import { z } from "zod";
import { XenHost } from "../api/fluent.ts";
import { clusterCommand } from "./cluster/cluster-command.ts";
import { pick } from "./cluster/named.ts";
import { clusterOptions, clusterSchema } from "./cluster/options.ts";
import { patch } from "./cluster/patch.ts";
import { list } from "./cluster/read-world.ts";
import { waitOptions, waitSchema } from "./cluster/wait-options.ts";
import { awaited } from "./cluster/watch-object.ts";
import type { Option } from "./command.ts";
import { type Host, readHost } from "./entity.ts";

const options: readonly Option[] = [
  {
    name: "undo",
    help: "Makes the host available for domains again; migrations that this drain created and that have not begun are deleted.",
  },
  ...waitOptions,
  ...clusterOptions,
];
const schema = clusterSchema.extend(waitSchema.shape).extend({ host: z.string(), undo: z.boolean() });

/** `xensan drain HOST`: sets `spec.maintenance` to Drain, or with `--undo` to None. */
export const drain = clusterCommand({
  name: "drain",
  description:
    "Sets spec.maintenance of a XenHost to Drain: no new domain is started on it or moved to it, and the operator moves the running domains away. With --wait, it prints the remaining domains until no domain is on the host. With --undo it sets spec.maintenance to None.",
  exitCodes: {
    0: "spec.maintenance is set; with --wait, the host has no domains, or, with --undo, the drain has ended",
    1: "failed, or with --wait, --wait-timeout has passed",
    130: "interrupted; spec.maintenance may have been set and then stays",
  },
  arguments: [{ name: "host", placeholder: "HOST", help: "The XenHost.", completes: ["XenHost"] }],
  options,
  schema,
  async run({ given, connection, io }) {
    const { namespace } = connection;
    const hosts = (await list(connection, XenHost)).map(readHost);
    const { name } = pick(hosts, "XenHost", given.host, namespace);
    const maintenance = given.undo ? "None" : "Drain";
    const changed = readHost(
      await patch(connection, XenHost, name, [{ op: "add", path: "/spec/maintenance", value: maintenance }]),
    );
    await awaited(given, io, {
      ...{ connection, model: XenHost, name, parse: readHost, changed },
      done: `xenhost/${name}: maintenance is ${maintenance}`,
      news: (host) => drainNews(host, maintenance),
      over: (host) => drainOver(host, maintenance),
      summary: (host) => {
        const { status, reason, message } = drained(host) ?? {};
        return { namespace, name, maintenance, drained: status, reason, message };
      },
      open: given.undo ? `the drain of ${name} has not ended` : `${name} is not drained`,
    });
    return 0;
  },
});

/** The condition Drained, if it is about the current spec. */
function drained({ conditions, generation }: Host): Host["conditions"][number] | undefined {
  return conditions.find(({ type, observedGeneration }) => type === "Drained" && observedGeneration === generation);
}

/** What keeps a host from being empty, in the operator's words. */
export function drainNews(host: Host, maintenance: "None" | "Drain"): readonly string[] {
  const condition = drained(host);
  if (condition === undefined || (maintenance === "None" && condition.reason !== "NotDraining")) return [];
  return [`${condition.reason}: ${condition.message}`];
}

/** Whether the host's status says that it is drained, or, for `None`, that its drain has ended. */
export function drainOver(host: Host, maintenance: "None" | "Drain"): boolean {
  const condition = drained(host);
  return maintenance === "Drain" ? condition?.status === "True" : condition?.reason === "NotDraining";
}
