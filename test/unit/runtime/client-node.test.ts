import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorFrom } from "../../../src/runtime/client-node/answers.ts";
import { linesOf } from "../../../src/runtime/client-node/lines.ts";
import { collectionPath, objectPath } from "../../../src/runtime/client-node/paths.ts";
import { configSource, textSource } from "../../../src/runtime/client-node.ts";
import { eventKind, secretKind } from "../../../src/runtime/kinds.ts";

describe("the lines of a watch", () => {
  it("arrive whole, however the network cut them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: "grapheme", minLength: 1 }).filter((line) => line.trim() !== "" && !line.includes("\n")),
        ),
        fc.integer({ min: 1, max: 9 }),
        async (lines, size) => {
          const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
          async function* chunks() {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          }
          expect(await collected(linesOf(chunks()))).toEqual(lines);
        },
      ),
    );
  });

  it("lose a last one that was cut off", async () => {
    async function* chunks() {
      yield new TextEncoder().encode('{"a":1}\n{"b":');
    }
    expect(await collected(linesOf(chunks()))).toEqual(['{"a":1}']);
  });
});

describe("the path of a request", () => {
  const key = { namespace: "san", name: "bella" };
  it.each([
    [collectionPath(secretKind, undefined), "/api/v1/secrets"],
    [collectionPath(secretKind, "san"), "/api/v1/namespaces/san/secrets"],
    [objectPath(eventKind, key), "/apis/events.k8s.io/v1/namespaces/san/events/bella"],
    [objectPath(eventKind, key, "status"), "/apis/events.k8s.io/v1/namespaces/san/events/bella/status"],
    [objectPath(secretKind, { namespace: "../x", name: "a/b?c" }), "/api/v1/namespaces/..%2Fx/secrets/a%2Fb%3Fc"],
  ])("%s", (actual, expected) => {
    expect(actual).toBe(expected);
  });

  it("needs a name and a namespace", () => {
    expect(() => objectPath(secretKind, { namespace: "", name: "a" })).toThrow("Secret a: no namespace given");
    expect(() => objectPath(secretKind, { namespace: "a", name: "" })).toThrow("Secret: no name given");
  });
});

describe("an answer that is no success", () => {
  it.each([
    [
      errorFrom(404, '{"kind":"Status","code":404,"reason":"NotFound","message":"widgets \\"a\\" not found"}'),
      404,
      "NotFound",
      'widgets "a" not found',
      undefined,
    ],
    [
      errorFrom(200, '{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}'),
      410,
      "Expired",
      "too old resource version",
      undefined,
    ],
    [
      errorFrom(429, '{"kind":"Status","reason":"TooManyRequests","message":"slow","details":{"retryAfterSeconds":7}}'),
      429,
      "TooManyRequests",
      "slow",
      7,
    ],
    [errorFrom(503, "<html>bad gateway</html>", "3"), 503, "ServiceUnavailable", "<html>bad gateway</html>", 3],
    [errorFrom(500, ""), 500, "InternalError", "HTTP 500", undefined],
  ])("%s", (error, status, reason, message, retryAfterSeconds) => {
    expect({ ...error, message: error.message }).toMatchObject({ status, reason, message, retryAfterSeconds });
  });
});

