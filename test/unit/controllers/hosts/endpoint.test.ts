import { describe, expect, it } from "vitest";
import { sshSchema } from "../../../../src/api/ssh.ts";
import { endpointOf, routeTo } from "../../../../src/controllers/hosts/endpoint.ts";

const ssh = sshSchema.parse({ host: "bella.example", privateKeySecretRef: { name: "key" } });
const encoded = (text: string) => Buffer.from(text).toString("base64");

function route(data: Record<string, string>, type = "kubernetes.io/ssh-auth") {
  const metadata = { namespace: "san", name: "key", uid: "u", resourceVersion: "7" };
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    type,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encoded(value)])),
  } as const;
  return routeTo(endpointOf("san", ssh), secret, undefined);
}
const problem = (message: string) => ({ kind: "problem", reason: "CredentialInvalid", message });

describe("the way into a host", () => {
  it("is made of what its Secret holds", () => {
    expect(route({ "ssh-privatekey": "k", "ssh-passphrase": "p", known_hosts: "h".repeat(32 * 1024) })).toEqual({
      kind: "target",
      target: {
        host: "bella.example",
        port: 22,
        user: "root",
        become: "None",
        hostKeys: [],
        hostKeyPolicy: "Pinned",
        knownHosts: "h".repeat(32 * 1024),
        credential: { privateKey: "k", passphrase: "p", version: "u/7" },
      },
    });
  });

  it.each<[string, ReturnType<typeof route>, string]>([
    [
      "of another type",
      route({ "ssh-privatekey": "k" }, "Opaque"),
      "Secret san/key has type Opaque; it must be kubernetes.io/ssh-auth. The type cannot be changed: delete it and create it again",
    ],
    ["without a key", route({}), "Secret san/key has no ssh-privatekey: put an OpenSSH private key there"],
    [
      "with known hosts without an end, which somebody would have to look through",
      route({ "ssh-privatekey": "k", known_hosts: "é".repeat(16 * 1024 + 1) }),
      "Secret san/key has 32770 bytes of known_hosts, at most 32768 are accepted: keep the lines of the hosts that use it",
    ],
  ])("is not found in a Secret %s", (_name, found, message) => {
    expect(found).toEqual(problem(message));
  });
});
