import { z } from "zod";
import { AoeServer, XenHost } from "../../api/fluent.ts";
import { systemClock } from "../../clock.ts";
import { createKubeClient } from "../../runtime/client-node.ts";
import { connect } from "../cluster/connect.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { list } from "../cluster/read-world.ts";
import type { Command, Option } from "../command.ts";
import { readHost, readServer } from "../entity.ts";
import { type Paint, paintFor } from "../paint.ts";
import { typed } from "../parse-options.ts";
import { programVersion } from "../version.ts";
import { checkHosts } from "./host-checks.ts";
import { checkClaim, checkDefinitions, checkOperator, checkPermissions, checkVersion } from "./kubernetes-checks.ts";
import type { CheckResult } from "./result.ts";

const options: readonly Option[] = [
  { name: "pre", help: "Before an installation: only the cluster, and what an older chart may have left." },
  ...clusterOptions,
];
const schema = clusterSchema.extend({ pre: z.boolean() });
const answerSeconds = 12;

/** `xensan check`: whether cluster, definitions, operator, rights and hosts are as xensan needs them. */
export const check: Command = {
  name: "check",
  description:
    "Looks at the cluster (its version), the CustomResourceDefinitions, the operator, the Lease by which it serves the namespace, your rights, and each AoeServer and XenHost of the namespace. Changes nothing and asks no host. The exit code is 1 when something keeps xensan from working; what cannot be told is said and does not count.",
  options,
  async run(values, io) {
    const given = typed(schema, options, values);
    await using connection = await connect(given, io);
    const results: CheckResult[] = [];
    const tell = (found: readonly CheckResult[]) => {
      results.push(...found);
      if (given.output === "text") for (const one of found) io.stdout.write(line(one, paintFor(io)));
    };
    const api = createKubeClient({
      source: connection.source,
      answerSeconds,
      unanswered: "Repeat",
      onWait: ({ error, delaySeconds }) =>
        io.stderr.write(`${error.message}; trying again in ${delaySeconds.toFixed(1)} s\n`),
    });
    try {
      const { host } = await api.server();
      tell([checkVersion(host, await api.release(io.signal))]);
      const definitions = await checkDefinitions(api, given.pre, io.signal);
      tell([definitions]);
      if (!given.pre) {
        tell(await checkOperator(api, programVersion(), io.signal));
        const { namespace } = connection;
        tell([await checkClaim(api, { namespace, now: systemClock.now() }, io.signal)]);
        tell([await checkPermissions(api, namespace)]);
        if (definitions.state === "Passed") {
          const [servers, hosts] = await Promise.all([list(connection, AoeServer), list(connection, XenHost)]);
          tell(checkHosts([...servers.map(readServer), ...hosts.map(readHost)]));
        }
      }
    } finally {
      await api.close();
    }
    if (given.output === "json") io.stdout.write(`${JSON.stringify({ checks: results }, undefined, 2)}\n`);
    return results.some(({ state }) => state === "Failed") ? 1 : 0;
  },
};

const marks = { Passed: ["green", "✔"], Failed: ["red", "✘"], Unknown: ["yellow", "?"] } as const;

function line({ name, state, message, advice }: CheckResult, paint: Paint): string {
  const [colour, mark] = marks[state];
  return `${paint(colour, mark)} ${name}  ${message}\n${advice === undefined ? "" : `    ${advice}\n`}`;
}
