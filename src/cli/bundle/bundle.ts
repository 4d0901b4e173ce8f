import { kind } from "kubernetes-fluent-client";
import { z } from "zod";
import { systemClock } from "../../clock.ts";
import { checksOf } from "../check/check.ts";
import type { CheckResult } from "../check/result.ts";
import { clusterCommand } from "../cluster/cluster-command.ts";
import { type Connection, within } from "../cluster/connect.ts";
import { scopeOptions, scopeSchema } from "../cluster/options.ts";
import { list, listWhere, readObjects, worldsOf } from "../cluster/read-world.ts";
import type { Io, Option } from "../command.ts";
import { programVersion } from "../version.ts";
import { writeFiles } from "../write-files.ts";
import { filesOf } from "./files.ts";

const options: readonly Option[] = [
  ...scopeOptions.filter(({ name }) => name !== "output"),
  {
    name: "output",
    short: "o",
    placeholder: "DIRECTORY",
    accepts: "a directory that does not exist yet",
    help: "Directory for the files. Default: xensan-bundle-NAMESPACE-TIME, or xensan-bundle-all-TIME with --all-namespaces.",
  },
];
const schema = scopeSchema.extend({ output: z.string().min(1).optional() });

/** `xensan bundle`: collects the files for a fault report. */
export const bundle = clusterCommand({
  name: "bundle",
  description:
    "Writes files for a fault report: every object of the namespace with its status and plan, events, the operator's log, the causes for each object that is not ready, the checks of xensan check, and the rack as text and as an HTML page. Of Secrets, it reads only whether they exist, and it removes text that looks like a key, a token or a password. Objects that you may not read are left out and listed in summary.txt.",
  options,
  schema,
  async run({ given, connection, io }) {
    const time = new Date(systemClock.now()).toISOString();
    const files = await collect(connection, time, io);
    const directory = given.output ?? `xensan-bundle-${connection.scope ?? "all"}-${time.replaceAll(/[:.]/g, "-")}`;
    await writeFiles(directory, files, 0o600);
    io.stdout.write(`${directory}: ${files.size} files\n`);
    return 0;
  },
});

async function collect(connection: Connection, time: string, io: Io): Promise<ReadonlyMap<string, string>> {
  const gaps: string[] = [];
  const attempt = async <T>(what: string, otherwise: T, read: () => Promise<T>): Promise<T> => {
    io.stderr.write(`reading ${what}\n`);
    try {
      return await read();
    } catch (error) {
      if (io.signal.aborted) throw error;
      gaps.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    }
  };
  const objects = await readObjects(connection);
  const worlds = await worldsOf(connection, objects);
  const events = await attempt("events", [], async () =>
    (await Promise.all(worlds.map(({ namespace }) => list(within(connection, namespace), kind.Event)))).flat(),
  );
  const checks: CheckResult[] = [];
  await attempt("checks", undefined, async () => {
    for await (const one of checksOf(connection, false, io)) checks.push(one);
  });
  const logs = await attempt<ReadonlyMap<string, readonly string[]>>("logs", new Map(), () => operatorLogs(connection));
  return filesOf({
    version: programVersion(),
    ...{ time, worlds, objects, events, checks, logs, gaps },
    scope: connection.scope,
  });
}

const namedSchema = z.object({ metadata: z.object({ name: z.string(), namespace: z.string() }) });
const deploymentSchema = namedSchema.extend({
  spec: z.object({ selector: z.object({ matchLabels: z.record(z.string(), z.string()) }) }),
});

/** The log of every operator of the cluster, by `NAMESPACE-DEPLOYMENT`, each line prefixed with its Pod. */
async function operatorLogs(connection: Connection): Promise<ReadonlyMap<string, readonly string[]>> {
  const logs = new Map<string, readonly string[]>();
  const labels = { "app.kubernetes.io/name": "xensan" };
  const found = await listWhere(connection, "reading Deployments of all namespaces", kind.Deployment, { labels });
  for (const { metadata, spec } of found.map((one) => deploymentSchema.parse(one))) {
    const { name, namespace } = metadata;
    const doing = `reading the log of Deployment ${name} of namespace ${namespace}`;
    const pods = await listWhere(connection, doing, kind.Pod, { namespace, labels: spec.selector.matchLabels });
    const lines = pods.map(async (pod) => {
      const of = namedSchema.parse(pod).metadata;
      const text = String(await connection.ask(doing, () => connection.requests.logs(kind.Pod, of)));
      return text.split("\n").flatMap((line) => (line === "" ? [] : [`[pod/${of.name}] ${line}`]));
    });
    logs.set(`${namespace}-${name}`, (await Promise.all(lines)).flat());
  }
  return logs;
}
