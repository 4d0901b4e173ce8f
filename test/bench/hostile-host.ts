import { getDiffieHellman, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Connection, ServerChannel } from "ssh2";
import { bounds } from "../../src/host/probe-sections.ts";
import { decodeRequest } from "../../src/ssh/wire.ts";
import { generateKeyPair } from "../generate-key.ts";
import { rekeyForEver, startGroupExchanger, startLaxServer } from "../integration/ssh/hostile-server.ts";
import { channelData, floodWith, globalRequest, sendPacket, string } from "../integration/ssh/packets.ts";

/** What a hostile host can do to a client that logs in. */
export const hostileModes = [
  "group exchange",
  "new keys",
  "newlines",
  "rows",
  "facts",
  "flood",
  "packets",
  "small data",
  "host keys",
] as const;
export type HostileMode = (typeof hostileModes)[number];

export interface HostileHost extends AsyncDisposable {
  readonly port: number;
  readonly hostKey: string;
}

const limit = 16 * 1024 * 1024;

export async function startHostileHost(mode: HostileMode): Promise<HostileHost> {
  if (mode === "group exchange") {
    const prime = Buffer.concat([Buffer.from([0]), getDiffieHellman("modp18").getPrime()]);
    const server = await startGroupExchanger("diffie-hellman-group-exchange-sha256", prime);
    return {
      port: server.port,
      hostKey: generateKeyPair().publicKey,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }
  const greetings: Partial<Record<HostileMode, (client: Connection) => void>> = {
    "new keys": rekeyForEver,
    packets: (client) => floodWith(client, globalRequest("x")),
    "small data": (client) => floodWith(client, channelData("x")),
    "host keys": listHostKeys,
  };
  const onReady = greetings[mode];
  return await startLaxServer({
    ...(onReady === undefined ? {} : { onReady }),
    onCommand: (channel) => answer(channel, mode),
  });
}

/** Lists keys whose exponents are as long as their moduli, and answers the client's question for proofs of them. */
function listHostKeys(client: Connection): void {
  const number = () => string(Buffer.concat([Buffer.from([0, 0x81]), randomBytes(382), Buffer.from([0x81])]));
  const keys = Array.from({ length: 40 }, () => string(Buffer.concat([string("ssh-rsa"), number(), number()])));
  const proof = () => string(Buffer.concat([string("rsa-sha2-256"), string(randomBytes(384))]));
  const handlers: unknown = Reflect.get(Object(Reflect.get(client, "_protocol")), "_handlers");
  Object.assign(Object(handlers), {
    GLOBAL_REQUEST(_protocol: unknown, name: string) {
      if (name !== "hostkeys-prove-00@openssh.com") return;
      sendPacket(client, Buffer.concat([Buffer.from([81]), ...keys.map(proof)]));
    },
  });
  sendPacket(client, globalRequest("hostkeys-00@openssh.com", Buffer.concat(keys)));
}

/** The rows of a section that the lab's own rows leave free. */
const mostRows = bounds.sectionRows - 100;

/** As many rows as are read, each with facts, and different ones each time. */
function facts(): string {
  const text = readFileSync(new URL("../fixtures/probe/lab-bella-shared.txt", import.meta.url), "utf8");
  const turn = process.hrtime.bigint() % 1000n;
  const rows: Record<string, (index: number) => string> = {
    domains: (index) =>
      `domain\t${index}\tvm${turn}\t37baabc6-98d5-48a2-9634-${String(index).padStart(12, "0")}\t1\t1\tb\t-\t1`,
    mounts: (index) => `0:${index}\t/\t/mnt/${turn}/${index}\text4\t/dev/a\trw`,
    "aoe-devices": (index) => `device\te${index}.1\tup\t525400990110\teth1\t1024\t${turn}`,
  };
  return Object.entries(rows).reduce(
    (whole, [section, row]) =>
      whole.replace(
        `end\t${section}\t`,
        `${Array.from({ length: mostRows }, (_, index) => `${section}\t${row(index)}\n`).join("")}end\t${section}\t`,
      ),
    text,
  );
}

function answer(channel: ServerChannel, mode: HostileMode): void {
  let stdin = "";
  channel.stderr.on("error", () => undefined);
  channel.on("data", (chunk: Buffer) => {
    stdin += chunk.toString("utf8");
  });
  channel.on("end", () => {
    // The client has closed this channel.
    if (!channel.writable) return undefined;
    // These hosts answer no command.
    if (["new keys", "packets", "small data", "host keys"].includes(mode)) return undefined;
    const nonce = decodeRequest(stdin)?.nonce ?? "";
    channel.stderr.write(`${nonce} begin 1 1 1\n`);
    channel.write(`${nonce} begin\n`);
    if (mode === "flood") {
      const block = Buffer.alloc(1 << 20, "y");
      const more = () => {
        while (!channel.destroyed && channel.write(block));
        if (!channel.destroyed) channel.once("drain", more);
      };
      return more();
    }
    const row = mode === "newlines" ? "\n" : "mounts\t0:1\t/\t/a\tx\ty\tz\n";
    const nonsense = `probe\t1\n${row.repeat(Math.floor((limit - 200) / row.length))}end\tmounts\tknown\t0\t\nend\tprobe\n`;
    channel.write(mode === "facts" ? facts() : nonsense, () => {
      channel.write(`${nonce} end 0\n`);
      channel.stderr.write(`${nonce} end 0\n`);
      channel.exit(0);
      channel.end();
    });
    return undefined;
  });
}
