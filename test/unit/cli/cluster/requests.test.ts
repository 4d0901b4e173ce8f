import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { clientCommands } from "../../../../src/cli/client-commands.ts";
import { typeCommand } from "../../../command-line.ts";
import { startApiServer } from "../api-server.ts";
import * as w from "../world.ts";

/** A server without objects that records the identity in each request. */
async function startEmpty() {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const { authorization = "nobody" } = request.headers;
    const who = [authorization, ...impersonatedBy(request.rawHeaders)].join(" ");
    requests.push(`${who}: ${request.method} ${request.url}`);
    response.writeHead(200, { "content-type": "application/json" }).end('{"metadata":{},"items":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { requests, port };
}

/** `as ops`, `group a`, …: a word for each line of a request's header. */
function impersonatedBy(lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^impersonate-(.+)$/i.exec(line) ?? [];
    return index % 2 === 1 || name === undefined ? [] : [`${name === "user" ? "as" : name} ${lines[index + 1]}`];
  });
}

async function directory() {
  const made = await mkdtemp(path.join(tmpdir(), "xensan-requests-"));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

interface Context {
  readonly name: string;
  readonly server: string;
  readonly user: object;
}

async function kubeconfig(file: string, { name, server, user }: Context) {
  const config = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": name },
    clusters: [{ name, cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: name } }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

const list = (prefix: string, namespace: string) =>
  ["aoeservers", "aoevolumes", "ocfs2clusters", "xendomains", "xenhosts", "xenmigrations"].map(
    (plural) => `${prefix}/apis/xensan.dev/v1alpha1/namespaces/${namespace}/${plural}`,
  );

describe("a command asks the cluster", () => {
  it("of the chosen context of several files, and no other", async () => {
    const [one, two] = [await startEmpty(), await startEmpty()];
    const at = await directory();
    const files = [
      await kubeconfig(path.join(at, "one"), { name: "one", server: `http://127.0.0.1:${one.port}`, user: {} }),
      await kubeconfig(path.join(at, "two"), { name: "two", server: `http://127.0.0.1:${two.port}`, user: {} }),
    ];
    const env = { KUBECONFIG: files.join(path.delimiter) };
    await typeCommand(clientCommands, ["topology"], { env });
    expect([one.requests.toSorted(), two.requests]).toEqual([list("nobody: GET ", "one"), []]);
    await typeCommand(clientCommands, ["topology", "--context", "two"], { env });
    expect([one.requests.length, two.requests.toSorted()]).toEqual([6, list("nobody: GET ", "two")]);
  });

  it("below the path of its address, such as that of a proxy", async () => {
    const { requests, port } = await startEmpty();
    const server = `http://127.0.0.1:${port}/k8s/clusters/c-1`;
    const file = await kubeconfig(path.join(await directory(), "config"), { name: "rack", server, user: {} });
    await typeCommand(clientCommands, ["topology", "--kubeconfig", file]);
    expect(requests.toSorted()).toEqual(list("nobody: GET /k8s/clusters/c-1", "rack"));
  });

  it.each([
    ["a token", { token: "T" }, "Bearer T"],
    ["a token's file", { tokenFile: "token" }, "Bearer F"],
    ["a password", { username: "u", password: "p" }, `Basic ${Buffer.from("u:p").toString("base64")}`],
    ["a program", { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "LOGIN" } }, "Bearer E"],
    ["somebody else's name", { token: "T", as: "ops" }, "Bearer T as ops"],
  ])("with %s", async (_name, user, who) => {
    const { requests, port } = await startEmpty();
    const at = await directory();
    await writeFile(path.join(at, "token"), "F\n");
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "E" },
    };
    await writeFile(path.join(at, "login"), `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    await chmod(path.join(at, "login"), 0o755);
    const server = `http://127.0.0.1:${port}`;
    const file = await kubeconfig(path.join(at, "config"), { name: "rack", server, user });
    await writeFile(file, (await readFile(file, "utf8")).replace("LOGIN", path.join(at, "login")));
    const { stderr } = await typeCommand(clientCommands, ["topology", "--kubeconfig", file]);
    expect([stderr, requests.toSorted()]).toEqual(["", list(`${who}: GET `, "rack")]);
  });
});

describe("a command impersonates somebody", () => {
  const user = {
    ...{ token: "T", as: "ops", "as-uid": "7", "as-groups": ["a", "b"] },
    "as-user-extra": { "example.com/scope": ["x", "y"] },
  };
  const extra = "extra-example.com%2Fscope x extra-example.com%2Fscope y";

  async function askedBy(args: readonly string[], user: object) {
    const { requests, port } = await startEmpty();
    const at = await directory();
    const server = `http://127.0.0.1:${port}`;
    const file = await kubeconfig(path.join(at, "config"), { name: "rack", server, user });
    const volume = { apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume", metadata: { name: "data" }, spec: {} };
    await writeFile(path.join(at, "volume.json"), JSON.stringify(volume));
    const placed = args.map((arg) => (arg === "volume.json" ? path.join(at, arg) : arg));
    const { code, stderr } = await typeCommand(clientCommands, [...placed, "--kubeconfig", file]);
    return { code, stderr, asked: [...new Set(requests.map((request) => request.split(": ")[0]))] };
  }

  it.each([["topology"], ["check"], ["plan", "-f", "volume.json"]])("in every request of %s %s %s", async (...args) => {
    const flags = ["--as", "bella", "--as-group", "cn=admins,o=rack", "--as-group=b", "--as-uid", "9"];
    expect((await askedBy([...args.filter((arg) => arg !== undefined), ...flags], { token: "T" })).asked).toEqual([
      "Bearer T as bella uid 9 group cn=admins,o=rack group b",
    ]);
    expect((await askedBy(args, user)).asked).toEqual([`Bearer T as ops uid 7 group a group b ${extra}`]);
  });

  it("as kubectl does, the flags in place of what the kubeconfig says of the same", async () => {
    const { asked } = await askedBy(["topology", "--as", "bella", "--as-group", "c"], user);
    expect(asked).toEqual([`Bearer T as bella uid 7 group c ${extra}`]);
  });

  it.each([
    [["--as-group", "a"], "--as-group needs the user to impersonate: --as USER"],
    [["--as-uid", "7"], "--as-uid needs the user to impersonate: --as USER"],
    [["--as="], '--as is ""; it must be the name of a user'],
  ])("not with %j alone", async (flags, message) => {
    const { code, stderr, asked } = await askedBy(["topology", ...flags], {});
    expect({ code, stderr, asked }).toEqual({ code: 2, stderr: expect.stringContaining(message), asked: [] });
  });
});

describe("the process's environment stays as it is", () => {
  it.each([
    ["topology"],
    ["why", "xenhost/brutus"],
    ["drain", "brutus"],
    ["pause", "xenhost/brutus"],
    ["reconcile", "xenhost/brutus"],
    ["forget", "brutus"],
    ["migrate", "vm-test", "--to", "brutus"],
    ["abort", "move"],
    ["check"],
    ["plan", "-f", "examples"],
    ["completion", "bash"],
  ])("during %s", async (...args) => {
    const server = await startApiServer({ "xendomains/vm-test": w.domain(), "xenhosts/brutus": w.host("brutus") });
    const before = process.env;
    onTestFinished(() => {
      process.env = before;
    });
    const changes: string[] = [];
    const note = (_target: NodeJS.ProcessEnv, name: string | symbol) => {
      changes.push(String(name));
      return true;
    };
    process.env = new Proxy({ ...before }, { set: note, deleteProperty: note, defineProperty: note });
    await server.xensan(...args);
    expect(changes).toEqual([]);
  });
});
