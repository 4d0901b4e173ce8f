import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { connect } from "../../../../src/cli/cluster/connect.ts";

/** A rejection of kubernetes-fluent-client. */
const refused = (status: number, message: string, retryAfterSeconds?: number) => ({
  ok: false,
  status,
  statusText: "",
  data: { kind: "Status", message, details: { retryAfterSeconds } },
});
const noAnswer = (code: string) => ({
  ok: false,
  status: 400,
  statusText: "",
  e: new TypeError("fetch failed", { cause: Object.assign(new Error(`${code} 127.0.0.1:1`), { code }) }),
});

/** The result of a call that fails in these ways, then succeeds. */
async function ask(failures: readonly unknown[], write?: { readonly check: string }) {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-connect-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const kubeconfig = path.join(directory, "kubeconfig");
  const clusters = [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }];
  const contexts = [{ name: "c", context: { cluster: "c", user: "u" } }];
  const users = [{ name: "u", user: {} }];
  const config = { apiVersion: "v1", kind: "Config", "current-context": "c", clusters, contexts, users };
  await writeFile(kubeconfig, stringify(config));
  const lines: string[] = [];
  const stderr = { write: (text: string) => lines.push(text.replace(/in [\d.]+ s\n$/, "in N s")) > 0 };
  const options = { kubeconfig, "as-group": [] };
  await using connection = await connect(options, { env: {}, signal: new AbortController().signal, stderr });
  let calls = 0;
  const answer = await connection
    .ask(
      "reading",
      async () => {
        const failure = failures[calls++];
        if (failure !== undefined) throw failure;
        return "done";
      },
      write,
    )
    .catch((error: unknown) => String(error));
  return { answer, calls, lines };
}

describe("a command whose API server", () => {
  it("is busy asks it again, and says so", async () => {
    const busy = refused(429, "storage is (re)initializing", 1);
    expect(await ask([busy])).toEqual({
      answer: "done",
      calls: 2,
      lines: ["reading: storage is (re)initializing; retrying in N s"],
    });
  });

  it.each(["ECONNREFUSED", "ECONNRESET", "UND_ERR_SOCKET"])("is away for a moment (%s) asks it again", async (code) => {
    const { answer, calls, lines } = await ask([noAnswer(code), refused(503, "starting")]);
    expect({ answer, calls, lines }).toEqual({
      answer: "done",
      calls: 3,
      lines: [
        `reading: the API server cannot be reached: ${code} 127.0.0.1:1; retrying in N s`,
        "reading: starting; retrying in N s",
      ],
    });
  });

  it("asks for more time than a person has gives up with its words", async () => {
    expect(await ask([refused(503, "an hour", 3600)])).toEqual({
      answer: "ApiError: reading: an hour",
      calls: 1,
      lines: [],
    });
  });

  it.each([noAnswer("ENOTFOUND"), refused(403, "forbidden"), refused(404, "not found")])(
    "is wrong, or refuses, is not asked again: %#",
    async (failure) => {
      const { calls, lines } = await ask([failure]);
      expect({ calls, lines }).toEqual({ calls: 1, lines: [] });
    },
  );

  it("may have done a write that got no answer says so, and how to look", async () => {
    const write = { check: "kubectl get it" };
    const { answer } = await ask([noAnswer("ECONNRESET"), refused(503, "gone", 60)], write);
    expect(answer).toBe("ApiError: reading: gone; the change may have been made; check with: kubectl get it");
    const unheard = await ask([noAnswer("ECONNREFUSED"), refused(429, "busy", 60)], write);
    expect(unheard.answer).toBe("ApiError: reading: busy");
    const final = await ask([noAnswer("ECONNRESET"), refused(403, "forbidden")], write);
    expect(final.answer).toBe("ApiError: reading: forbidden");
  });
});