describe("the configuration", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "xensan-config-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const kubeconfig = (name: string, server: string, user: object = {}) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      contexts: [{ name, context: { cluster: name, user: name } }],
      clusters: [{ name, cluster: { server } }],
      users: [{ name, user }],
    });

  it("comes from the files of KUBECONFIG, the first one's context first", async () => {
    const [one, two] = [path.join(directory, "one"), path.join(directory, "two")];
    await writeFile(one, kubeconfig("one", "https://one:6443"));
    await writeFile(two, kubeconfig("two", "https://two:6443"));
    const environment = { KUBECONFIG: [one, two].join(path.delimiter) };
    const server = async (context?: string) =>
      (await configSource({ environment, context }).load()).getCurrentCluster()?.server;
    expect([await server(), await server("two")]).toEqual(["https://one:6443", "https://two:6443"]);
    await expect(server("three")).rejects.toThrow(
      new Error(`kubeconfig ${environment.KUBECONFIG} has no context "three"; there are: one, two`),
    );
  });

  it("skips the files of KUBECONFIG that are not there, unless none is", async () => {
    const [one, two, three] = ["one", "two", "three"].map((name) => path.join(directory, name));
    await writeFile(two ?? "", kubeconfig("two", "https://two:6443"));
    const load = (...files: readonly (string | undefined)[]) =>
      configSource({ environment: { KUBECONFIG: files.join(path.delimiter) } }).load();
    expect((await load(one, two, three)).getCurrentCluster()?.server).toBe("https://two:6443");
    await expect(load(one, three)).rejects.toThrow(`kubeconfig ${one} does not exist; `);
  });

  it("takes the current context of a later file where the first names none", async () => {
    const [one, two] = [path.join(directory, "one"), path.join(directory, "two")];
    await writeFile(one, kubeconfig("one", "https://one:6443").replace("current-context", "preferences"));
    await writeFile(two, kubeconfig("two", "https://two:6443"));
    const config = await configSource({ kubeconfig: [one, two].join(path.delimiter), environment: {} }).load();
    expect(config.getCurrentCluster()?.server).toBe("https://two:6443");
  });

  const accepted = "it must be a YAML file with clusters, contexts and users, as kubectl writes it";
  const one = kubeconfig("one", "https://one:6443");
  it.each([
    ["clusters: [a\ntoken: secret", `cannot be parsed: deficient indentation (2:1); ${accepted}`],
    ["", `cannot be parsed: expected a document, but the input is empty; ${accepted}`],
    ["hello", `cannot be parsed: the document: Invalid input: expected object, received string; ${accepted}`],
    [
      kubeconfig("one", "https://one:6443", { as: 3 }),
      `cannot be parsed: users.0.user.as: Invalid input: expected string, received number; ${accepted}`,
    ],
    ["kind: Config", "names no current context; there are: none"],
    [one.replace("current-context", "preferences"), "names no current context; there are: one"],
    [
      one.replace('"cluster":"one"', '"cluster":"two"'),
      'has no cluster "two", which its context "one" names; there are: one',
    ],
  ])("says in one line what is wrong with %j", async (text, message) => {
    const file = path.join(directory, "config");
    await writeFile(file, text);
    await expect(configSource({ kubeconfig: file, environment: {} }).load()).rejects.toThrow(
      new Error(`kubeconfig ${file} ${message}`),
    );
  });

  it("that cannot be read is named", async () => {
    const missing = path.join(directory, "missing");
    await expect(configSource({ environment: { KUBECONFIG: missing } }).load()).rejects.toThrow(
      new Error(`kubeconfig ${missing} does not exist; ${accepted}`),
    );
    await expect(configSource({ kubeconfig: directory, environment: {} }).load()).rejects.toThrow(
      new Error(`kubeconfig ${directory} cannot be read: EISDIR: illegal operation on a directory, read; ${accepted}`),
    );
  });

  it("names the file of a token, beside the kubeconfig", async () => {
    const file = path.join(directory, "config");
    await writeFile(file, kubeconfig("one", "https://one:6443", { tokenFile: "token" }));
    const config = await configSource({ kubeconfig: file, environment: {} }).load();
    expect(config.getCurrentUser()?.authProvider).toEqual({
      name: "tokenFile",
      config: { tokenFile: path.join(directory, "token") },
    });
  });

  it("changes its version with the file", async () => {
    const file = path.join(directory, "config");
    await writeFile(file, kubeconfig("one", "https://one:6443"));
    const source = configSource({ kubeconfig: file, environment: {} });
    const before = await source.version();
    await writeFile(file, kubeconfig("one", "https://two:6443"));
    expect(await source.version()).not.toBe(before);
  });

  it("inside a cluster is the service account's", async () => {
    const source = configSource({
      environment: { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" },
    });
    expect(source.name).toBe("in-cluster");
  });

  it("is not the service account's where a context is asked for", () => {
    const environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443", HOME: directory };
    expect(() => configSource({ environment, context: "one" })).toThrow(
      new Error('no kubeconfig to take context "one" from: set KUBECONFIG or --kubeconfig'),
    );
  });

  it("that is nowhere says where it could be", () => {
    expect(() => configSource({ environment: { HOME: directory } })).toThrow(
      "set KUBECONFIG or --kubeconfig, or run inside a cluster",
    );
  });

  it("can be a text", async () => {
    const source = textSource(kubeconfig("one", "https://one:6443"));
    expect((await source.load()).getCurrentCluster()?.server).toBe("https://one:6443");
  });
});

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
