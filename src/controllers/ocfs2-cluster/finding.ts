import type { PlanStep } from "../../api/plan-step.ts";
import type { Reason } from "../../api/reasons.ts";
import type { HostCommand } from "../../host/command.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { type ObservedNode, wrongName } from "./observation.ts";

/** A step of a cluster on one node. Steps with the same `work` run one after the other, others side by side. */
export interface ClusterStep extends Step {
  /** Label of the file system; empty for what concerns the node as a whole. */
  readonly work: string;
}

/** What has to be in the status, safely, before anything else is done. */
export type Write =
  | { readonly kind: "Uuid"; readonly label: string; readonly uuid: string }
  | { readonly kind: "Intent"; readonly label: string; readonly host: string }
  | { readonly kind: "Timeouts" };

/** What one step of the reconcile found out. */
export interface ClusterFinding {
  readonly conditions: readonly ConditionUpdate[];
  readonly steps: readonly ClusterStep[];
  readonly writes: readonly Write[];
  /** Steps that cannot be said exactly yet, for people. */
  readonly previews: readonly PlanStep[];
  /** Another look some seconds later would tell more. */
  readonly lookAgain: boolean;
}

/** The finding of an `ensure…` that has nothing to say. */
export const nothingFound: ClusterFinding = { conditions: [], steps: [], writes: [], previews: [], lookAgain: false };

/** All findings in one. */
export function joined(findings: readonly ClusterFinding[]): ClusterFinding {
  return {
    conditions: findings.flatMap(({ conditions }) => conditions),
    steps: findings.flatMap(({ steps }) => steps),
    writes: findings.flatMap(({ writes }) => writes),
    previews: findings.flatMap(({ previews }) => previews),
    lookAgain: findings.some(({ lookAgain }) => lookAgain),
  };
}

/** A step on a node; `work` is the label of the file system that it is for, or empty. */
export function stepOn(host: string, command: HostCommand, work = ""): ClusterStep {
  return { ...stepOf(xenHost(host), command), work };
}

/** What one condition says of one node or file system. */
export interface Assessment {
  readonly subject: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: Reason;
  readonly message: string;
}

type Judge = (subject: string, reason: Reason, message: string) => Assessment;
/** An assessment that is True. */
export const fine: Judge = (subject, reason, message) => ({ subject, status: "True", reason, message });
/** An assessment that is False. */
export const bad: Judge = (subject, reason, message) => ({ subject, status: "False", reason, message });
/** An assessment that is Unknown. */
export const open: Judge = (subject, reason, message) => ({ subject, status: "Unknown", reason, message });

/** One condition of many assessments: False outweighs Unknown, and what a person has to mend outweighs what passes. */
export function together(
  type: string,
  assessments: readonly Assessment[],
  good: { readonly reason: Reason; readonly message: string },
): ConditionUpdate {
  const troubled = assessments.filter(({ status }) => status !== "True");
  const weight = ({ status, reason }: Assessment) => (status === "False" ? 0 : 2) + (passing.has(reason) ? 1 : 0);
  const [speaker] = troubled.toSorted((one, other) => weight(one) - weight(other));
  if (speaker !== undefined) {
    const message = troubled.map(({ subject, message: words }) => `${subject}: ${words}`).join("; ");
    return { type, status: speaker.status, reason: speaker.reason, message };
  }
  const odd = assessments.filter(({ reason }) => reason !== good.reason);
  const [first] = odd;
  if (first === undefined) return { type, status: "True", ...good };
  return {
    type,
    status: "True",
    reason: first.reason,
    message: odd.map((one) => `${one.subject}: ${one.message}`).join("; "),
  };
}

const passing = new Set(["Progressing", "Pending", "NotFormatted", "NotOnline", "Looking"]);

/** Why nothing can be said or done about a node; undefined when something can. */
export function nodeProblem(node: ObservedNode): Assessment | undefined {
  const { host } = node;
  if (node.state === "NotFound")
    return bad(host, "NodeNotFound", `XenHost ${host} does not exist: create it, or remove the node`);
  if (node.state === "Invalid")
    return bad(host, "NodeNotFound", `XenHost ${host} has an invalid spec: ${node.message}`);
  if (node.rival !== undefined) return bad(host, node.rival.reason, node.rival.message);
  if (node.view.state === "Unreachable")
    return open(host, "NodeUnreachable", `cannot be reached (${node.view.reason}): ${node.view.message}`);
  if (node.view.state === "Pending" || !node.fresh || !node.trusted)
    return open(host, "Pending", "Waiting for a probe");
  const other = wrongName(node, node.view.snapshot.facts);
  if (other === undefined) return undefined;
  return bad(
    host,
    "HostNameMismatch",
    `has the host name ${other}, but the node is ${node.name}: O2CB identifies a node by its host name only. Give the XenHost and the machine the same name`,
  );
}
