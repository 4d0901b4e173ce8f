import { z } from "zod";
import { annotations } from "../api/common.ts";
import { XenHost } from "../api/fluent.ts";
import { annotate } from "./cluster/annotate.ts";
import { clusterCommand } from "./cluster/cluster-command.ts";
import { pick } from "./cluster/named.ts";
import { clusterOptions, clusterSchema } from "./cluster/options.ts";
import { list } from "./cluster/read-world.ts";
import { UsageError } from "./command.ts";
import { readHost } from "./entity.ts";

const schema = clusterSchema.extend({
  host: z.string(),
  boot: z.array(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, "must be the boot ID of a machine")).default([]),
});

/**
 * `xensan forget HOST`: records a person's confirmation that the host is dead or off, for the boot that was seen last and
 * for those that the person names.
 */
export const forget = clusterCommand({
  name: "forget",
  description:
    "Confirms that the machine of a XenHost is off, dead or removed: no domain or process of its last boot is still running. Its domains are then started on other hosts, and starts, migrations and mounts no longer wait for the host; the deletion of an Ocfs2Cluster still waits, because its configuration stays on that machine. The operator refuses the confirmation while another node sees the heartbeat of the machine. The confirmation ends when the machine answers again.",
  exitCodes: { 2: "the command line is wrong, there is no such object, or the host answers or was never reached" },
  arguments: [{ name: "host", placeholder: "HOST", help: "The XenHost.", completes: ["XenHost"] }],
  options: [
    {
      ...{ name: "boot", placeholder: "ID", repeat: true },
      help: "Another boot of the machine that has ended, too: one that xensan did not see, for instance because etcd was restored, and that the lock files of domains name. The message of LockedElsewhere has it.",
    },
    ...clusterOptions,
  ],
  schema,
  async run({ given, connection, io }) {
    const { namespace } = connection;
    const hosts = (await list(connection, XenHost)).map(readHost);
    const host = pick(hosts, "XenHost", given.host, namespace);
    const { name, conditions, status } = host;
    const bootID = status?.facts?.bootID;
    if (bootID === undefined) throw new UsageError(`xenhost/${name} was never reached: its boot ID is unknown`);
    if (conditions.some((one) => one.type === "Reachable" && one.status === "True"))
      throw new UsageError(`xenhost/${name} answers: switch the machine off first`);
    const [first, ...before] = (host.annotations[annotations.forget] ?? "").split(/\s+/);
    const boots = [...new Set([bootID, ...(first === bootID ? before : []), ...given.boot])].filter(
      (one) => one !== "",
    );
    await annotate(connection, host, annotations.forget, boots.join(" "));
    const [, ...otherBootIDs] = boots;
    const told = { namespace, name, bootID, ...(otherBootIDs.length === 0 ? {} : { otherBootIDs }) };
    const ended = otherBootIDs.length === 0 ? `boot ${bootID} has` : `boots ${boots.join(" and ")} have`;
    if (given.output === "json") io.stdout.write(`${JSON.stringify(told, undefined, 2)}\n`);
    else io.stdout.write(`xenhost/${name}: confirmed that ${ended} ended\n`);
    return 0;
  },
});
