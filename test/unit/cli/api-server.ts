import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { definitions } from "../../../src/api/kinds.ts";
import { clientCommands } from "../../../src/cli/client-commands.ts";
import { isRecord } from "../../../src/runtime/equality.ts";
import { type Typed, typeCommand } from "../../command-line.ts";

type Json = Record<string, unknown>;
const stepsSchema = z.array(
  z.object({ op: z.enum(["add", "remove"]), path: z.string(), value: z.unknown().optional() }),
);
const recordSchema = z.record(z.string(), z.unknown());

/**
 * The part of an API server that commands need: list, read, create and patch (RFC 6902) in one namespace, list in all.
 */
export interface ApiServer {
  /** By `aoevolumes/data`; Secrets too, by `secrets/rack-ssh`. */
  readonly objects: Map<string, Json>;
  /** Every request so far: `PATCH xenmigrations/move`. */
  readonly requests: string[];
  /**
   * The HTTP status with which `GET aoevolumes/data` fails; undefined lets it through. `Lost`: the request is done, but
   * the connection ends before the answer. With seconds, the server asks the client to wait that long.
   */
  fails: (
    request: string,
  ) => number | "Lost" | { readonly status: number; readonly retryAfterSeconds: number } | undefined;
  /** Called after each patch, as an operator that notices it would act. */
  onPatch: (object: Json) => void;
  /** A kubeconfig for it, for tests with their own commands and streams. */
  readonly kubeconfig: string;
  /** Runs a command line against it, in namespace san. */
  xensan(...args: string[]): Promise<Typed>;
}

/** Starts one with these objects; it ends with the test. */
export async function startApiServer(objects: Readonly<Record<string, object>>): Promise<ApiServer> {
  const stored = new Map(
    Object.entries(objects).map(([key, object]) => [key, recordSchema.parse(structuredClone(object))]),
  );
  const requests: string[] = [];
  const state: Pick<ApiServer, "onPatch" | "fails"> = { onPatch: () => undefined, fails: () => undefined };
  const server = http.createServer(async (request, response) => {
    const url = request.url?.split("?")[0] ?? "";
    const [, key = ""] =
      /^\/(?:apis\/xensan\.dev\/v1alpha1|api\/v1(?=\/.*secrets\/))\/(?:namespaces\/san\/)?(.+)$/.exec(url) ?? [];
    requests.push(`${request.method} ${key || url}`);
    const answer = (code: number, body: object) => {
      if (state.fails(`${request.method} ${key}`) === "Lost") request.socket.destroy();
      else response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const failure = state.fails(`${request.method} ${key}`);
    if (failure !== undefined && failure !== "Lost") {
      const { status: code, ...details } =
        typeof failure === "number" ? { status: failure, retryAfterSeconds: 0 } : failure;
      response.writeHead(code, {
        "content-type": "application/json",
        "retry-after": String(details.retryAfterSeconds),
      });
      response.end(JSON.stringify({ kind: "Status", message: "it is busy", code, details }));
      return;
    }
    if (url === "/apis/xensan.dev/v1alpha1") {
      const resources = Object.values(definitions).map(({ plural, kind }) => ({
        name: plural,
        kind,
        namespaced: true,
      }));
      answer(200, { kind: "APIResourceList", groupVersion: "xensan.dev/v1alpha1", resources });
      return;
    }
    if (request.method === "POST") {
      const object = recordSchema.parse(JSON.parse(await text(request)));
      const { name } = z.object({ name: z.string() }).parse(object.metadata);
      if (stored.has(`${key}/${name}`))
        return answer(409, { kind: "Status", message: `${key} ${name} already exists`, code: 409 });
      stored.set(`${key}/${name}`, object);
      return answer(201, object);
    }
    const object = stored.get(key);
    if (key !== "" && !key.includes("/")) {
      const everywhere = !url.includes("/namespaces/");
      const items = [...stored].flatMap(([name, one]) =>
        name.startsWith(`${key}/`) && (everywhere || namespaceOf(one) === "san") ? [one] : [],
      );
      answer(200, { kind: "List", metadata: { resourceVersion: "1" }, items });
    } else if (object === undefined) answer(404, { kind: "Status", message: `${key} not found`, code: 404 });
    else {
      if (request.headers["content-type"] === "application/apply-patch+yaml")
        return answer(200, { ...object, ...recordSchema.parse(parse(await text(request))) });
      if (request.method === "PATCH") {
        for (const step of stepsSchema.parse(JSON.parse(await text(request)))) apply(object, step);
        state.onPatch(object);
      }
      answer(200, object);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-api-server-"));
  const kubeconfig = path.join(directory, "kubeconfig");
  const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": "it" },
      clusters: [{ name: "it", cluster }],
      users: [{ name: "it", user: {} }],
      contexts: [{ name: "it", context: { cluster: "it", user: "it", namespace: "san" } }],
    }),
  );
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });
  return {
    objects: stored,
    kubeconfig,
    requests,
    get fails() {
      return state.fails;
    },
    set fails(value) {
      state.fails = value;
    },
    get onPatch() {
      return state.onPatch;
    },
    set onPatch(value) {
      state.onPatch = value;
    },
    xensan: (...args) => typeCommand(clientCommands, args, { env: { KUBECONFIG: kubeconfig } }),
  };
}

const namespaceOf = (object: Json) => z.object({ namespace: z.string() }).parse(object.metadata).namespace;

function apply(object: Json, { op, path: where, value }: z.output<typeof stepsSchema>[number]): void {
  const names = where
    .slice(1)
    .split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop() ?? "";
  let parent = object;
  for (const name of names) {
    const inner = parent[name];
    if (!isRecord(inner)) throw new Error(`${where}: there is no ${name}`);
    parent = inner;
  }
  if (op === "add") parent[last] = value;
  else delete parent[last];
}
