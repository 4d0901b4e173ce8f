import type { HostCommand } from "./command.ts";
import { matching } from "./values.ts";

/**
 * The machine that a command is meant for; the host checks it before the script does anything
 * (scripts/shared/addressee.sh).
 */
export interface Addressee {
  /** The recorded machine-id; undefined while none is recorded. */
  readonly machineId?: string | undefined;
  /** The objects that send the command. The first object of a kind to act on a machine holds its claim from then on. */
  readonly claims?: readonly Claim[];
  /** The holder whose claim a person gave to the caller, `CLUSTER NAMESPACE/NAME`. */
  readonly takes?: string | undefined;
}

/** The object that holds the claim on a machine, for its kind. */
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

/** `CLUSTER NAMESPACE/NAME`, as in claim files. */
export const holderText = ({ cluster, namespace, name }: ClaimHolder): string => `${cluster} ${namespace}/${name}`;

/** Parses a holder; missing parts are empty. */
export function parseHolder(text: string): ClaimHolder {
  const [cluster = "", object = ""] = text.split(" ");
  const [namespace = "", name = ""] = object.split("/");
  return { cluster, namespace, name };
}

/** Addresses the command: any other machine, and a machine that another object has claimed, refuses it. */
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

/** Whether a text that a person wrote names a holder. */
function isHolder(text: string): boolean {
  const holder = parseHolder(text);
  return (
    holderText(holder) === text && id.test(holder.cluster) && objectName.test(`${holder.namespace}/${holder.name}`)
  );
}
