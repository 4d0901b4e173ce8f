import http from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { createKubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { KubeError } from "../../../src/runtime/kube-api.ts";
import { widgets } from "../../contract-kube-api/widget.ts";
import { plainKubeconfig } from "../kubeconfig.ts";

const object = { metadata: { namespace: "san", name: "a" } };
const { metadata: key } = object;

/** A server that accepts requests but never answers: not even in part, or only with headers. */
async function startHanging(hang: "Silent" | "HeadersOnly", answersAfter = Number.POSITIVE_INFINITY) {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split("?")[0]}`);
    request.resume();
    if (requests.length > answersAfter) response.writeHead(200).end(JSON.stringify(object));
    else if (hang === "HeadersOnly") response.writeHead(200).flushHeaders();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { requests, kubeconfig: plainKubeconfig(port) };
}

it.each(["Silent", "HeadersOnly"] as const)(
  "ends every call at its bound before a server that hangs (%s)",
  async (hang) => {
    const { kubeconfig, requests } = await startHanging(hang);
    const client = createKubeClient({ source: textSource(kubeconfig), answerSeconds: 1, watchSilenceSeconds: 1 });
    onTestFinished(() => client.close());
    const stop = new AbortController();
    const watching = async () => {
      for await (const event of client.watch(widgets, { resourceVersion: "1", signal: stop.signal })) return event;
      return "the watch has ended";
    };
    const calls = {
      get: client.get(widgets, key),
      list: client.list(widgets, { namespace: "san" }),
      create: client.create(widgets, object),
      update: client.update(widgets, { metadata: { ...key, resourceVersion: "1" } }),
      mergePatch: client.mergePatch(widgets, key, {}),
      apply: client.apply(widgets, object, { fieldManager: "it" }),
      delete: client.delete(widgets, key),
      release: client.release(),
      published: client.published({ group: "xensan.dev", version: "v1alpha1" }),
      review: client.review("TokenReview", {}),
      watch: watching(),
    };
    const ends = await Promise.all(
      Object.entries(calls).map(async ([name, call]) => {
        const end: unknown = await call.catch((error: unknown) => error);
        return [name, end instanceof KubeError ? `${end.status} ${end.reason}` : end];
      }),
    );
    const expected = Object.keys(calls).map((name) => [name, "0 NoAnswer"]);
    // A watch whose answer has begun is reopened from where it was.
    if (hang === "HeadersOnly") expected[expected.length - 1] = ["watch", "the watch has ended"];
    expect(ends).toEqual(expected);
    // Nothing was sent twice: the caller looks at the world before it retries.
    expect(requests).toHaveLength(Object.keys(calls).length);
  },
);

it.each(["Silent", "HeadersOnly"] as const)(
  "reads once more for a person, with a word each time (%s)",
  async (hang) => {
    const { kubeconfig, requests } = await startHanging(hang, 1);
    const waits: string[] = [];
    const client = createKubeClient({
      ...{ source: textSource(kubeconfig), answerSeconds: 1, unanswered: "Repeat" },
      onWait: ({ request, attempt }) => waits.push(`${request} ${attempt}`),
    });
    onTestFinished(() => client.close());
    expect((await client.get(widgets, key)).metadata).toEqual(key);
    const [path] = requests;
    expect({ requests, waits }).toEqual({ requests: [path, path], waits: [`${path} 1`] });

    const other = await startHanging(hang);
    const writer = createKubeClient({ source: textSource(other.kubeconfig), answerSeconds: 1, unanswered: "Repeat" });
    onTestFinished(() => writer.close());
    await expect(writer.create(widgets, object)).rejects.toMatchObject({ reason: "NoAnswer" });
    expect(other.requests).toHaveLength(1);
  },
);
