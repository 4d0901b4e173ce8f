import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { eventually } from "../eventually.ts";

const messageSchema = z.object({ kind: z.enum(["campaigning", "acting"]), at: z.number() });
const leaseMs = 4000;

let api: KubeClient;
const children: ChildProcess[] = [];
beforeAll(() => {
  api = createKubeClient({ source: textSource(inject("kubeconfig")) });
});
afterAll(() => api.close());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

async function replicas() {
  const namespace = `election-${crypto.randomUUID().slice(0, 8)}`;
  await api.create(namespaces, { metadata: { name: namespace } });
  return (identity: string) => {
    const child = fork(
      fileURLToPath(new URL("replica.ts", import.meta.url)),
      [inject("kubeconfigPath"), namespace, identity],
      {
        execArgv: [],
      },
    );
    children.push(child);
    const acts: number[] = [];
    const state = { campaigning: false };
    child.on("message", (message) => {
      const { kind, at } = messageSchema.parse(message);
      if (kind === "acting") acts.push(at);
      else state.campaigning = true;
    });
    return { child, acts, state };
  };
}

describe("two replicas as processes of their own", () => {
  it("never act at once; when the leader is killed the other takes over within the lease time", async () => {
    const start = await replicas();
    const a = start("a");
    await eventually("a leads", () => a.acts.length > 10);
    const b = start("b");
    await eventually("b campaigns", () => b.state.campaigning);
    await eventually("a has led beyond one lease time", () => a.acts.length > leaseMs / 40);
    expect(b.acts).toEqual([]);
    a.child.kill("SIGKILL");
    await eventually("b leads", () => b.acts.length > 10, 20);
    const gap = (b.acts[0] ?? 0) - (a.acts.at(-1) ?? 0);
    expect(gap).toBeGreaterThan(0);
    // The lease time plus one interval of each: a had just renewed, b had just looked.
    expect(gap).toBeLessThan(leaseMs + 2500);
  });

  it("never act at once when the leader freezes and wakes up later", async () => {
    const start = await replicas();
    const a = start("a");
    await eventually("a leads", () => a.acts.length > 10);
    const b = start("b");
    await eventually("b campaigns", () => b.state.campaigning);
    a.child.kill("SIGSTOP");
    await eventually("b leads", () => b.acts.length > 10, 20);
    const before = a.acts.length;
    a.child.kill("SIGCONT");
    const length = b.acts.length;
    await eventually("b goes on", () => b.acts.length > length + 50);
    // Messages sent before the freeze may still arrive, but no later ones.
    expect(a.acts.slice(before).filter((at) => at >= (b.acts[0] ?? 0))).toEqual([]);
  });

  it("hand over at once when the leader stops in order", async () => {
    const start = await replicas();
    const a = start("a");
    await eventually("a leads", () => a.acts.length > 10);
    const b = start("b");
    await eventually("b campaigns", () => b.state.campaigning);
    a.child.kill("SIGTERM");
    await eventually("b leads", () => b.acts.length > 10, 20);
    const gap = (b.acts[0] ?? 0) - (a.acts.at(-1) ?? 0);
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(leaseMs);
  });
});
