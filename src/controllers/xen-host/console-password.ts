import { createHash } from "node:crypto";
import { secretFinalizer } from "../../api/common.ts";
import type { Reason } from "../../api/reasons.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import { consolePasswordAccepted } from "../../host/xen-values.ts";
import type { Secret } from "../../runtime/kinds.ts";
import { mostValueBytes } from "../secret/credentials.ts";

/** The password of xend's VNC consoles. Only its revision is printed or reported, never the password itself. */
export type ConsolePassword =
  /** The spec refers to none: the password in the file stays. */
  | { readonly kind: "None" }
  | { readonly kind: "Problem"; readonly reason: Reason; readonly message: string }
  | { readonly kind: "Found"; readonly text: string; readonly revision: string };

const basicAuth = "kubernetes.io/basic-auth";

/**
 * The password that the spec of the XenHost `host` refers to. It is sent to that machine, so the Secret lists in its
 * key `hosts` the hosts that may have it: a user who may only create a XenHost cannot have another's password sent to a
 * machine of their own.
 */
export function consolePassword(
  host: string,
  { relocation }: Pick<XenHostSpec, "relocation">,
  secretNamed: (name: string) => Secret | undefined,
): ConsolePassword {
  const { vncPasswordSecretRef } = relocation;
  if (vncPasswordSecretRef === undefined) return { kind: "None" };
  const { name } = vncPasswordSecretRef;
  const problem = (reason: Reason, message: string) => ({
    kind: "Problem" as const,
    ...{ reason, message: `spec.relocation.vncPasswordSecretRef: Secret ${name} ${message}` },
  });
  const secret = secretNamed(name);
  if (secret === undefined)
    return problem("SecretNotFound", `does not exist: create it with type ${basicAuth} and a password`);
  if (secret.type !== basicAuth)
    return problem(
      "CredentialInvalid",
      `has type ${secret.type ?? "Opaque"}; it must be ${basicAuth}. The type cannot be changed: delete it and create it again`,
    );
  for (const [key, bytes] of Object.entries(secret.omitted ?? {}))
    return bytes > mostValueBytes
      ? problem("CredentialInvalid", `has ${bytes} bytes of ${key}; at most ${mostValueBytes} are accepted`)
      : problem(
          "Pending",
          `has ${bytes} bytes of ${key}; xensan reads them after it has added the finalizer ${secretFinalizer}`,
        );
  const hosts = decoded(secret.data?.hosts)
    .split(/[\s,]+/)
    .filter((entry) => entry !== "");
  if (!hosts.includes(host))
    return problem(
      "CredentialNotForHost",
      `${hosts.length === 0 ? "lists no hosts" : `is for other hosts (hosts: ${told(hosts)})`}: its key hosts must list ${host} (several names are separated by commas)`,
    );
  const text = decoded(secret.data?.password);
  if (!consolePasswordAccepted.pattern.test(text))
    return problem(
      "CredentialInvalid",
      `must hold a password of ${consolePasswordAccepted.words}: VNC does not support longer passwords`,
    );
  const { uid = "", resourceVersion = "" } = secret.metadata;
  const revision = createHash("sha256").update(`${uid}/${resourceVersion}`).digest("hex").slice(0, 16);
  return { kind: "Found", text, revision };
}

const decoded = (value = "") => Buffer.from(value, "base64").toString("utf8");

/** Short enough for a condition, whatever the Secret holds; host names only, so that nothing else of it is printed. */
function told(hosts: readonly string[]): string {
  const names = hosts.filter((host) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(host)).slice(0, 8);
  return names.length === hosts.length ? names.join(", ") : [...names, "…"].join(", ");
}
