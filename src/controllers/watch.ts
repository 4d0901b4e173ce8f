import type { AoeServer, XenHost } from "../api/kinds.ts";
import type { ProbeRequest } from "../host/actions.ts";
import { type Conditioned, findCondition } from "../runtime/conditions.ts";
import type { EventInput, EventRecorder } from "../runtime/events.ts";
import { isDeleting } from "../runtime/finalizers.ts";
import type { Kind, KubeObject } from "../runtime/kube-api.ts";
import type { Reconciler } from "../runtime/reconciler.ts";
import type { ReadonlyStore, StoreEvent } from "../runtime/store.ts";
import { directivesOf } from "./directives.ts";
import type { Endpoint } from "./hosts/endpoint.ts";
import type { Machine, Remembered } from "./hosts/machine.ts";
import type { Extent, HostView } from "./hosts/view.ts";
import { type ObjectRef, refOf } from "./identity.ts";

/** A change of an object, as its own controller and those of the affected objects receive it. */
export interface ObjectChange<T extends KubeObject> {
  readonly object: T;
  /** The former version; undefined for an object that was added or deleted. */
  readonly old: T | undefined;
  readonly deleted: boolean;
  /** Part of the first list, so probably not new. */
  readonly initial: boolean;
}

/**
 * True if the machines must be probed again: the object is new or gone, or its spec, deletion or annotations changed.
 */
export function requestChanged({ object, old }: ObjectChange<KubeObject>): boolean {
  if (old === undefined) return true;
  const [now, before] = [object.metadata, old.metadata];
  return (
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    JSON.stringify(directivesOf(now)) !== JSON.stringify(directivesOf(before))
  );
}

/** True if the object asks for something else, or represents another machine. */
export const movesMachine = (change: ObjectChange<AoeServer | XenHost>): boolean =>
  requestChanged(change) ||
  change.old?.status?.hostKey !== change.object.status?.hostKey ||
  change.old?.status?.machineID !== change.object.status?.machineID;

/**
 * True if the status changed. It may be our own write whose answer was lost, while the object was reconciled from the
 * former status. Only another reconcile tells whether the new status is true.
 */
export function statusChanged({ object, old }: ObjectChange<KubeObject>): boolean {
  return old !== undefined && statusText(object) !== statusText(old);
}

const statusText = (object: KubeObject): string => ("status" in object ? JSON.stringify(object.status) : "");

/** True if the object was judged in its current generation. */
export function isSettled({ metadata, status }: Conditioned): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  return !isDeleting({ metadata }) && ready !== undefined && ready.observedGeneration === metadata.generation;
}

/** True if the object is Ready now: the first answer of a machine that it does not list cannot matter to it. */
export function isContent(object: Conditioned): boolean {
  return isSettled(object) && findCondition(object.status?.conditions, "Ready")?.status === "True";
}

/** What is new in the result of a probe. */
export interface Look {
  readonly machine: Machine;
  readonly before: HostView;
  /** Anything may have changed. */
  readonly all: boolean;
  /** It is the first answer of the machine, and nothing else is new. */
  readonly first: boolean;
  /** Something changed that may concern clusters, domains or migrations on the machine. */
  readonly tenants: boolean;
  /** AoE addresses, as `shelf.slot`, and paths of backings that changed. */
  readonly addresses: ReadonlySet<string>;
  readonly backings: ReadonlySet<string>;
}

/** Objects of this kind that represent the machine, if the look brought anything that their status shows. */
export function membersOf(kind: string, { machine, all, addresses, backings }: Look): ObjectRef[] {
  if (!all && addresses.size + backings.size === 0) return [];
  return [...machine.members.keys()].filter((member) => member.kind === kind);
}

/** XenHosts that represent the machine, if the look brought anything that concerns their tenants. */
export function hostsIn({ machine, all, tenants }: Look): ObjectRef[] {
  return all || tenants ? [...machine.members.keys()].filter(({ kind }) => kind === "XenHost") : [];
}

/** The objects of one kind that a change of another object affects. */
export interface Watch {
  /**
   * Returns a function that stops it. `looksAgain`: reconcile the affected objects only after a new look at their
   * machines.
   */
  readonly subscribe: (concern: (objects: readonly ObjectRef[], looksAgain: boolean) => void) => () => void;
}

/** The objects that old and new versions of changed objects affect. The first list affects none, unless `initial`. */
export function onChange<T extends KubeObject>(
  store: ReadonlyStore<T>,
  concerns: (object: T, change: ObjectChange<T>) => readonly ObjectRef[],
  {
    when = () => true,
    looksAgain = false,
    initial = false,
  }: {
    readonly when?: (change: ObjectChange<T>) => boolean;
    readonly looksAgain?: boolean;
    readonly initial?: boolean;
  } = {},
): Watch {
  return {
    subscribe: (concern) =>
      store.subscribe((event) => {
        const change = changeOf(event);
        if ((change.initial && !initial) || !when(change)) return;
        const former = change.old === undefined ? [] : concerns(change.old, change);
        concern([...concerns(change.object, change), ...former], looksAgain);
      }),
  };
}

/** The objects of a kind as its own controller sees them. */
export interface OwnObjects {
  /** Records an event about one of them, if it exists. */
  readonly record: (events: EventRecorder, object: ObjectRef, event: EventInput) => void;
  readonly subscribe: (heard: (object: ObjectRef, change: ObjectChange<KubeObject>) => void) => () => void;
}

/** The objects of a store. */
export function own<T extends KubeObject>(kind: Kind<T>, store: ReadonlyStore<T>): OwnObjects {
  return {
    subscribe: (heard) => store.subscribe((event) => heard(refOf(kind.kind, event.object), changeOf(event))),
    record(events, key, event) {
      const object = store.get(key);
      if (object !== undefined) events.record(kind, object, event);
    },
  };
}

function changeOf<T extends KubeObject>(event: StoreEvent<T>): ObjectChange<T> {
  return {
    object: event.object,
    old: event.type === "updated" ? event.old : undefined,
    deleted: event.type === "deleted",
    initial: event.type === "added" && event.initial,
  };
}

/** One kind as the operator composes it: what wakes its objects, which machines they use, and their reconciler. */
export interface Controlled {
  readonly kind: string;
  /** Objects to reconcile whenever they ask for something else; absent: only `watches` wake them. */
  readonly objects?: OwnObjects;
  readonly watches: readonly Watch[];
  /** The objects that a look at a machine affects. */
  readonly onLook?: (look: Look) => readonly ObjectRef[];
  /** The machines that an object uses. */
  readonly machines?: (object: ObjectRef) => readonly Machine[];
  /** What a machine is probed for when an object that uses it changes. */
  readonly extent?: (machine: Machine) => Extent;
  /**
   * Its next step may be on another machine: the result of a step suffices to go on, before a look shows the effect.
   */
  readonly goesOnElsewhere?: true;
  /** The machine that an object represents, and what the object remembers of it. */
  readonly standsFor?: (
    object: ObjectRef,
  ) => { readonly endpoint: Endpoint | undefined; readonly remembered: Remembered } | undefined;
  /** What the kind's objects need to know about the machine of a member. */
  readonly questions?: (member: ObjectRef) => Partial<ProbeRequest>;
  readonly reconciler: Reconciler;
}
