import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import type { KernelTrouble, O2cbNode, O2cbTimeouts } from "../../host/ocfs2-facts.ts";
import type { Owner } from "../../host/values.ts";
import type { HostView } from "../hosts/view.ts";

/** A file system as the spec declares it. */
export type FilesystemSpec = Ocfs2ClusterSpec["filesystems"][number];
/** A node as the status records it. */
export type NodeStatus = NonNullable<Ocfs2ClusterStatus["nodes"]>[number];
/** A file system as the status records it. */
export type FilesystemStatus = NonNullable<Ocfs2ClusterStatus["filesystems"]>[number];

/** Everything that the plan of a cluster depends on, as plain data. */
export interface ClusterObservation {
  readonly owner: Owner;
  readonly spec: Ocfs2ClusterSpec;
  /** Uids of former objects of this name whose marks this one has taken over. */
  readonly formerUIDs: readonly string[];
  /** What a person has approved by an annotation. */
  readonly approved: string | undefined;
  /** The timeouts that are in effect now, as recorded in the status. */
  readonly timeouts: O2cbTimeouts | undefined;
  /** The nodes of the spec by number, then removed nodes that have not left yet. */
  readonly nodes: readonly ObservedNode[];
  /** The file systems of the spec in its order, then removed ones that may still be mounted. */
  readonly filesystems: readonly ObservedFilesystem[];
}

/** One node as one cluster sees it. */
export type ObservedNode = O2cbNode & {
  /** Name of the XenHost. */
  readonly host: string;
  readonly listed: boolean;
} & (
    | {
        readonly state: "NotFound";
        /** Why the machine may be running nevertheless. */
        readonly heard: string | undefined;
      }
    | { readonly state: "Invalid"; readonly message: string }
    | {
        readonly state: "Found";
        readonly spec: XenHostSpec;
        readonly view: HostView;
        /** The facts are younger than every spec that matters here. */
        readonly fresh: boolean;
        /** The host may be changed: its host key is recorded. */
        readonly trusted: boolean;
        /**
         * The message of a host that sees the node's heartbeat while the node does not answer; undefined: none sees it.
         */
        readonly beats: string | undefined;
        /** The host was never reached, so nothing was ever done there. */
        readonly neverReached: boolean;
        /** Why it cannot be a node of this cluster. */
        readonly rival: Rival | undefined;
        /** Work of this cluster on the host has not ended, or no probe has shown its effect yet. */
        readonly busy: boolean;
        /** remove-cluster has succeeded there since this process began. */
        readonly removed: boolean;
        /** New reports of its kernel in the last minutes. */
        readonly troubles: readonly KernelTrouble[];
      }
  );

/** A node's identity in the cluster. */
export type NodeName = Pick<ObservedNode, "host" | "number" | "name" | "address" | "port" | "listed">;

/** Why a host cannot be a node of this cluster. */
export interface Rival {
  readonly reason: "NodeInOtherCluster" | "SameMachine";
  readonly message: string;
}

/** A file system that the cluster has, or had. */
export interface ObservedFilesystem {
  readonly label: string;
  /** Undefined: it was removed from the spec, and must be unmounted. */
  readonly spec: FilesystemSpec | undefined;
  readonly recorded: FilesystemStatus | undefined;
  readonly volume: ObservedVolume;
  /** Hosts other than our mounted nodes that write heartbeats to it. */
  readonly strangers: Strangers;
  /** Nodes that have it mounted, or had it when they last reported. */
  readonly holders: readonly Holder[];
  /** The host on which mkfs runs for us, or has ended but no probe has shown the effect yet. */
  readonly formatting: string | undefined;
  /** Hosts on which work for it runs, or has ended but no probe has shown the effect yet. */
  readonly busyOn: readonly string[];
  /** Hosts on which growing it succeeded since this process began; trying again would change nothing. */
  readonly grownOn: readonly string[];
}

/** The AoeVolume of a file system. */
export type ObservedVolume =
  | { readonly state: "NotFound"; readonly name: string }
  | { readonly state: "Taken"; readonly name: string; readonly message: string }
  | {
      readonly state: "Found";
      readonly name: string;
      /** /dev/etherd/e0.1 */
      readonly device: string;
      /** The size that its server exports; undefined while it exports nothing. */
      readonly sizeBytes: number | undefined;
      /** Names of the XenHosts that see it: up, with the right size, from the right server. */
      readonly attached: readonly string[];
      /** Why it is not exported, or why that is unknown. */
      readonly problem: string | undefined;
      /** Its server acknowledges a write only when the data is on the disk. */
      readonly synced: boolean;
      /** Short host name of its server, with which the server answers. */
      readonly serverName: string | undefined;
    };

/** A node with the file system mounted. */
export interface Holder {
  readonly host: string;
  /** When it was first seen mounted, monotonic milliseconds. */
  readonly since: number;
  /** Its heartbeat did not go on between two looks. */
  readonly silent: boolean;
}

/** Hosts that are not mounted nodes of ours but write heartbeats. `Unsure`: another look is needed. */
export type Strangers =
  | { readonly kind: "None" }
  | { readonly kind: "Unsure" }
  | { readonly kind: "Alive"; readonly numbers: readonly number[] };

/** A node that can be assessed and changed. */
export type ReadyNode = Extract<ObservedNode, { state: "Found" }> & { readonly facts: HostFacts };

/** The node, if its facts may be acted on. */
export function readyNode(node: ObservedNode): ReadyNode | undefined {
  if (node.state !== "Found" || node.view.state !== "Reachable" || !node.fresh || !node.trusted) return undefined;
  if (node.rival !== undefined || wrongName(node, node.view.snapshot.facts) !== undefined) return undefined;
  return { ...node, facts: node.view.snapshot.facts };
}

/** The name of the machine if it is not the one it must have; undefined when it is right. */
export function wrongName({ name }: Pick<ObservedNode, "name">, { identity }: HostFacts): string | undefined {
  // O2CB compares without case.
  if (identity.state !== "known" || identity.value.hostname.toLowerCase() === name.toLowerCase()) return undefined;
  return identity.value.hostname;
}

/** Nodes of the spec. */
export const listedNodes = ({ nodes }: ClusterObservation) => nodes.filter(({ listed }) => listed);
/** Nodes that the spec no longer lists and the status still has. */
export const leavingNodes = ({ nodes }: ClusterObservation) => nodes.filter(({ listed }) => !listed);
