import type { Owner } from "../../host/values.ts";
import { isMarkOf, parseMark } from "../identity.ts";
import { type ClusterObservation, type ObservedNode, readyNode } from "./observation.ts";

/** Nodes with the mark of another Ocfs2Cluster of this name, and its uid. */
interface Anew {
  readonly host: string;
  readonly uid: string;
}

/**
 * Uids in the marks on the nodes that this object has never taken over: a later object of this name wrote them. A
 * deletion that a backup restored must not undo what came after it.
 */
export function declaredAnew(cluster: ClusterObservation): Anew[] {
  const own = ["", cluster.owner.uid, ...cluster.formerUIDs];
  return cluster.nodes.flatMap((node) =>
    [...new Set(marksOn(cluster, node).map((mark) => parseMark(mark).uid))]
      .filter((uid) => !own.includes(uid))
      .map((uid) => ({ host: node.host, uid })),
  );
}

/** The marks with the name of this cluster in cluster.conf and fstab of a node. */
function marksOn({ owner }: ClusterObservation, node: ObservedNode): string[] {
  const entries = readyNode(node)?.facts.mountPoints;
  const persisted = entries?.state === "known" ? entries.value.flatMap((one) => one.persisted?.owner ?? []) : [];
  return [confMark(node), ...persisted].filter((mark) => isMarkOf(owner, mark));
}

/** The mark in cluster.conf of a node; empty if there is none. */
export function confMark(node: ObservedNode): string {
  const o2cb = readyNode(node)?.facts.o2cb;
  const configuration = o2cb?.state === "known" ? o2cb.value.configuration : undefined;
  return configuration?.state === "Readable" ? configuration.owner : "";
}

/** Whether an API server may have issued the uid. */
export const isUid = (uid: string): boolean => /^[A-Za-z0-9-]{1,64}$/.test(uid);

/**
 * The owner for a command that removes what has this mark: a former object of this name, if the mark was not rewritten
 * yet. The scripts remove only what has exactly the mark that they are told.
 */
export function ownerUnder(mark: string, owner: Owner): Owner {
  const { uid } = parseMark(mark);
  return isMarkOf(owner, mark) && isUid(uid) ? { ...owner, uid } : owner;
}
