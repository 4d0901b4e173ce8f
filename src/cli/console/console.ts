import { kind } from "kubernetes-fluent-client";
import { z } from "zod";
import { XenDomain, XenHost } from "../../api/fluent.ts";
import { systemClock } from "../../clock.ts";
import { endpointOf, routeTo } from "../../controllers/hosts/endpoint.ts";
import { consoleCommand } from "../../host/console.ts";
import { createAddressGate } from "../../ssh/addresses.ts";
import { connect as connectSsh } from "../../ssh/connection.ts";
import type { SshTarget } from "../../ssh/host-session.ts";
import { hostTrust } from "../../ssh/host-trust.ts";
import { createKeyOpener } from "../../ssh/key-opener.ts";
import { defaultLimits } from "../../ssh/limits.ts";
import { createKeyReader } from "../../ssh/private-key.ts";
import { runOnTerminal } from "../../ssh/terminal.ts";
import { isMissing } from "../cluster/api-error.ts";
import { clusterCommand } from "../cluster/cluster-command.ts";
import type { Connection } from "../cluster/connect.ts";
import { pick } from "../cluster/named.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { list } from "../cluster/read-world.ts";
import { type Io, UsageError } from "../command.ts";
import { type Host, readDomain, readHost, summaryOf } from "../entity.ts";

const schema = clusterSchema.extend({ domain: z.string() });

/** `xensan console DOMAIN`: connects a person's terminal to the console of a guest. */
export const consoleOfDomain = clusterCommand({
  name: "console",
  description:
    "Opens the console of a running domain: xl console on its XenHost, over SSH, with the address, key and host keys that the operator uses. Ctrl-] closes it. You need permission to read the Secret of the XenHost. An HVM guest shows output only if spec.console.serial is Enabled and the guest has a console on its first serial port.",
  exitCodes: { 1: "failed, the domain does not run, or the console ended with an error" },
  arguments: [{ name: "domain", placeholder: "DOMAIN", help: "The XenDomain.", completes: ["XenDomain"] }],
  options: clusterOptions,
  schema,
  async run({ given, connection, io }) {
    const { stdin } = io;
    if (stdin === undefined) throw new UsageError("the console needs standard input");
    const { namespace } = connection;
    const domain = pick((await list(connection, XenDomain)).map(readDomain), "XenDomain", given.domain, namespace);
    const { hostRef, domainID } = domain.status ?? {};
    if (hostRef === undefined || domainID === undefined) {
      const { reason, message } = summaryOf(domain);
      io.stderr.write(`xendomain/${domain.name} does not run (${reason}: ${message})\n`);
      return 1;
    }
    const host = pick((await list(connection, XenHost)).map(readHost), "XenHost", hostRef.name, namespace);
    const target = await targetOf(connection, host);
    const toolstack = host.status?.xen?.toolstack === "xm" ? "xm" : "xl";
    const command = consoleCommand(toolstack, target.become, domain.name);
    io.stderr.write(`console of ${domain.name} on ${host.name}; Ctrl-] closes it\n`);
    const code = await show(target, command, { ...io, stdin });
    return code === 0 ? 0 : 1;
  },
});

/** Connects as the operator does. Does not trust a host whose key is not recorded yet. */
async function targetOf(connection: Connection, { name, spec, status }: Host): Promise<SshTarget> {
  const { namespace, requests } = connection;
  if (!spec.ok) throw new Error(`xenhost/${name} has an invalid spec: ${spec.message}`);
  const { ssh } = spec.spec;
  const secret = await connection
    .ask(`reading Secret ${ssh.privateKeySecretRef.name}`, () =>
      requests.get(kind.Secret, { namespace, name: ssh.privateKeySecretRef.name }),
    )
    .catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
  const found = secret === undefined ? undefined : secretSchema.parse(secret);
  const route = routeTo(endpointOf(namespace, ssh), found, status?.hostKey);
  if (route.kind === "problem") throw new Error(route.message);
  return { ...route.target, hostKeyPolicy: "Pinned" };
}

const secretSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string().default(""),
    resourceVersion: z.string().default(""),
  }),
  type: z.string().default("Opaque"),
  data: z.record(z.string(), z.string()).default({}),
});

async function show(
  target: SshTarget,
  command: string,
  {
    env: { TERM: term = "vt100" },
    stdin,
    stdout,
    signal,
  }: Pick<Io, "env" | "stdout" | "signal"> & { readonly stdin: NonNullable<Io["stdin"]> },
): Promise<number | undefined> {
  const opener = createKeyOpener();
  try {
    const { connectSeconds, keepaliveSeconds, keepaliveMisses } = defaultLimits;
    const ssh = await connectSsh(target, hostTrust(target, undefined), {
      clock: systemClock,
      gate: createAddressGate("Any"),
      readKey: createKeyReader(opener),
      signal: AbortSignal.any([signal, AbortSignal.timeout(connectSeconds * 1000)]),
      ...{ keepaliveSeconds, keepaliveMisses },
    });
    const size = { term, columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 };
    try {
      const wired = { keys: stdin, show: (text: string) => stdout.write(text), signal };
      return await runOnTerminal(ssh.client, command, size, wired);
    } finally {
      ssh.end();
    }
  } finally {
    await opener.close();
  }
}
