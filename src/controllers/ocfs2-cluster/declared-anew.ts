import { othersIn } from "../former-uids.ts";
import { type ClusterObservation, type ObservedNode, readyNode } from "./observation.ts";

/** Nodes with the mark of another Ocfs2Cluster of this name, and its uid. */
interface Anew {
  readonly host: string;
  readonly uid: string;
}

/** Uids of other objects of this name in the marks on the nodes. */
export const declaredAnew = (cluster: ClusterObservation): Anew[] =>
  cluster.nodes.flatMap((node) =>
    othersIn(marksOn(node), cluster.owner, cluster.formerUIDs).map((uid) => ({ host: node.host, uid })),
  );

/** The marks in cluster.conf and fstab of a node. */
function marksOn(node: ObservedNode): string[] {
  const entries = readyNode(node)?.facts.mountPoints;
  const persisted = entries?.state === "known" ? entries.value.flatMap((one) => one.persisted?.owner ?? []) : [];
  return [confMark(node), ...persisted];
}

/** The mark in cluster.conf of a node; empty if there is none. */
export function confMark(node: ObservedNode): string {
  const o2cb = readyNode(node)?.facts.o2cb;
  const configuration = o2cb?.state === "known" ? o2cb.value.configuration : undefined;
  return configuration?.state === "Readable" ? configuration.owner : "";
}
