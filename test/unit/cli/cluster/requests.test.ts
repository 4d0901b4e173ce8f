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

/** A server with no objects; what each request said of itself. */
async function startEmpty() {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const { authorization = "nobody", "impersonate-user": as } = request.headers;
    const who = as === undefined ? authorization : `${authorization} as ${as}`;
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
