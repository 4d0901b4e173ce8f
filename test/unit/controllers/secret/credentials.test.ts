import { describe, expect, it } from "vitest";
import {
  credentialTypes,
  hasMoreValues,
  onlyCredentials,
  withoutForeignData,
} from "../../../../src/controllers/secret/credentials.ts";
import { type Secret, secretKind } from "../../../../src/runtime/kinds.ts";
import type { ListOptions } from "../../../../src/runtime/kube-api.ts";
import { createLogger } from "../../../../src/runtime/log.ts";
import { Reflector } from "../../../../src/runtime/reflector.ts";
import { ApiServer } from "../../../simulation/world/kube/api-server.ts";
import { toJsonObject } from "../../../simulation/world/kube/json.ts";
import { connectKubeApi } from "../../../simulation/world/kube/kube-client.ts";
import { seeded } from "../../../simulation/world/random.ts";
import { VirtualClock } from "../../../simulation/world/virtual-clock.ts";

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

function mirrored(referenced: ReadonlySet<string>) {
  const clock = new VirtualClock(seeded("secrets"));
  const server = new ApiServer({ now: () => clock.now(), random: seeded("uid") });
  const kind = server.kindNamed("Secret");
  const create = (object: object) => server.create(kind, toJsonObject(object));
  const asked: ListOptions[] = [];
  const api = connectKubeApi({ server, clock });
  const reflectors = credentialTypes.map(
    (type) =>
      new Reflector<Secret>({
        api: onlyCredentials(
          {
            ...api,
            list(of, options) {
              asked.push(options ?? {});
              return api.list(of, options);
            },
          },
          ({ name }) => referenced.has(name),
        ),
        hasMore: hasMoreValues,
        kind: secretKind,
        clock,
        log: createLogger({ level: "silent", clock }),
        fieldSelector: `type=${type}`,
        pageSize: 10,
      }),
  );
  return { clock, create, api, asked, reflectors };
}

/** Comments and keys of a thousand other hosts, as in a site-wide known_hosts. */
const longKnownHosts = (own: string) => `${"# another host\n".repeat(10_000)}${own}`;

describe("Secrets of others", () => {
  it("are not even asked for when their type is another, listed in small pages else, and kept without their data", async () => {
    const named = new Set(["key", "login", "large", "later", "huge"]);
    const { clock, create, asked, reflectors } = mirrored(named);
    create(secret("opaque", "Opaque", { "ssh-privatekey": base64("x") }));
    create(secret("key", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k"), other: base64("y".repeat(1000)) }));
    create(secret("login", "kubernetes.io/basic-auth", { username: base64("u"), password: base64("p") }));
    for (let index = 0; index < 15; index += 1)
      create(secret(`more-${index}`, "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k") }));
    const stop = new AbortController();
    const running = reflectors.map((reflector) => reflector.run(stop.signal));
    const large = base64(longKnownHosts(""));
    create(secret("large", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k"), known_hosts: large }));
    create(secret("huge", "kubernetes.io/ssh-auth", { known_hosts: base64("#".repeat(300_000)) }));
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
    const one = ({ metadata, data, omitted }: Secret) => ({
      name: metadata.name,
      extra: Object.keys(metadata).filter((key) => /^(labels|annotations|managedFields|ownerReferences)$/.test(key)),
      data: told(data),
      ...(omitted === undefined ? {} : { omitted }),
    });
    expect(kept.map(one).toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: "held", extra: [], data: {}, omitted: { "ssh-privatekey": 1, known_hosts: 150_000 } },
      { name: "huge", extra: [], data: {}, omitted: { known_hosts: 300_000 } },
      { name: "key", extra: [], data: { "ssh-privatekey": base64("k") } },
      { name: "large", extra: [], data: { "ssh-privatekey": base64("k"), known_hosts: "the whole of it" } },
      { name: "later", extra: [], data: { "ssh-privatekey": base64("l") } },
      { name: "login", extra: [], data: { password: base64("p") } },
    ]);
  });

  it("cost a few hundred bytes each while no host refers to them, with or without the finalizer", async () => {
    const { clock, create, reflectors } = mirrored(new Set());
    for (let index = 0; index < 100; index += 1) {
      const one = secret(`${index}`, "kubernetes.io/ssh-auth", {
        "ssh-privatekey": base64("k".repeat(10_000)),
        "ssh-passphrase": base64("p".repeat(10_000)),
      });
      const finalizers = index % 2 === 0 ? [] : ["xensan.dev/in-use"];
      create({ ...one, metadata: { ...one.metadata, finalizers } });
    }
    const stop = new AbortController();
    const running = reflectors.map((reflector) => reflector.run(stop.signal));
    await clock.advance(1000);
    stop.abort();
    await clock.advance(1000);
    await Promise.all(running);
    const kept = reflectors.flatMap(({ store }) => store.list());
    expect(kept.length).toBe(100);
    expect(JSON.stringify(kept).length).toBeLessThan(100 * 512);
  });

  it("are whole once a host refers to them and they are read again, although their version is the same", async () => {
    const referenced = new Set<string>();
    const { clock, create, api, reflectors } = mirrored(referenced);
    create(secret("key", "kubernetes.io/ssh-auth", { "ssh-privatekey": base64("k") }));
    const stop = new AbortController();
    const running = reflectors.map((reflector) => reflector.run(stop.signal));
    await clock.advance(1000);
    const [store] = reflectors.map((reflector) => reflector.store).filter(({ size }) => size > 0);
    const value = () => store?.get({ namespace: "lab", name: "key" })?.data?.["ssh-privatekey"];
    expect(value()).toBeUndefined();
    referenced.add("key");
    const reading = api.get(secretKind, { namespace: "lab", name: "key" });
    await clock.advance(1000);
    const whole = await reading;
    store?.observe(withoutForeignData(whole, true));
    expect(value()).toBe(base64("k"));
    // Nothing is lost to a copy that was read before.
    store?.observe(withoutForeignData(whole, false));
    expect(value()).toBe(base64("k"));
    stop.abort();
    await clock.advance(1000);
    await Promise.all(running);
  });
});
