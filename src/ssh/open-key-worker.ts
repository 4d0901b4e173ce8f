import { parentPort } from "node:worker_threads";
import { z } from "zod";
import { openKey } from "./open-key.ts";

/** The worker of key-opener.ts: answers each credential with its key, or with the reason why it cannot be opened. */
const requestSchema = z.object({
  id: z.number(),
  credential: z.object({ privateKey: z.string(), passphrase: z.string().optional(), version: z.string() }),
});

parentPort?.on("message", (message: unknown) => {
  const { id, credential } = requestSchema.parse(message);
  const { privateKey, passphrase, version } = credential;
  const opened = openKey(passphrase === undefined ? { privateKey, version } : { privateKey, passphrase, version });
  parentPort?.postMessage({ id, opened });
});
