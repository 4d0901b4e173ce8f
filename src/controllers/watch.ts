import type { Condition } from "../api/conditions.ts";
import type { AoeServer, Metadata, XenHost } from "../api/kinds.ts";
import type { ProbeRequest } from "../host/actions.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { EventInput, EventRecorder } from "../runtime/events.ts";
import { isDeleting } from "../runtime/finalizers.ts";
import type { Kind, KubeObject } from "../runtime/kube-api.ts";
import type { Reconciler } from "../runtime/reconciler.ts";
import type { ReadonlyStore, StoreEvent } from "../runtime/store.ts";
import { directivesOf } from "./directives.ts";
import type { Endpoint } from "./hosts/endpoint.ts";
import type { Extent } from "./hosts/extent.ts";
import type { Machine, Remembered } from "./hosts/machine.ts";
import type { HostView } from "./hosts/view.ts";
import { type ObjectRef, refOf } from "./identity.ts";

/** How a change of an object is told: to its own controller, and to those of the objects that it concerns. */
export interface ObjectChange<T extends KubeObject> {
  readonly object: T;
  /** As it was; undefined for one that was added or deleted. */
  readonly old: T | undefined;
  readonly deleted: boolean;
  /** Part of the first list, so probably not new to the world. */
  readonly initial: boolean;
}

/** It is new, gone, or its spec, a deletion or its annotations ask for something else: reason to look at the machines again. */
export function asks({ object, old }: ObjectChange<KubeObject>): boolean {
  if (old === undefined) return true;
  const [now, before] = [object.metadata, old.metadata];
  return (
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    JSON.stringify(directivesOf(now)) !== JSON.stringify(directivesOf(before))
  );
}

/** It asks for something else, or stands for another machine. */
export const movesMachine = (change: ObjectChange<AoeServer | XenHost>): boolean =>
  asks(change) ||
  change.old?.status?.hostKey !== change.object.status?.hostKey ||
  change.old?.status?.machineID !== change.object.status?.machineID;

/**
 * Its status is another one: a write of ours, perhaps one whose answer was lost, while the object was judged anew from
 * what stood there before. Only another look tells whether what stands there now is true.
 */
export function tells({ object, old }: ObjectChange<KubeObject>): boolean {
  return old !== undefined && statusText(object) !== statusText(old);
}

const statusText = (object: KubeObject): string => ("status" in object ? JSON.stringify(object.status) : "");

interface Judged {
  readonly metadata: Metadata;
  readonly status?: { readonly conditions?: readonly Condition[] | undefined };
}

/** Everything has been said about this generation. */
export function isSettled({ metadata, status }: Judged): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  return !isDeleting({ metadata }) && ready !== undefined && ready.observedGeneration === metadata.generation;
}

/** Ready as it is now: no first answer of a machine that it does not list can matter to it. */
export function isContent(object: Judged): boolean {
  return isSettled(object) && findCondition(object.status?.conditions, "Ready")?.status === "True";
}

/** What a look at a machine brought that is new. */
export interface Look {
  readonly machine: Machine;
  readonly before: HostView;
  /** Anything may have changed. */
  readonly all: boolean;
  /** The first answer of the machine, and nothing else is new. */
  readonly first: boolean;
  /** Something that clusters, domains or migrations on it may have to do with. */
  readonly tenants: boolean;
  /** AoE addresses, as `shelf.slot`, and paths of backings of which something has changed. */
  readonly addresses: ReadonlySet<string>;
  readonly backings: ReadonlySet<string>;
}

/** Objects of this kind for which the machine stands, when the look brought anything that they show. */
export function membersOf(kind: string, { machine, all, addresses, backings }: Look): ObjectRef[] {
  if (!all && addresses.size + backings.size === 0) return [];
  return [...machine.members.keys()].filter((member) => member.kind === kind);
}

/** XenHosts for which the machine stands, when the look brought anything that matters to what lives on them. */
export function hostsIn({ machine, all, tenants }: Look): ObjectRef[] {
  return all || tenants ? [...machine.members.keys()].filter(({ kind }) => kind === "XenHost") : [];
}

/** What one kind waits for: told whom a change of another object concerns. */
export interface Watch {
  /** Returns how to stop. `looksAgain`: whoever it concerns is judged only after another look at its machines. */
  readonly subscribe: (concern: (objects: readonly ObjectRef[], looksAgain: boolean) => void) => () => void;
}

/** When objects of a store change: as they are, and as they were. The first list concerns nobody, unless `initial`. */
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

/** The objects of a kind as its own controller hears of them. */
export interface OwnObjects {
  /** An event about one of them, if it is there. */
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

/** One kind as the operator composes it: what wakes its objects, which machines they have to do with, and who reconciles them. */
export interface Controlled {
  readonly kind: string;
  /** Objects that are judged anew whenever they ask for something else; absent: `watches` say when. */
  readonly objects?: OwnObjects;
  readonly watches: readonly Watch[];
  /** Whom a look at a machine concerns. */
  readonly onLook?: (look: Look) => readonly ObjectRef[];
  /** The machines that an object has to do with. */
  readonly machines?: (object: ObjectRef) => readonly Machine[];
  /** What a change of an object has its machines asked for. */
  readonly extent?: Extent;
  /** Its next step may be on another machine: what a step answered is enough for it, before a look shows what it did. */
  readonly goesOnElsewhere?: true;
  /** For which machine an object stands, and what it keeps of it. */
  readonly standsFor?: (
    object: ObjectRef,
  ) => { readonly endpoint: Endpoint | undefined; readonly remembered: Remembered } | undefined;
  /** What its objects need to know of the machine of a member. */
  readonly questions?: (member: ObjectRef) => Partial<ProbeRequest>;
  readonly reconciler: Reconciler;
}
