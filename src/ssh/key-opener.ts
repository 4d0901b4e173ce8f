import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { SshCredential } from "./host-session.ts";
import { isSlow, type OpenKey, openKey } from "./open-key.ts";

/** Opens private keys; slow ones in a separate thread, one after the other. */
export interface KeyOpener {
  /** Returns the key, or the reason why it cannot be opened. */
  open(credential: SshCredential): Promise<OpenKey | string>;
  close(): Promise<void>;
}

const answerSchema = z.object({
  id: z.number(),
  opened: z.union([z.string(), z.object({ comment: z.string(), publicKey: z.string(), privateKey: z.string() })]),
});

/** The repository runs TypeScript directly, the package JavaScript. */
const workerFile = new URL(`./open-key-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** Opens keys in a worker, which starts with the first one. */
export function createKeyOpener(): KeyOpener {
  const waiting = new Map<number, (opened: OpenKey | string) => void>();
  let worker: Worker | undefined;
  let last = 0;
  let closed = false;

  const fail = (why: string) => {
    worker = undefined;
    for (const settle of waiting.values()) settle(why);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(workerFile, {
      stdout: false,
      stderr: false,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    started.on("message", (message: unknown) => {
      const { id, opened } = answerSchema.parse(message);
      waiting.get(id)?.(opened);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
    });
    started.on("error", (error: Error) => fail(`the thread that opens keys failed: ${error.message}`));
    started.on("exit", () => {
      if (worker === started) fail("xensan is stopping");
    });
    return started;
  };

  return {
    async open(credential) {
      if (!isSlow(credential)) return openKey(credential);
      if (closed) return "xensan is stopping";
      worker ??= start();
      const to = worker;
      last += 1;
      const id = last;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        to.ref();
        to.postMessage({ id, credential });
      });
    },
    async close() {
      closed = true;
      const open = worker;
      fail("xensan is stopping");
      await open?.terminate();
    },
  };
}
