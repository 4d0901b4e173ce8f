import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import type { KernelTrouble, O2cbNode, O2cbTimeouts } from "../../host/ocfs2-facts.ts";
import type { Owner } from "../../host/values.ts";
import type { HostView } from "../hosts/view.ts";

/** A file system as the spec declares it. */
export type FilesystemSpec = Ocfs2ClusterSpec["filesystems"][number];
/** A node as the status has it. */
export type NodeStatus = NonNullable<Ocfs2ClusterStatus["nodes"]>[number];
/** A file system as the status has it. */
export type FilesystemStatus = NonNullable<Ocfs2ClusterStatus["filesystems"]>[number];

/** Everything the plan of a cluster depends on, as plain data. */
export interface ClusterObservation {
  readonly owner: Owner;
  readonly spec: Ocfs2ClusterSpec;
  /** What a person has approved by an annotation. */
  readonly approved: string | undefined;
  /** What the status kept of the timeouts: those that hold now. */
  readonly timeouts: O2cbTimeouts | undefined;
  /** Those of the spec by number, then those that were taken out of it and have not left yet. */
  readonly nodes: readonly ObservedNode[];
  /** Those of the spec in its order, then those that were taken out of it and may still be mounted. */
  readonly filesystems: readonly ObservedFilesystem[];
}

/** One node through the eyes of one cluster. */
export type ObservedNode = O2cbNode & {
  /** Name of the XenHost. */
  readonly host: string;
  readonly listed: boolean;
} & (
    | { readonly state: "NotFound" }
    | { readonly state: "Invalid"; readonly message: string }
    | {
        readonly state: "Found";
        readonly spec: XenHostSpec;
        readonly view: HostView;
        /** The facts are younger than every spec that matters here. */
        readonly fresh: boolean;
        /** May be changed: its host key is one that somebody wrote down. */
        readonly trusted: boolean;
        /** Who sees its heartbeat while it cannot be asked; undefined: nobody. */
        readonly beats: string | undefined;
        /** Nobody ever got in: nothing was ever done there. */
        readonly neverReached: boolean;
        /** Why it cannot be a node of this cluster. */
        readonly rival: Rival | undefined;
        /** Work of this cluster on it that has not ended, or has not been checked yet. */
        readonly busy: boolean;
        /** remove-cluster has succeeded there since this process began. */
        readonly removed: boolean;
        /** What its kernel has reported anew within the last minutes. */
        readonly troubles: readonly KernelTrouble[];
      }
  );

/** A node by its place in the cluster. */
export type NodeName = Pick<ObservedNode, "host" | "number" | "name" | "address" | "port" | "listed">;

/** Why a host cannot be a node of this cluster. */
export interface Rival {
  readonly reason: "NodeInOtherCluster" | "SameMachine";
  readonly message: string;
}

/** A file system that the cluster has, or had. */
export interface ObservedFilesystem {
  readonly label: string;
  /** Undefined: it was taken out of the spec, and is unmounted. */
  readonly spec: FilesystemSpec | undefined;
  readonly recorded: FilesystemStatus | undefined;
  readonly volume: ObservedVolume;
  /** Who writes heartbeats to it. */
  readonly strangers: Strangers;
  /** Nodes that have it mounted, or had it when they last said. */
  readonly holders: readonly Holder[];
  /** The host on which mkfs runs for us, or has just ended and has not been looked at since. */
  readonly formatting: string | undefined;
  /** Hosts on which something is done for it, or has just ended and has not been looked at since. */
  readonly busyOn: readonly string[];
  /** Hosts on which growing it has been tried since this process began, and changed nothing more. */
  readonly grownOn: readonly string[];
}

/** The AoeVolume on which a file system is. */
export type ObservedVolume =
  | { readonly state: "NotFound"; readonly name: string }
  | { readonly state: "Taken"; readonly name: string; readonly message: string }
  | {
      readonly state: "Found";
      readonly name: string;
      /** /dev/etherd/e0.1 */
      readonly device: string;
      /** What its server serves; undefined while it serves nothing. */
      readonly sizeBytes: number | undefined;
      /** Names of the XenHosts that see it: up, of the right size, from the right server. */
      readonly attached: readonly string[];
      /** Why it is not served, or why that is unknown. */
      readonly problem: string | undefined;
      /** Its server acknowledges a write only when it is on the disk. */
      readonly synced: boolean;
      /** Short host name of its server, which answers with it. */
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

/** Hosts that are no mounted nodes of ours and write heartbeats all the same. `Unsure`: it takes another look. */
export type Strangers =
  | { readonly kind: "None" }
  | { readonly kind: "Unsure" }
  | { readonly kind: "Alive"; readonly numbers: readonly number[] };

/** A node about which something can be said and on which something can be done. */
export type ReadyNode = Extract<ObservedNode, { state: "Found" }> & { readonly facts: HostFacts };

/** The node with facts that may be acted upon. */
export function readyNode(node: ObservedNode): ReadyNode | undefined {
  if (node.state !== "Found" || node.view.state !== "Reachable" || !node.fresh || !node.trusted) return undefined;
  if (node.rival !== undefined || wrongName(node, node.view.snapshot.facts) !== undefined) return undefined;
  return { ...node, facts: node.view.snapshot.facts };
}

/** The name that the machine has instead of the one it must have; undefined when it is right. */
export function wrongName({ name }: Pick<ObservedNode, "name">, { identity }: HostFacts): string | undefined {
  // O2CB compares without case.
  if (identity.state !== "known" || identity.value.hostname.toLowerCase() === name.toLowerCase()) return undefined;
  return identity.value.hostname;
}

/** Nodes of the spec. */
export const listedNodes = ({ nodes }: ClusterObservation) => nodes.filter(({ listed }) => listed);
/** Nodes that the spec lists no longer and the status still knows. */
export const leavingNodes = ({ nodes }: ClusterObservation) => nodes.filter(({ listed }) => !listed);
