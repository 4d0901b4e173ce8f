import type { Reason } from "../../api/reasons.ts";
import { uuidSchema } from "../../api/text.ts";
import type { XenMigrationSpec } from "../../api/xen-migration.ts";
import { gapIn } from "../../host/facts.ts";
import { concernsDomain } from "../../host/unread-rows.ts";
import type { DomainFact } from "../../host/xen-facts.ts";
import { currentFacts } from "../hosts/view.ts";
import type { HostSheet, Problem, Traveller } from "./transfer.ts";

/** What a XenDomain declares about itself. */
export interface DeclaredDomain extends Omit<Traveller, "uuid" | "id" | "memoryMiB" | "vcpus" | "state"> {
  readonly uuid: string | undefined;
}

/** Where the domain to move is. */
export type Located =
  | { readonly kind: "Found"; readonly domain: Traveller; readonly source: HostSheet }
  | { readonly kind: "Problem"; readonly problem: Problem };

interface Hit {
  readonly host: HostSheet;
  readonly row: DomainFact;
}

/**
 * Finds the domain to move. `declared` finds the XenDomain of a UUID, for a domain that the spec names as Xen does;
 * `hosts` are all XenHosts of the namespace.
 */
export function locate(
  spec: Pick<XenMigrationSpec, "domain" | "domainRef" | "sourceHostRef">,
  hosts: readonly HostSheet[],
  declared: {
    readonly byName: (name: string) => DeclaredDomain | undefined;
    readonly byUuid: (uuid: string) => DeclaredDomain | undefined;
    /** `namespace/name` of a XenDomain in another namespace. */
    readonly elsewhere: (uuid: string) => string | undefined;
  },
): Located {
  const own = spec.domainRef && declared.byName(spec.domainRef.name);
  if (spec.domainRef !== undefined && own === undefined)
    return failed("DomainNotFound", `XenDomain ${spec.domainRef.name} does not exist, or its spec is invalid`);
  if (own !== undefined && own.uuid === undefined)
    return failed("DomainNotFound", `XenDomain ${own.name} has no UUID yet`);
  const wanted = own?.uuid ?? spec.domain ?? "";
  // Xen prints UUIDs in lower case; users may write them in upper case.
  // A domain may be called like the UUID of another one: a text of this form is always a UUID.
  const byName = own === undefined && !uuidSchema.safeParse(wanted.toLowerCase()).success;
  const fits = ({ uuid, name }: DomainFact) => uuid === wanted.toLowerCase() || (byName && name === wanted);
  const hits = hosts.flatMap((host) => domainsOf(host).flatMap((row) => (fits(row) ? [{ host, row }] : [])));
  const what = own === undefined ? `domain ${wanted}` : `${own.name} (${wanted})`;
  const chosen = choose(hits, hosts, spec.sourceHostRef?.name, { what, wanted });
  if ("problem" in chosen) return { kind: "Problem", problem: chosen.problem };
  const { host, row } = chosen;
  const known = own ?? declared.byUuid(row.uuid);
  const elsewhere = own === undefined && known === undefined ? declared.elsewhere(row.uuid) : undefined;
  if (elsewhere !== undefined)
    return failed(
      "DomainTaken",
      `${row.name} (${row.uuid}) is declared by XenDomain ${elsewhere}, in another namespace`,
    );
  return {
    kind: "Found",
    source: host,
    domain: {
      name: row.name,
      uuid: row.uuid,
      id: row.id,
      memoryMiB: row.memory,
      maxMemoryMiB: known?.maxMemoryMiB,
      vcpus: row.vcpus,
      cpus: known?.cpus,
      state: row.state,
      type: known?.type,
      bridges: known?.bridges,
      ovsBridges: known?.ovsBridges,
      bootFiles: known?.bootFiles,
      settings: known?.settings,
      filesystems: known?.filesystems,
      hosts: known?.hosts,
      images: known?.images,
      cdroms: known?.cdroms,
      owner: known?.owner,
    },
  };
}

function choose(
  hits: readonly Hit[],
  hosts: readonly HostSheet[],
  source: string | undefined,
  { what, wanted }: { readonly what: string; readonly wanted: string },
): Hit | { readonly problem: Problem } {
  const places = hits.map(({ host, row }) => `${host.name} (${row.name}, id ${row.id}, ${row.uuid})`).join(", ");
  const here = hits.filter(({ host }) => source === undefined || host.name === source);
  const [only, another] = here;
  if (another !== undefined)
    return { problem: { reason: "DomainAmbiguous", message: `More than one copy of ${what} was found: ${places}` } };
  if (only !== undefined) return only;
  if (source !== undefined && !hosts.some(({ name }) => name === source))
    return { problem: { reason: "HostNotFound", message: `XenHost ${source} does not exist, or its spec is invalid` } };
  const doubts = hosts.flatMap((host) => {
    const why = source === undefined || host.name === source ? whyUnsure(host, wanted) : undefined;
    return why === undefined ? [] : [`${host.name} ${why}`];
  });
  if (doubts.length > 0)
    return { problem: { reason: "HostUnknown", message: `No host reports ${what}, and ${doubts.join(", ")}` } };
  if (hits.length > 0)
    return { problem: { reason: "SourceDiffers", message: `${source} does not have ${what}, which is on ${places}` } };
  return { problem: { reason: "DomainNotFound", message: `No XenHost of the namespace has ${what}` } };
}

function domainsOf({ view }: HostSheet): readonly DomainFact[] {
  const domains = currentFacts(view)?.domains;
  return domains?.state === "known" ? domains.value.domains : [];
}

/** Why the host may have the domain although it does not show it; undefined when it does not have it. */
function whyUnsure({ view }: HostSheet, wanted: string): string | undefined {
  const facts = currentFacts(view);
  if (facts === undefined) return "cannot be reached";
  const { domains } = facts;
  if (domains.state === "unknown") return `did not report its domains (${domains.why})`;
  const gap = gapIn(domains, concernsDomain(wanted));
  return gap && `did not report all its domains: ${gap}`;
}

const failed = (reason: Reason, message: string): Located => ({ kind: "Problem", problem: { reason, message } });
