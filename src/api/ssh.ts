import { z } from "zod";
import { setOf } from "./lists.ts";
import { localRefSchema } from "./references.ts";
import { textOf } from "./text.ts";

/** How to reach a host. Shared by AoeServer and XenHost. */
export const sshSchema = z
  .object({
    host: textOf(
      /^[A-Za-z0-9:]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/,
      253,
      "a host name or an IP address, without user or port",
    ).describe("Host name or IP address."),
    port: z.int().min(1).max(65535).default(22).describe("TCP port of the SSH server."),
    user: textOf(/^[a-z_][a-z0-9_-]{0,31}$/, 32, "a Unix user name")
      .default("root")
      .describe("User to log in as. Any user other than root needs become: Sudo."),
    privateKeySecretRef: localRefSchema.describe(
      "Secret of type kubernetes.io/ssh-auth: ssh-privatekey, and optionally ssh-passphrase and known_hosts.",
    ),
    hostKeys: setOf(
      textOf(
        /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}( [ -~]*)?$/,
        2048,
        "a public key in OpenSSH form, like 'ssh-ed25519 AAAA…'",
      ),
      { max: 16 },
    )
      .optional()
      .describe(
        "Public keys of the host, as in its /etc/ssh/ssh_host_*_key.pub; when omitted, known_hosts of the Secret is used.",
      ),
    hostKeyPolicy: z
      .enum(["Pinned", "TrustOnFirstUse"])
      .default("Pinned")
      .describe(
        "Pinned: only declared keys are accepted. TrustOnFirstUse: the first key seen is recorded in status and enforced from then on.",
      ),
    become: z
      .enum(["None", "Sudo"])
      .default("None")
      .describe("Sudo: commands run under sudo -n, which must not ask for a password."),
  })
  .describe("How to reach the host over SSH.");
/** spec.ssh of an AoeServer or XenHost, parsed and with its defaults. */
export type SshSpec = z.infer<typeof sshSchema>;

/** Whether xensan changes a machine at all. */
export const managementSchema = z
  .enum(["Manage", "Observe"])
  .default("Manage")
  .describe(
    "Manage: xensan changes the machine to match. Observe: it is only probed; nothing is written, installed, mounted, formatted, started or claimed on it, and the steps that would run are in status.plan of the object that needs them.",
  );

/** Whether xensan may install packages on a host. */
export const packagesPolicySchema = z
  .enum(["Manage", "Observe"])
  .default("Manage")
  .describe("Manage: missing packages are installed. Observe: missing packages are only reported.");
