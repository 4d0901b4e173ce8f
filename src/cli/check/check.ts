import { z } from "zod";
import { AoeServer, XenHost } from "../../api/fluent.ts";
import { systemClock } from "../../clock.ts";
import { createKubeClient } from "../../runtime/client-node.ts";
import { clusterCommand } from "../cluster/cluster-command.ts";
import type { Connection } from "../cluster/connect.ts";
import { scopeOptions, scopeSchema } from "../cluster/options.ts";
import { list, namespacesOf } from "../cluster/read-world.ts";
import type { Io, Option } from "../command.ts";
import { readHost, readServer } from "../entity.ts";
import { type Paint, paintFor } from "../paint.ts";
import { programVersion } from "../version.ts";
import { checkHosts } from "./host-checks.ts";
import { checkClaim, checkDefinitions, checkOperator, checkPermissions, checkVersion } from "./kubernetes-checks.ts";
import type { CheckResult } from "./result.ts";

const options: readonly Option[] = [
  {
    name: "pre",
    help: "Before an installation: checks only the version of the cluster and any CustomResourceDefinitions that are already installed.",
  },
  ...scopeOptions,
];
const schema = scopeSchema.extend({ pre: z.boolean() });
const answerSeconds = 12;

/** `xensan check`: checks that cluster, definitions, operator, rights and hosts meet the needs of xensan. */
export const check = clusterCommand({
  name: "check",
  description:
    "Checks the version of the cluster, the CustomResourceDefinitions, the operator, its Lease for the namespace, your permissions, and each AoeServer and XenHost of the namespace. With --all-namespaces, it checks every namespace that has an AoeServer or a XenHost. Changes nothing and contacts no host.",
  exitCodes: {
    0: "nothing prevents xensan from working; checks without a result are reported and do not count",
    1: "failed, or something prevents xensan from working",
  },
  options,
  schema,
  async run({ given, connection, io }) {
    const results: CheckResult[] = [];
    for await (const one of checksOf(connection, given.pre, io)) {
      results.push(one);
      if (given.output === "text") io.stdout.write(checkLine(one, paintFor(io)));
    }
    if (given.output === "json") io.stdout.write(`${JSON.stringify({ checks: results }, undefined, 2)}\n`);
    return results.some(({ state }) => state === "Failed") ? 1 : 0;
  },
});

/** Runs every check, one after the other; `pre`: only those that make sense before an installation. */
export async function* checksOf(
  connection: Connection,
  pre: boolean,
  { signal, stderr }: Pick<Io, "signal" | "stderr">,
): AsyncGenerator<CheckResult> {
  const api = createKubeClient({
    source: connection.source,
    answerSeconds,
    unanswered: "Repeat",
    onWait: ({ error, delaySeconds }) => stderr.write(`${error.message}; retrying in ${delaySeconds.toFixed(1)} s\n`),
  });
  try {
    const { host } = await api.server();
    yield checkVersion(host, await api.release(signal));
    const definitions = await checkDefinitions(api, pre, signal);
    yield definitions;
    if (pre) return;
    yield* await checkOperator(api, programVersion(), signal);
    const { scope } = connection;
    const claims = (namespaces: readonly string[]) =>
      namespaces.map((namespace) => checkClaim(api, { namespace, now: systemClock.now() }, signal));
    if (scope !== undefined) yield* await Promise.all(claims([scope]));
    yield await checkPermissions(api, scope);
    if (definitions.state !== "Passed") return;
    const [servers, hosts] = await Promise.all([list(connection, AoeServer), list(connection, XenHost)]);
    if (scope === undefined) yield* await Promise.all(claims(namespacesOf([...servers, ...hosts])));
    yield* checkHosts([...servers.map(readServer), ...hosts.map(readHost)], scope === undefined);
  } finally {
    await api.close();
  }
}

const marks = { Passed: ["green", "✔"], Failed: ["red", "✘"], Unknown: ["yellow", "?"] } as const;

/** A check as text for people, with the advice below it. */
export function checkLine({ name, namespace, state, message, advice }: CheckResult, paint: Paint): string {
  const [colour, mark] = marks[state];
  const where = namespace === undefined ? "" : ` -n ${namespace}`;
  return `${paint(colour, mark)} ${name}${where}  ${message}\n${advice === undefined ? "" : `    ${advice}\n`}`;
}
