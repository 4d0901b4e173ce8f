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

/** The claim on a machine: which object of which management cluster manages it. */
export interface Claim {
  readonly kind: "AoeServer" | "XenHost";
  /** Id of the management cluster: the uid of its namespace kube-system. */
  readonly cluster: string;
  /** `namespace/name` */
  readonly object: string;
}

const id = /^[A-Za-z0-9-]{1,64}$/;
const objectName = /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/;

/** The command, refused by every machine but the one that is meant, and by one that somebody else has. */
export function addressed(command: HostCommand, { machineId, claims = [], takes }: Addressee): HostCommand {
  const words = [
    ...(machineId === undefined ? [] : [`machine=${matching("machineID", machineId, id, "a machine-id")}`]),
    ...(takes === undefined || !isHolder(takes) ? [] : [`takes=${takes}`]),
    ...claims.map(
      ({ kind, cluster, object }) =>
        `claim=${kind} ${matching("cluster", cluster, id, "an id")} ${matching("object", object, objectName, "namespace/name")}`,
    ),
  ];
  return words.length === 0 ? command : { ...command, args: [...words, ...command.args] };
}

/** `CLUSTER NAMESPACE/NAME` */
function isHolder(text: string): boolean {
  const [cluster = "", object = "", ...rest] = text.split(" ");
  return rest.length === 0 && id.test(cluster) && objectName.test(object);
}
