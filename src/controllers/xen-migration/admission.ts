import type { XenMigrationSpec } from "../../api/xen-migration.ts";
import { type DeclaredDomain, locate } from "./locate.ts";
import { isOpenFor, type Permit, permitFor, type Reservation } from "./permits.ts";
import { preflight } from "./preflight.ts";
import { baseName } from "./sight.ts";
import { chooseTarget } from "./target.ts";
import type { HostSheet, Problem, Transfer, Traveller } from "./transfer.ts";

/** Everything that the admission of a migration depends on, as plain data. */
export interface Applicant {
  /** `namespace/name` */
  readonly id: string;
  /** When a migration of this domain, created with it, began to wait: {@link Reservation}. */
  readonly waitsSince: (domain: string) => string;
  readonly spec: XenMigrationSpec;
  /** All XenHosts of the namespace. */
  readonly hosts: readonly HostSheet[];
  readonly declared: {
    readonly byName: (name: string) => DeclaredDomain | undefined;
    readonly byUuid: (uuid: string) => DeclaredDomain | undefined;
    readonly elsewhere: (uuid: string) => string | undefined;
  };
  /** The id of a XenHost's machine, the same for all its names. */
  readonly machine: (host: string) => string;
  readonly holding: readonly Reservation[];
  readonly queued: readonly Reservation[];
  readonly fleetCap: number;
}

/** Whether a migration may begin. */
export type Admission =
  /** The domain is on the target already. */
  | {
      readonly kind: "Arrived";
      readonly domain: Traveller;
      readonly target: string;
      readonly reasons: readonly string[];
    }
  | { readonly kind: "Refused"; readonly problems: readonly Problem[]; readonly reasons: readonly string[] }
  | {
      readonly kind: "Queued";
      readonly permit: Extract<Permit, { kind: "Taken" }>;
      readonly move: Transfer;
      readonly reservation: Reservation;
      readonly reasons: readonly string[];
    }
  | {
      readonly kind: "Ready";
      readonly move: Transfer;
      readonly reservation: Reservation;
      readonly reasons: readonly string[];
    };

/** Decides whether it may begin: the domain is found, every check passes, every permit is free, in this order. */
export function admit(applicant: Applicant): Admission {
  const { spec, hosts, machine } = applicant;
  const arrived = arrivedAt(applicant);
  if (arrived !== undefined) {
    const mover = applicant.holding.find((reservation) => reservation.domain === arrived.domain.uuid);
    if (mover === undefined) return { kind: "Arrived", ...arrived, reasons: [] };
    const message = `${arrived.domain.name} is on ${arrived.target} until XenMigration ${mover.id} has moved it`;
    return refused([{ reason: "DomainMigrating", message }]);
  }
  const located = locate(spec, hosts, applicant.declared);
  if (located.kind === "Problem") return refused([located.problem]);
  const { domain, source } = located;
  const partial = { domain, source, mode: spec.mode };
  const chosen = targetOf(applicant, partial);
  if ("problems" in chosen) return refused(chosen.problems, chosen.reasons);
  const { target, reasons } = chosen;
  const reservation: Reservation = {
    id: applicant.id,
    waitsSince: applicant.waitsSince(domain.uuid),
    domain: domain.uuid,
    source: machine(source.name),
    target: machine(target.name),
  };
  const permit = permitFor(reservation, applicant, applicant.fleetCap);
  const move = { ...partial, target };
  return permit.kind === "Taken"
    ? { kind: "Queued", permit, move, reservation, reasons }
    : { kind: "Ready", move, reservation, reasons };
}

/** The target in the spec, if the domain runs or is paused there under its own name, whatever sourceHostRef says. */
function arrivedAt({ spec, hosts, declared, machine }: Applicant): { domain: Traveller; target: string } | undefined {
  const { sourceHostRef: _source, targetHostRef, ...who } = spec;
  const target = hosts.find(({ name }) => name === targetHostRef?.name);
  if (target === undefined) return undefined;
  const located = locate(who, hosts, declared);
  if (located.kind === "Problem" || machine(located.source.name) !== machine(target.name)) return undefined;
  const { domain } = located;
  const lives = baseName(domain.name) === domain.name && !/[scd]/.test(domain.state);
  return lives ? { domain, target: target.name } : undefined;
}

const refused = (problems: readonly Problem[], reasons: readonly string[] = []): Admission => ({
  kind: "Refused",
  problems,
  reasons,
});

function targetOf(
  { spec, hosts, machine, holding }: Applicant,
  move: Omit<Transfer, "target">,
):
  | { readonly target: HostSheet; readonly reasons: readonly string[] }
  | { readonly problems: readonly Problem[]; readonly reasons: readonly string[] } {
  const { targetHostRef } = spec;
  if (targetHostRef === undefined) {
    const choice = chooseTarget(move, hosts, ({ name }) => isOpenFor(machine(name), { holding }));
    return choice.kind === "Chosen" ? choice : { problems: choice.problems, reasons: choice.reasons };
  }
  const target = hosts.find(({ name }) => name === targetHostRef.name);
  const missing = `XenHost ${targetHostRef.name} does not exist, or its spec is invalid`;
  if (target === undefined) return { problems: [{ reason: "HostNotFound", message: missing }], reasons: [] };
  // One machine under two names would migrate a domain onto itself.
  if (machine(target.name) === machine(move.source.name))
    return {
      problems: [{ reason: "AlreadyThere", message: `${move.domain.name} is already on ${target.name}` }],
      reasons: [],
    };
  const problems = preflight({ ...move, target });
  return problems.length === 0 ? { target, reasons: [] } : { problems, reasons: [] };
}
