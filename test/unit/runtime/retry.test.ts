import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Clock } from "../../../src/clock.ts";
import { createKubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { secretKind } from "../../../src/runtime/kinds.ts";
import { KubeError } from "../../../src/runtime/kube-api.ts";
import { plainKubeconfig } from "../kubeconfig.ts";

/** The server's answers, one per request; the last one for all further requests. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
const refusal = (code: number, message: string, retryAfter?: number) =>
  json(code, { kind: "Status", code, message }, retryAfter === undefined ? {} : { "retry-after": String(retryAfter) });
const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "a", namespace: "b", resourceVersion: "1" } };
const good = json(200, secret);
const key = { namespace: "b", name: "a" };

/** A client whose pauses take no time and are recorded, in seconds. */
async function against(...answers: readonly Answer[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(`${request.method}`);
    request.resume().on("end", () => answer?.(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const pauses: number[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms / 1000);
      now += ms;
    },
  };
  const waits: string[] = [];
  const api = createKubeClient({
    source: textSource(plainKubeconfig(port)),
    clock,
    onWait: ({ request, error, attempt, delaySeconds }) =>
      waits.push(`${request} ${error.status} attempt ${attempt} ${delaySeconds} s`),
  });
  onTestFinished(async () => {
    await api.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { api, asked, pauses, waits };
}

describe("a request that the API server turns away", () => {
  const busy = refusal(429, "storage is (re)initializing", 1);

  it.each(["get", "list", "create", "update", "mergePatch", "apply", "delete"] as const)(
    "with 429 is sent again after its pause: %s",
    async (verb) => {
      const { api, asked, pauses } = await against(
        busy,
        busy,
        verb === "list" ? json(200, { metadata: {}, items: [] }) : good,
      );
      const send = {
        get: () => api.get(secretKind, key),
        list: () => api.list(secretKind),
        create: () => api.create(secretKind, secret),
        update: () => api.update(secretKind, secret),
        mergePatch: () => api.mergePatch(secretKind, key, {}),
        apply: () => api.apply(secretKind, { metadata: key }, { fieldManager: "test" }),
        delete: () => api.delete(secretKind, key),
      };
      await send[verb]();
      expect([asked.length, pauses]).toEqual([3, [1, 1]]);
    },
  );

  it("with 429 is sent again: the opening of a watch", async () => {
    const { api, asked } = await against(busy, (_request, response) => response.writeHead(200).end());
    for await (const event of api.watch(secretKind, { resourceVersion: "1", signal: new AbortController().signal }))
      expect(event).toBeUndefined();
    expect(asked).toEqual(["GET", "GET"]);
  });

  it("says each time what was answered and how long it waits", async () => {
    const { api, waits } = await against(refusal(429, "slow", 4), refusal(503, "starting"), good);
    await api.get(secretKind, key);
    expect(waits).toEqual([
      "GET /api/v1/namespaces/b/secrets/a 429 attempt 1 4 s",
      "GET /api/v1/namespaces/b/secrets/a 503 attempt 2 0.75 s",
    ]);
  });

  it("fails with the last answer when the next attempt would begin after 15 s, and tells its caller how long to wait", async () => {
    const { api, asked, pauses } = await against(refusal(429, "slow", 4));
    await expect(api.get(secretKind, key)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 4 });
    expect([asked.length, pauses]).toEqual([4, [4, 4, 4]]);
    const long = await against(refusal(503, "an hour", 3600));
    await expect(long.api.get(secretKind, key)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 3600 });
    expect(long.asked).toEqual(["GET"]);
  });

  it("with 503 is not sent again when it may have been done and would be done twice", async () => {
    const { api, asked } = await against(refusal(503, "gone in the middle", 1));
    await expect(api.create(secretKind, secret)).rejects.toMatchObject({ status: 503 });
    expect(asked).toEqual(["POST"]);
  });

  it.each([400, 401, 403, 404, 409, 410, 422, 500])("with %i is not sent again", async (status) => {
    const { api, asked, pauses } = await against(refusal(status, "no"));
    await expect(api.get(secretKind, key)).rejects.toMatchObject({ status });
    expect([asked, pauses]).toEqual([["GET"], []]);
  });

  it("without an answer is its caller's to send again", async () => {
    const { api, asked } = await against((request) => request.socket.destroy());
    await expect(api.get(secretKind, key)).rejects.toBeInstanceOf(KubeError);
    expect(asked).toEqual(["GET"]);
  });

  it("is given up at once when its sender is told to stop", async () => {
    const { api, asked } = await against(busy);
    const stop = new AbortController();
    const asking = api.get(secretKind, key, stop.signal);
    stop.abort(new Error("stopping"));
    await expect(asking).rejects.toThrow("stopping");
    expect(asked.length).toBeLessThanOrEqual(1);
  });
});
