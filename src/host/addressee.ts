import type { HostCommand } from "./command.ts";
import { matching } from "./values.ts";

/** Whom a command is meant for; the host compares before the script does anything (scripts/shared/addressee.sh). */
export interface Addressee {
  /** The machine-id that was recorded; undefined while none is. */
  readonly machineId?: string | undefined;
  /** The objects that speak. The first of a kind that acts on a machine has it from then on. */
  readonly claims?: readonly Claim[];
  /** Whose claim a person gave to the caller, `CLUSTER NAMESPACE/NAME`. */
  readonly takes?: string | undefined;
}

/** Who has a machine, for its kind of object. */
export interface ClaimHolder {
  /** Id of the management cluster: the uid of its namespace kube-system. */
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
}

/** The claim on a machine: which object of which management cluster manages it. */
export interface Claim extends ClaimHolder {
  readonly kind: "AoeServer" | "XenHost";
}

const id = /^[A-Za-z0-9-]{1,64}$/;
const objectName = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/;

/** `CLUSTER NAMESPACE/NAME`, as claim files have it. */
export const holderText = ({ cluster, namespace, name }: ClaimHolder): string => `${cluster} ${namespace}/${name}`;

/** Reads a holder's text; what is missing is empty. */
export function parseHolder(text: string): ClaimHolder {
  const [cluster = "", object = ""] = text.split(" ");
  const [namespace = "", name = ""] = object.split("/");
  return { cluster, namespace, name };
}

/** The command, refused by every machine but the one that is meant, and by one that somebody else has. */
export function addressed(command: HostCommand, { machineId, claims = [], takes }: Addressee): HostCommand {
  const words = [
    ...(machineId === undefined ? [] : [`machine=${matching("machineID", machineId, id, "a machine-id")}`]),
    ...(takes === undefined || !isHolder(takes) ? [] : [`takes=${takes}`]),
    ...claims.map(
      ({ kind, cluster, namespace, name }) =>
        `claim=${kind} ${matching("cluster", cluster, id, "an id")} ${matching("object", `${namespace}/${name}`, objectName, "namespace/name")}`,
    ),
  ];
  return words.length === 0 ? command : { ...command, args: [...words, ...command.args] };
}

/** Whether a person's text names a holder. */
function isHolder(text: string): boolean {
  const holder = parseHolder(text);
  return (
    holderText(holder) === text && id.test(holder.cluster) && objectName.test(`${holder.namespace}/${holder.name}`)
  );
}
