import { describe, expect, it } from "vitest";
import { credentialTypes, onlyCredentials } from "../../../src/controllers/secret/credentials.ts";
import { type Secret, secretKind } from "../../../src/runtime/kinds.ts";
import type { ListOptions } from "../../../src/runtime/kube-api.ts";
import { createLogger } from "../../../src/runtime/log.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { ApiServer } from "../../simulation/world/kube/api-server.ts";
import { toJsonObject } from "../../simulation/world/kube/json.ts";
import { connectKubeApi } from "../../simulation/world/kube/kube-client.ts";
import { seeded } from "../../simulation/world/random.ts";
import { VirtualClock } from "../../simulation/world/virtual-clock.ts";

const secret = (name: string, type: string, data: Record<string, string>) => ({
  metadata: {
    name,
    namespace: "lab",
    labels: { a: "b" },
    ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "owner", uid: "1" }],
  },
  type,
  data,
});
const base64 = (text: string) => Buffer.from(text).toString("base64");

function mirrored() {
  const clock = new VirtualClock(seeded("secrets"));
  const server = new ApiServer({ now: () => clock.now(), random: seeded("uid") });
  const kind = server.kindNamed("Secret");
  const create = (object: object) => server.create(kind, toJsonObject(object));
  const asked: ListOptions[] = [];
  const api = connectKubeApi({ server, clock });
  const reflectors = credentialTypes.map(
    (type) =>
      new Reflector<Secret>({
        api: onlyCredentials({
          ...api,
          list(of, options) {
            asked.push(options ?? {});
            return api.list(of, options);
          },
        }),
        kind: secretKind,
        clock,
        log: createLogger({ level: "silent", clock }),
        fieldSelector: `type=${type}`,
        pageSize: 10,
      }),
  );
  return { clock, create, asked, reflectors };
}

/** Comments and keys of a thousand other hosts, as in a site-wide known_hosts. */
const longKnownHosts = (own: string) => `${"# another host\n".repeat(10_000)}${own}`;

describe("Secrets of others", () => {
  it("are not even asked for when their type is another, listed in small pages else, and kept without their data", async () => {
    const { clock, create, asked, reflectors } = mirrored();
    create(secret("opaque", "Opaque", { "ssh-privatekey": base64("x") }));
    create(secret("key", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k"), other: base64("y".repeat(1000)) }));
    create(secret("login", "kubernetes.io/basic-auth", { username: base64("u"), password: base64("p") }));
    for (let index = 0; index < 15; index += 1)
      create(secret(`more-${index}`, "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k") }));
    const stop = new AbortController();
    const running = reflectors.map((reflector) => reflector.run(stop.signal));
    const large = base64(longKnownHosts(""));
    create(secret("large", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k"), known_hosts: large }));
    const held = secret("held", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k"), known_hosts: large });
    create({ ...held, metadata: { ...held.metadata, finalizers: ["xensan.dev/in-use"] } });
    await clock.advance(1000);
    create(secret("late", "Opaque", { "ssh-privatekey": base64("x") }));
    create(secret("later", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("l"), junk: base64("j") }));
    await clock.advance(1000);
    stop.abort();
    await clock.advance(1000);
    await Promise.all(running);
    expect(asked.map(({ fieldSelector, limit, continue: next }) => [fieldSelector, limit, next !== undefined])).toEqual(
      expect.arrayContaining([
        ["type=kubernetes.io/ssh-auth", 10, false],
        ["type=kubernetes.io/ssh-auth", 10, true],
        ["type=kubernetes.io/basic-auth", 10, false],
      ]),
    );
    const kept = reflectors
      .flatMap(({ store }) => store.list())
      .filter(({ metadata }) => !/^more-/.test(metadata.name));
    const told = (data: Record<string, string> = {}) =>
      Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, value === large ? "the whole of it" : value]),
      );
    const one = ({ metadata, data }: Secret) => ({
      name: metadata.name,
      extra: Object.keys(metadata).filter((key) => /^(labels|annotations|managedFields|ownerReferences)$/.test(key)),
      data: told(data),
    });
    expect(kept.map(one).toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: "held", extra: [], data: { "ssh-privatekey": base64("k"), known_hosts: "the whole of it" } },
      { name: "key", extra: [], data: { "ssh-privatekey": base64("k") } },
      { name: "large", extra: [], data: { "ssh-privatekey": base64("k") } },
      { name: "later", extra: [], data: { "ssh-privatekey": base64("l") } },
      { name: "login", extra: [], data: { password: base64("p") } },
    ]);
  });
});
