import { gapIn } from "../../host/facts.ts";
import { concernsDomain } from "../../host/unread-rows.ts";
import type { DomainFact, MigrationRun } from "../../host/xen-facts.ts";
import type { RunningView } from "../hosts/view.ts";

/** What one dom0 shows of one domain now: a column of the recovery table. */
export type ObservedDomain =
  | { readonly state: "Unknown"; readonly why: string }
  | {
      readonly state: "Seen";
      readonly bootId: string;
      readonly copy: Copy;
      /** Programs of the toolstack that work on a migration of it: `xl migrate`. */
      readonly atWork: readonly string[];
      /** The host does not answer, and its last boot is proved to have ended with everything in it. */
      readonly ended?: true;
    };

/**
 * A copy of the domain by its name and its state. Running: it runs, or a person paused it, under any name. Suspended
 * and MigratedAway: its memory is kept, it does not run. Incoming: it is being received, or waits to be started.
 * Arrived: it has its own name already and never ran. Ended: the guest has ended and its copy is kept. A dying domain
 * is no copy.
 */
export type Copy =
  | { readonly form: "None" }
  | {
      readonly form:
        | "Running"
        | "Suspended"
        | "MigratedAway"
        | "Incoming"
        | "Arrived"
        | "Ended"
        /** Several domains of one host have its UUID. */
        | "Several";
      readonly domain: DomainFact;
    };

/** The run of one operation, as the host on which it was begun reports it. */
export type ObservedRun =
  | { readonly state: "Unknown"; readonly why: string }
  | { readonly state: "None" }
  | { readonly state: "Begun"; readonly run: MigrationRun };

/** One of the two hosts. */
export type Side = "Source" | "Target";

/** The state of a host whose last boot has ended: it holds nothing, whatever boot comes next. */
const endedSight: ObservedDomain = { state: "Seen", bootId: "", copy: { form: "None" }, atWork: [], ended: true };

/**
 * The domain as a host shows it. Facts from before an outage do not count; `ended`: it is proved since, or a person has
 * declared, that the last boot of the host has ended.
 */
export function domainSight(
  view: RunningView,
  side: Side,
  domain: { readonly uuid: string; readonly name: string },
  ended: boolean,
): ObservedDomain {
  if (view.state !== "Reachable" && ended) return endedSight;
  const unseen = whyUnseen(view);
  if (unseen !== undefined || view.state !== "Reachable") return { state: "Unknown", why: unseen ?? "" };
  const { domains, identity } = view.snapshot.facts;
  if (identity.state !== "known" || identity.value.bootId === undefined)
    return { state: "Unknown", why: "it did not report its boot id" };
  if (domains.state === "unknown") return { state: "Unknown", why: `its domains are unknown: ${domains.why}` };
  const gap = gapIn(domains, concernsDomain(domain.uuid));
  if (gap !== undefined) return { state: "Unknown", why: `its list of domains has a gap: ${gap}` };
  // A host that runs without Xen has no domains, not even those from before its boot.
  const fact = domains.state === "known" ? domains.value : { domains: [], processes: [] };
  const own = fact.domains.filter(({ uuid }) => uuid === domain.uuid);
  const others = new Set(
    fact.domains.filter((one) => !own.includes(one)).flatMap(({ id, name }) => [String(id), name]),
  );
  return {
    state: "Seen",
    bootId: identity.value.bootId,
    copy: copyOf(own),
    atWork: fact.processes
      // A receiver names no domain; any other program that names no present domain may mean one that has just gone.
      .filter(({ verb, name }) =>
        receives.has(verb) ? side === "Target" : moves.has(verb) && !others.has(name) && isOf(name, domain.name),
      )
      .map(({ verb }) => `xl ${verb}`),
  };
}

/** The run of an operation as its source shows it; on a host that is proved to have ended nothing runs. */
export function runSight(view: RunningView, operation: string, ended: boolean): ObservedRun {
  if (view.state !== "Reachable" && ended) return { state: "None" };
  const unseen = whyUnseen(view);
  if (unseen !== undefined || view.state !== "Reachable") return { state: "Unknown", why: unseen ?? "" };
  const { migrations } = view.snapshot.facts;
  if (migrations.state === "unknown") return { state: "Unknown", why: `its migrations are unknown: ${migrations.why}` };
  const runs = migrations.state === "known" ? migrations.value : [];
  const run = runs.find((one) => one.operation === operation);
  const gap = run === undefined ? gapIn(migrations) : undefined;
  if (gap !== undefined) return { state: "Unknown", why: `its list of migrations has a gap: ${gap}` };
  return run === undefined ? { state: "None" } : { state: "Begun", run };
}

function whyUnseen(view: RunningView): string | undefined {
  if (view.state === "Pending") return "it has not been probed yet";
  return view.state === "Unreachable" ? `${view.reason}: ${view.message}` : undefined;
}

const receives: ReadonlySet<string> = new Set(["migrate-receive", "restore"]);
const moves: ReadonlySet<string> = new Set([
  "migrate",
  "save",
  "suspend",
  "resume",
  "destroy",
  "create",
  "rename",
  "unpause",
  "save-helper",
  "xc_save",
  "xc_restore",
]);
const isOf = (name: string, domain: string) => baseName(name) === domain || /^[0-9]*$/.test(name);

/** The name of a domain when it does not migrate. */
export function baseName(name: string): string {
  return name.replace(/--(incoming|migratedaway)$/, "").replace(/^migrating-/, "");
}

/** The meaning of all rows of one UUID on one host. */
export function copyOf(domains: readonly DomainFact[]): Copy {
  const [domain, ...more] = domains;
  if (domain === undefined) return { form: "None" };
  return { form: more.length > 0 ? "Several" : formOf(domain), domain };
}

function formOf({ name, state, shutdownReason, seconds }: DomainFact): Exclude<Copy["form"], "None" | "Several"> {
  const has = (letter: string) => state.includes(letter);
  if (has("s")) {
    // If the toolstack does not report why it is suspended, a name that only a migration gives tells.
    const suspended = shutdownReason === "s" || shutdownReason === "";
    if (!suspended) return "Ended";
    return /--migratedaway$|^migrating-/.test(name) ? "MigratedAway" : "Suspended";
  }
  const waiting = has("p") && seconds === 0;
  if (waiting) return name === "(null)" || name.endsWith("--incoming") ? "Incoming" : "Arrived";
  // Before its first page arrives, xl list does not even show it as paused.
  if (name === "(null)") return "Incoming";
  return "Running";
}

/** The copy as xl list shows it, with its form. */
export function describeCopy(copy: Copy): string {
  if (copy.form === "None") return "no copy";
  const { name, id } = copy.domain;
  return `${name} (id ${id}, ${words[copy.form]})`;
}

const words: Record<Exclude<Copy["form"], "None">, string> = {
  Running: "runs",
  Suspended: "suspended",
  MigratedAway: "suspended after the transfer",
  Incoming: "being received",
  Arrived: "received and not started",
  Ended: "ended",
  Several: "one of several with this UUID",
};
