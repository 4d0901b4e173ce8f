import type { PlanStep } from "../../api/plan-step.ts";
import type { Reason } from "../../api/reasons.ts";
import type { HostCommand } from "../../host/command.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { type ObservedNode, wrongName } from "./observation.ts";

/** A step of a cluster on one node. Steps with the same `work` run in order, others in parallel. */
export interface ClusterStep extends Step {
  /** Label of the file system; empty for steps that concern the node as a whole. */
  readonly work: string;
}

/** What must be stored in the status before anything else is done. */
export type Write =
  | { readonly kind: "Uuid"; readonly label: string; readonly uuid: string }
  | { readonly kind: "Intent"; readonly label: string; readonly host: string }
  | { readonly kind: "Timeouts" };

/** The result of one `ensure…` function of a cluster. */
export interface ClusterFinding {
  readonly conditions: readonly ConditionUpdate[];
  readonly steps: readonly ClusterStep[];
  readonly writes: readonly Write[];
  /** Steps that are not known exactly yet, as a dry run shows them. */
  readonly previews: readonly PlanStep[];
  /** True: another probe some seconds later would tell more. */
  readonly lookAgain: boolean;
}

/** A finding without conditions or steps. */
export const nothingFound: ClusterFinding = { conditions: [], steps: [], writes: [], previews: [], lookAgain: false };

/** Joins several findings. */
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

/** What one condition reports for one node or one file system. */
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

/**
 * Joins assessments to one condition: False outweighs Unknown, and what a person must mend outweighs what passes by
 * itself.
 */
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

/** Why a node can be neither assessed nor changed; undefined when it can. */
export function nodeProblem(node: ObservedNode): Assessment | undefined {
  const { host } = node;
  if (node.state === "NotFound") {
    const heard = node.heard === undefined ? "" : `. ${node.heard}`;
    return bad(
      host,
      "NodeNotFound",
      `XenHost ${host} does not exist: create it, or remove the node from the spec${heard}`,
    );
  }
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
