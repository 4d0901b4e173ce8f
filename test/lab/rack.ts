import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createDialer } from "../../src/ssh/dialer.ts";
import type { HostSession } from "../../src/ssh/host-session.ts";

/** The hosts of a running rack, reached on this machine's loopback address. */
export interface LabRack {
  readonly privateKey: string;
  readonly ports: Readonly<Record<"san" | "bella" | "brutus", number>>;
  /** Runs shell text on a host; rejects when its exit code is not 0. */
  on(host: LabHost, text: string, timeoutSeconds?: number): Promise<string>;
  /** Resolves with what the text printed as soon as it exits 0; the host may be away in between. */
  until(host: LabHost, text: string, withinSeconds: number): Promise<string>;
  close(): Promise<void>;
}

export type LabHost = keyof LabRack["ports"];

/** XENSAN_LAB_KEY: a private key file; XENSAN_LAB_PORTS: `san=2210,bella=2211,brutus=2212` when they are others. */
export function openRack(environment: NodeJS.ProcessEnv): LabRack {
  const keyFile = environment.XENSAN_LAB_KEY;
  if (keyFile === undefined) throw new Error("XENSAN_LAB_KEY must name the private key file of a running rack");
  const privateKey = readFileSync(keyFile, "utf8");
  const ports = readPorts(environment.XENSAN_LAB_PORTS ?? "san=2210,bella=2211,brutus=2212");
  const dialer = createDialer({ allow: ["127.0.0.1"] });
  const session = (host: LabHost): HostSession =>
    dialer.session({
      host: "127.0.0.1",
      port: ports[host],
      user: "root",
      become: "None",
      hostKeys: [],
      hostKeyPolicy: "TrustOnFirstUse",
      credential: { privateKey, version: "lab" },
    });
  const on: LabRack["on"] = async (host, text, timeoutSeconds = 120) => {
    const script = { name: "lab", text: `# xensan: lab\n${text}\n` };
    const { exitCode, stdout, stderr } = await session(host).run({ script, args: [], timeoutSeconds });
    if (exitCode !== 0) throw new Error(`${host}: exit ${exitCode}: ${text}\n${stderr}${stdout}`);
    return stdout.trim();
  };
  return {
    privateKey,
    ports,
    on,
    async until(host, text, withinSeconds) {
      const deadline = performance.now() + withinSeconds * 1000;
      for (;;) {
        try {
          return await on(host, text, 60);
        } catch (error) {
          if (performance.now() > deadline) throw error;
        }
        await delay(1000);
      }
    },
    close: () => dialer.close(),
  };
}

function readPorts(text: string): LabRack["ports"] {
  const given = new Map(
    text.split(",").map((pair): [string, string] => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""]),
  );
  const port = (host: LabHost) => {
    const value = Number(given.get(host));
    if (!Number.isInteger(value)) throw new Error(`XENSAN_LAB_PORTS must give a port for ${host}; it is "${text}"`);
    return value;
  };
  return { san: port("san"), bella: port("bella"), brutus: port("brutus") };
}
