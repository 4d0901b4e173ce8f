import { parseSpec } from "../../api/parse.ts";
import type { XenMigrationSpec } from "../../api/xen-migration.ts";
import { pick } from "../cluster/named.ts";
import { UsageError } from "../command.ts";
import { didYouMean } from "../did-you-mean.ts";
import type { World } from "../entity.ts";

/** What a person asks for on the command line. */
export interface MigrationArguments {
  /** A XenDomain, or the Xen name or UUID of an undeclared domain. */
  readonly domain: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly mode: XenMigrationSpec["mode"];
  readonly timeoutSeconds: number;
}

/** The XenMigration to create. */
export interface NewMigration {
  /** The beginning of the object's name, completed by random characters. */
  readonly prefix: string;
  readonly spec: XenMigrationSpec;
  /** Problems that a person should know of, although they do not prevent the migration. */
  readonly warnings: readonly string[];
}

/** The XenMigration for these arguments; throws a {@link UsageError} for unknown names. */
export function migrationRequest(given: MigrationArguments, world: World): NewMigration {
  const { domain, to, from, mode, timeoutSeconds } = given;
  for (const host of [to, from]) if (host !== undefined) pick(world.hosts, "XenHost", host, world.namespace);
  const declared = world.domains.find(({ name, spec }) => name === domain || (spec.ok && spec.spec.uuid === domain));
  const spec: XenMigrationSpec = {
    ...(declared === undefined ? { domain } : { domainRef: { name: declared.name } }),
    ...(from === undefined ? {} : { sourceHostRef: { name: from } }),
    ...(to === undefined ? {} : { targetHostRef: { name: to } }),
    ...{ mode, timeoutSeconds },
  };
  const parsed = parseSpec("XenMigration", { metadata: { name: "new" }, spec });
  if (!parsed.ok) throw new UsageError(parsed.message);
  const name = (declared?.name ?? domain)
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .slice(0, 63);
  return {
    prefix: to === undefined ? `${name}-` : `${name}-to-${to}-`,
    spec: parsed.spec,
    warnings: declared === undefined ? undeclared(domain, world) : [],
  };
}

/** An undeclared domain is visible only on its host; a host that cannot be seen may have it. */
function undeclared(domain: string, { hosts, domains, namespace }: World): string[] {
  const seen = hosts.flatMap((host) => host.status?.domains ?? []);
  if (seen.some(({ name, uuid }) => name === domain || uuid === domain)) return [];
  const unseen = hosts.filter(({ conditions }) =>
    conditions.every(({ type, status }) => type !== "Reachable" || status !== "True"),
  );
  const names = [
    ...new Set([...domains.map(({ name }) => name), ...seen.filter(({ id }) => id !== 0).map(({ name }) => name)]),
  ];
  if (unseen.length === 0)
    throw new UsageError(
      `there is no domain "${domain}" in namespace ${namespace}${didYouMean(domain, names) || `; there are: ${names.join(", ") || "none"}`}`,
    );
  return [
    `no host reports a domain "${domain}"; ${unseen.map(({ name }) => name).join(", ")} cannot be reached and may have the domain`,
  ];
}
