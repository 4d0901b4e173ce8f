import { describe, expect, it } from "vitest";
import { sshSchema } from "../../../../src/api/ssh.ts";
import { endpointOf, routeTo } from "../../../../src/controllers/hosts/endpoint.ts";
import { withoutForeignData } from "../../../../src/controllers/secret/credentials.ts";

const ssh = sshSchema.parse({ host: "bella.example", privateKeySecretRef: { name: "key" } });
const encoded = (text: string) => Buffer.from(text).toString("base64");

/** With a Secret as the operator keeps it in memory. */
function route(data: Record<string, string>, type = "kubernetes.io/ssh-auth", isReferenced = true) {
  const metadata = { namespace: "san", name: "key", uid: "u", resourceVersion: "7" };
  const values = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encoded(value)]));
  const secret = withoutForeignData({ apiVersion: "v1", kind: "Secret", metadata, type, data: values }, isReferenced);
  return routeTo(endpointOf("san", ssh), secret, undefined);
}
/** A site-wide known_hosts with comments, of the maximum length. */
const mostKnownHosts = `# a host\n`.repeat(30_000).slice(0, 256 * 1024);
const problem = (message: string) => ({ kind: "problem", reason: "CredentialInvalid", message });

describe("the way into a host", () => {
  it("is made of what its Secret holds", () => {
    expect(route({ "ssh-privatekey": "k", "ssh-passphrase": "p", known_hosts: mostKnownHosts })).toEqual({
      kind: "target",
      target: {
        host: "bella.example",
        port: 22,
        user: "root",
        become: "None",
        hostKeys: [],
        hostKeyPolicy: "Pinned",
        knownHosts: mostKnownHosts,
        credential: { privateKey: "k", passphrase: "p", version: "u/7" },
      },
    });
  });

  it("is not taken by less than its Secret declares, before that is held and read whole", () => {
    const known = { "ssh-privatekey": "k", known_hosts: mostKnownHosts };
    expect(route(known, "kubernetes.io/ssh-auth", false)).toEqual({
      kind: "problem",
      reason: "Pending",
      message:
        "Secret san/key has 1 bytes of ssh-privatekey; xensan reads them after it has added the finalizer xensan.dev/in-use",
    });
    expect(route(known)).toMatchObject({ kind: "target", target: { knownHosts: mostKnownHosts } });
  });

  it.each<[string, ReturnType<typeof route>, string]>([
    [
      "of another type",
      route({ "ssh-privatekey": "k" }, "Opaque"),
      "Secret san/key has type Opaque; it must be kubernetes.io/ssh-auth. The type cannot be changed: delete it and create it again",
    ],
    ["without a key", route({}), "Secret san/key has no ssh-privatekey: add an OpenSSH private key under that name"],
    [
      "with known hosts without an end, which somebody would have to look through",
      route({ "ssh-privatekey": "k", known_hosts: "é".repeat(128 * 1024 + 1) }),
      "Secret san/key has 262146 bytes of known_hosts; at most 262144 are accepted",
    ],
    [
      "with a key that is none",
      route({ "ssh-privatekey": "k".repeat(16 * 1024 + 1) }),
      "Secret san/key has 16385 bytes of ssh-privatekey; at most 16384 are accepted",
    ],
    [
      "with more hashed names than a site has hosts",
      route({ "ssh-privatekey": "k", known_hosts: "|1|a|b ssh-rsa AAAAB3NzaC1yc2EA\n".repeat(2049) }),
      "Secret san/key has 2049 hashed names in known_hosts; at most 2048 are accepted: keep only the lines of the hosts that use the Secret",
    ],
    [
      "with patterns without an end",
      route({ "ssh-privatekey": "k", known_hosts: `bella,${"*a".repeat(8192)},?,${"x*".repeat(8192)} ssh-rsa AAAA\n` }),
      "Secret san/key has 32769 characters of patterns in known_hosts; at most 32768 are accepted: keep only the lines of the hosts that use the Secret",
    ],
  ])("is not found in a Secret %s", (_name, found, message) => {
    expect(found).toEqual(problem(message));
  });
});
