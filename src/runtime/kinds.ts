import type { Kind, KubeObject, ObjectMeta } from "./kube-api.ts";

/** Kinds of Kubernetes that the runtime uses. */

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string | null;
    leaseDurationSeconds?: number | null;
    acquireTime?: string | null;
    renewTime?: string | null;
    leaseTransitions?: number | null;
  };
}

/** coordination.k8s.io/v1 Lease. */
export const leaseKind: Kind<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

/** The object that an event is about (core/v1 ObjectReference). */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** events.k8s.io/v1. */
export interface KubeEvent extends KubeObject {
  eventTime: string;
  type: "Normal" | "Warning";
  reason: string;
  action: string;
  note: string;
  regarding: ObjectReference;
  reportingController: string;
  reportingInstance: string;
  series?: { count: number; lastObservedTime: string };
}

/** events.k8s.io/v1 Event. */
export const eventKind: Kind<KubeEvent> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

/** core/v1 Secret; values of `data` are base64. */
export interface Secret extends KubeObject {
  metadata: ObjectMeta;
  type?: string;
  /** Values are base64. */
  data?: Record<string, string>;
  /** Not part of the API: sizes in bytes of values that were not kept. */
  omitted?: Readonly<Record<string, number>>;
}

/** core/v1 Secret. */
export const secretKind: Kind<Secret> = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};
