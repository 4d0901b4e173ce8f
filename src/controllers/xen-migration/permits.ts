/** What a migration occupies: its domain, one place out of its source, one into its target, one of the whole fleet. */
export interface Reservation {
  /** `namespace/name` of the XenMigration. */
  readonly id: string;
  /** Its creation or, if later, the end of the last migration of its domain; then its creation. RFC 3339. */
  readonly waitsSince: string;
  readonly domain: string;
  /** Machines. The target is undefined until it is chosen. */
  readonly source: string | undefined;
  readonly target: string | undefined;
  /** It has begun, and nothing goes on before a person or a host says something: it takes no place of the fleet. */
  readonly rests?: boolean;
}

/** Whether a migration may begin beside those that run and wait. */
export type Permit =
  | { readonly kind: "Free" }
  /** `position` in the queue, from 1. */
  | { readonly kind: "Taken"; readonly holders: readonly string[]; readonly position: number };

/**
 * Whether a migration may begin: one per domain, one out of each host and one into it, and a limit for the fleet. Those
 * that have waited longer come first; while their domain moves, they do not wait for anything else. `holding`: have
 * begun and not ended; `queued`: lack only the permit.
 */
export function permitFor(
  wanted: Reservation,
  others: { readonly holding: readonly Reservation[]; readonly queued: readonly Reservation[] },
  fleetCap: number,
): Permit {
  const holding = others.holding.filter(({ id }) => id !== wanted.id);
  const moving = new Set(holding.map(({ domain }) => domain));
  const older = others.queued
    .filter((other) => other.id !== wanted.id && !moving.has(other.domain) && comesBefore(other, wanted))
    .toSorted((one, other) => (comesBefore(one, other) ? -1 : 1));
  const inTheWay = holding.filter((other) => conflicts(other, wanted));
  const going = holding.filter(({ rests }) => rests !== true);
  const full = going.length >= fleetCap ? going : [];
  const first = older.filter((other) => conflicts(other, wanted));
  // Migrations that have waited longer get the last places of the fleet, if they can begin now.
  const next = startable(older, holding);
  const crowd = going.length + next.length >= fleetCap ? next : [];
  const holders = [...new Set([...inTheWay, ...full, ...first, ...crowd].map(({ id }) => id))];
  if (holders.length === 0) return { kind: "Free" };
  return { kind: "Taken", holders, position: older.length + 1 };
}

/** True for a machine to which nothing moves or is about to move. */
export function isOpenFor(target: string, { holding }: { readonly holding: readonly Reservation[] }): boolean {
  return !holding.some((other) => other.target === target);
}

function conflicts(one: Reservation, other: Reservation): boolean {
  const same = (a: string | undefined, b: string | undefined) => a !== undefined && a === b;
  return one.domain === other.domain || same(one.source, other.source) || same(one.target, other.target);
}

/** Of a queue, oldest first, those that neither a holder nor an older one is in the way of. */
function startable(queue: readonly Reservation[], holding: readonly Reservation[]): Reservation[] {
  const occupied = new Set(holding.flatMap(places));
  return queue.filter((one) => {
    const own = places(one);
    const free = !own.some((place) => occupied.has(place));
    for (const place of own) occupied.add(place);
    return free;
  });
}

/** What only one migration at a time may have. */
const places = ({ domain, source, target }: Reservation): string[] => [
  `domain ${domain}`,
  ...(source === undefined ? [] : [`source ${source}`]),
  ...(target === undefined ? [] : [`target ${target}`]),
];

/** The one that has waited longest comes first; the name decides between equals. */
function comesBefore(one: Reservation, other: Reservation): boolean {
  if (one.waitsSince !== other.waitsSince) return one.waitsSince < other.waitsSince;
  return one.id < other.id;
}

/** Position and holders, for the message of the condition. */
export function describePermit({ holders, position }: Extract<Permit, { kind: "Taken" }>): string {
  const shown = holders.slice(0, 3).join(", ");
  const more = holders.length > 3 ? ` and ${holders.length - 3} more` : "";
  return `Number ${position} in the queue, behind ${shown}${more}: one migration per domain, one out of and one into each host at a time, and as many in the fleet as --migrations-at-once allows`;
}
