import { setTimeout as delay } from "node:timers/promises";
import { createDialer } from "../../src/ssh/dialer.ts";
import type { RunResult, Script } from "../../src/ssh/host-session.ts";
import { LabError } from "./places.ts";

/** Root's shell on the hosts of a rack. */
export interface Access {
  /** Runs a script as the operator would, whatever its exit code. */
  run(host: string, script: Script, args: readonly string[], timeoutSeconds: number): Promise<RunResult>;
  /** Runs shell text; resolves with its trimmed output; rejects when its exit code is not 0. */
  on(host: string, text: string, timeoutSeconds?: number): Promise<string>;
  /** Resolves with the output as soon as the text exits 0; the host may be away in between. */
  until(host: string, text: string, withinSeconds: number): Promise<string>;
  close(): Promise<void>;
}

export function openAccess(options: {
  readonly privateKey: string;
  readonly portOf: (host: string) => number;
  readonly signal?: AbortSignal;
}): Access {
  const dialer = createDialer({
    allow: ["127.0.0.1"],
    limits: { backoff: { baseMilliseconds: 200, maxMilliseconds: 2_000 }, keepaliveSeconds: 5 },
  });
  const run: Access["run"] = (host, script, args, timeoutSeconds) => {
    const session = dialer.session({
      host: "127.0.0.1",
      port: options.portOf(host),
      user: "root",
      become: "None",
      hostKeys: [],
      hostKeyPolicy: "TrustOnFirstUse",
      credential: { privateKey: options.privateKey, version: "lab" },
    });
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    return session.run({ script, args, timeoutSeconds, ...signal });
  };
  const on: Access["on"] = async (host, text, timeoutSeconds = 120) => {
    const script = { name: "lab", text: `# xensan: lab\n${text}\n` };
    const { exitCode, stdout, stderr } = await run(host, script, [], timeoutSeconds);
    if (exitCode !== 0) throw new LabError(`${host}: exit ${exitCode}: ${text}\n${stderr}${stdout}`.trimEnd());
    return stdout.trim();
  };
  return {
    run,
    on,
    async until(host, text, withinSeconds) {
      const deadline = performance.now() + withinSeconds * 1000;
      for (;;) {
        try {
          return await on(host, text, 60);
        } catch (error) {
          options.signal?.throwIfAborted();
          if (performance.now() > deadline) {
            const why = error instanceof Error ? error.message : String(error);
            throw new LabError(`not within ${withinSeconds} s: ${why}`, { cause: error });
          }
        }
        await delay(500, undefined, options.signal === undefined ? {} : { signal: options.signal });
      }
    },
    close: () => dialer.close(),
  };
}
