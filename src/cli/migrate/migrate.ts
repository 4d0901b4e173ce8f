import { randomInt } from "node:crypto";
import { z } from "zod";
import { XenMigration } from "../../api/fluent.ts";
import type { XenMigrationSpec } from "../../api/xen-migration.ts";
import { isTaken } from "../cluster/api-error.ts";
import { clusterCommand } from "../cluster/cluster-command.ts";
import type { Connection } from "../cluster/connect.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { readWorld } from "../cluster/read-world.ts";
import { waitOptions, waitSchema } from "../cluster/wait-options.ts";
import { awaited } from "../cluster/watch-object.ts";
import type { Option } from "../command.ts";
import { type Migration, readMigration, summaryOf } from "../entity.ts";
import { wholeNumber } from "../whole-number.ts";
import { isUnderWay } from "../why/depends.ts";
import { migrationRequest } from "./request.ts";

const options: readonly Option[] = [
  {
    name: "to",
    placeholder: "HOST",
    help: "The target XenHost. Default: chosen by the operator.",
    completes: ["XenHost"],
  },
  {
    name: "from",
    placeholder: "HOST",
    help: "The source XenHost. Default: determined by the operator.",
    completes: ["XenHost"],
  },
  {
    name: "mode",
    placeholder: "live|offline",
    fallback: "live",
    accepts: "live or offline",
    help: "offline: the domain is stopped for the transfer.",
  },
  {
    name: "timeout",
    placeholder: "SECONDS",
    fallback: "3600",
    accepts: "a whole number from 30 to 86400",
    help: "Time after which the operator aborts the migration if that is still safe.",
  },
  ...waitOptions,
  ...clusterOptions,
];
const schema = clusterSchema.extend(waitSchema.shape).extend({
  domain: z.string(),
  to: z.string().optional(),
  from: z.string().optional(),
  mode: z.enum(["live", "offline"]),
  timeout: wholeNumber(30, 86_400),
});

/** `xensan migrate DOMAIN`: creates a XenMigration and follows it. */
export const migrate = clusterCommand({
  name: "migrate",
  description:
    "Creates a XenMigration, which the operator checks, queues and carries out. With --wait, it prints the progress. Interrupting the command does not stop the migration; use xensan abort.",
  exitCodes: {
    0: "created; with --wait, the migration succeeded",
    1: "failed; with --wait, the migration did not succeed, or --wait-timeout has passed",
    130: "interrupted; a migration that has been created continues",
  },
  arguments: [
    {
      name: "domain",
      placeholder: "DOMAIN",
      help: "A XenDomain, or the Xen name or UUID of a domain without a XenDomain.",
      completes: ["XenDomain"],
    },
  ],
  options,
  schema,
  async run({ given, connection, io }) {
    const { prefix, spec, warnings } = migrationRequest(
      {
        ...{ domain: given.domain, to: given.to, from: given.from, timeoutSeconds: given.timeout },
        mode: given.mode === "live" ? "Live" : "Offline",
      },
      await readWorld(connection),
    );
    for (const warning of warnings) io.stderr.write(`Warning: ${warning}\n`);
    const { namespace } = connection;
    const created = await create(connection, nameFrom(prefix), spec);
    const last = await awaited(given, io, {
      ...{ connection, model: XenMigration, name: created.name, parse: readMigration, changed: created },
      done: `xenmigration/${created.name} created in namespace ${namespace}`,
      news: migrationNews,
      over: (one) => !isUnderWay(one),
      summary,
      open: `the outcome of ${created.name} is unknown`,
    });
    return given.wait && summaryOf(last).state !== "True" ? 1 : 0;
  },
});

/**
 * Creates the object under a name of our own, so that a create without an answer can be repeated: it does not create a
 * second object, and if the first create did take effect, the server reports that the name is taken.
 */
async function create(connection: Connection, name: string, spec: XenMigrationSpec): Promise<Migration> {
  const { namespace, requests } = connection;
  let attempts = 0;
  const object = await connection.ask(
    `creating XenMigration ${name}`,
    async () => {
      attempts += 1;
      try {
        return await requests.create(XenMigration, { metadata: { namespace, name }, spec });
      } catch (error) {
        if (attempts === 1 || !isTaken(error)) throw error;
        return await requests.get(XenMigration, { namespace, name });
      }
    },
    { check: `kubectl -n ${namespace} get xenmigration ${name}` },
  );
  return readMigration(object);
}

/**
 * Completes a name, as Kubernetes does for `generateName`: at most 58 characters, then five from letters that form no
 * words.
 */
function nameFrom(prefix: string): string {
  const characters = "bcdfghjklmnpqrstvwxz2456789";
  return prefix.slice(0, 58) + Array.from({ length: 5 }, () => characters[randomInt(characters.length)]).join("");
}

/** Lines about a migration: its transitions, what it waits for, how it ended. */
export function migrationNews(one: Migration): readonly string[] {
  const { state, reason, message } = summaryOf(one);
  const admitted = one.conditions.find(({ type }) => type === "Admitted");
  const waiting = admitted !== undefined && admitted.status !== "True" && admitted.reason !== "Pending";
  const history = one.status?.history ?? [];
  return [
    ...history.map((step) => `${step.time}  ${step.reason}${step.message === undefined ? "" : `: ${step.message}`}`),
    ...(waiting && state === "Unknown" ? [`waits, ${admitted.reason}: ${admitted.message}`] : []),
    ...(state === "Unknown" ? [] : [`${state === "True" ? "done" : "failed"}, ${reason}: ${message}`]),
  ];
}

function summary(one: Migration): object {
  const { state, reason, message } = summaryOf(one);
  const { sourceHostRef, targetHostRef, startTime, completionTime } = one.status ?? {};
  return {
    ...{ namespace: one.namespace, name: one.name, succeeded: state, reason, message },
    source: sourceHostRef?.name,
    target: targetHostRef?.name,
    startTime,
    completionTime,
  };
}
