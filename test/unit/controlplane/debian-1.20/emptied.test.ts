import http from "node:http";
import { json } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { emptyingFirst, patchForEmptied } from "../../../../src/controlplane/debian-1.20/emptied.ts";
import { createKubeClient, objectPath, textSource, typed } from "../../../../src/runtime/client-node.ts";
import { KubeError } from "../../../../src/runtime/kube-api.ts";
import { widgets } from "../../../contract-kube-api/widget.ts";
import { plainKubeconfig } from "../../kubeconfig.ts";

describe("an apply that an old server refuses because it empties an object", () => {
  const refused = (...fields: string[]) =>
    new KubeError(422, "Invalid", `${fields[0]}: Invalid value: "null": must be of type object`, { fields });
  const desired = { metadata: { name: "a", namespace: "san", uid: "u" }, status: { clients: [{ name: "bella" }] } };

  it.each<[string, unknown, object | undefined]>([
    ["takes the object away first", refused("status.server"), { metadata: { uid: "u" }, status: { server: null } }],
    [
      "takes several away, also deep ones",
      refused("status.server", "status.facts.kernel"),
      { metadata: { uid: "u" }, status: { server: null, facts: { kernel: null } } },
    ],
    [
      "replaces a list that has such an object in an item",
      refused("status.clients[0].device"),
      { metadata: { uid: "u" }, status: { clients: [{ name: "bella" }] } },
    ],
    [
      "leaves another error alone",
      new KubeError(422, "Invalid", "status.size: too big", { fields: ["status.size"] }),
      undefined,
    ],
    ["leaves a conflict alone", new KubeError(409, "Conflict", "conflict"), undefined],
    ["leaves what is no answer alone", new Error("gone"), undefined],
  ])("%s", (_what, error, patch) => {
    expect(patchForEmptied(desired, error)).toEqual(patch);
  });
});

it("sends the patch to where the apply went, by the same manager, and applies upon what the patch left", async () => {
  const requests: unknown[] = [];
  const message = 'status.server: Invalid value: "null": must be of type object';
  const refusal = { kind: "Status", reason: "Invalid", message, details: { causes: [{ field: "status.server" }] } };
  const stored = { metadata: { namespace: "san", name: "a", resourceVersion: "8" } };
  const server = http.createServer(async (request, response) => {
    requests.push({ url: request.url, type: request.headers["content-type"], body: await json(request) });
    const refused = requests.length === 1;
    response.writeHead(refused ? 422 : 200).end(JSON.stringify(refused ? refusal : stored));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const plain = createKubeClient({ source: textSource(plainKubeconfig(port)) });
  onTestFinished(() => plain.close());

  const metadata = { namespace: "san", name: "a", resourceVersion: "7" };
  const options = { fieldManager: "xensan", force: true, subresource: "status" } as const;
  await emptyingFirst(plain).apply(widgets, { metadata, status: {} }, options);

  const path = objectPath(widgets, metadata, "status");
  const applied = (resourceVersion: string) => ({
    url: `${path}?fieldManager=xensan&force=true`,
    type: "application/apply-patch+yaml",
    body: typed(widgets, { metadata: { ...metadata, resourceVersion }, status: {} }),
  });
  expect(requests).toEqual([
    applied("7"),
    {
      url: `${path}?fieldManager=xensan`,
      type: "application/merge-patch+json",
      body: { status: { server: null }, metadata: { resourceVersion: "7" } },
    },
    applied("8"),
  ]);
});
