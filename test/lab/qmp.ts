import { connect } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { LabError } from "./places.ts";

const answerSchema = z.union([
  z.looseObject({ QMP: z.unknown() }),
  z.looseObject({ event: z.string() }),
  z.looseObject({ error: z.looseObject({ desc: z.string() }) }),
  z.looseObject({ return: z.unknown() }),
]);

/** Sends one command to QEMU's monitor socket and resolves with the answer. Rejects with QEMU's own message. */
export async function qmp(socketPath: string, command: string, args: object = {}): Promise<unknown> {
  const socket = connect(socketPath);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const lines = createInterface({ input: socket });
    const pending = [{ execute: "qmp_capabilities" }, { execute: command, arguments: args }];
    for await (const line of lines) {
      const answer = answerSchema.parse(JSON.parse(line));
      if ("event" in answer) continue;
      if ("error" in answer) {
        const { desc } = z.object({ desc: z.string() }).parse(answer.error);
        throw new LabError(`QEMU refuses ${command}: ${desc}`);
      }
      const next = pending.shift();
      if (next === undefined) return "return" in answer ? answer.return : undefined;
      socket.write(`${JSON.stringify(next)}\n`);
    }
    throw new LabError(`QEMU ended while it was asked to ${command}`);
  } finally {
    socket.destroy();
  }
}
