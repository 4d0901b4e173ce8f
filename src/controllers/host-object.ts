import { z } from "zod";
import type { AoeServer, XenHost } from "../api/kinds.ts";
import type { ParsedSpec } from "../api/parse.ts";
import type { SshSpec } from "../api/ssh.ts";
import { approvalThatCounts, approvedOf } from "./directives.ts";
import { type Endpoint, endpointOf } from "./hosts/endpoint.ts";
import type { Remembered } from "./hosts/machine.ts";
import { keysIn } from "./identity.ts";

/** An object that represents a machine. */
export type HostObject = AoeServer | XenHost;

const namingSecrets = z.object({
  ssh: z.object({ privateKeySecretRef: z.object({ name: z.string() }) }).optional(),
  relocation: z.object({ vncPasswordSecretRef: z.object({ name: z.string() }).optional() }).optional(),
});

/** Names of the Secrets in its namespace that a host refers to, even in a spec that is otherwise invalid. */
export function secretNames({ spec }: HostObject): string[] {
  const { ssh, relocation } = namingSecrets.safeParse(spec).data ?? {};
  return [ssh?.privateKeySecretRef.name, relocation?.vncPasswordSecretRef?.name].flatMap((name) => name ?? []);
}

/** `namespace/name` of the Secrets that a host refers to. */
export const secretKeys = (host: HostObject): string[] => keysIn(host, secretNames(host));

/** Where the machine of an object is, as far as the spec can be read, and what the object remembers of it. */
export function standsFor<T extends HostObject>(
  object: T | undefined,
  parse: (object: T) => ParsedSpec<{ readonly ssh: SshSpec; readonly management: "Manage" | "Observe" }>,
): { readonly endpoint: Endpoint | undefined; readonly remembered: Remembered } | undefined {
  if (object === undefined) return undefined;
  const { metadata, status } = object;
  const parsed = parse(object);
  const management = parsed.ok ? parsed.spec.management : undefined;
  return {
    endpoint: parsed.ok ? endpointOf(metadata.namespace ?? "", parsed.spec.ssh) : undefined,
    remembered: {
      hostKey: status?.hostKey,
      machineId: status?.machineID,
      takes: approvedOf("Claim", { approved: approvalThatCounts(object) }),
      since: metadata.creationTimestamp,
      management,
    },
  };
}
