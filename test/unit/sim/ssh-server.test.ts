import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type Fault, plannedFaults } from "../../../src/sim/faults.ts";
import { createRack, type Rack } from "../../../src/sim/rack.ts";
import { type RackServer, type RackServerOptions, serveRack } from "../../../src/sim/ssh-server.ts";
import { createDialer } from "../../../src/ssh/dialer.ts";
import type { HostDialer, RunResult, SshTarget } from "../../../src/ssh/host-session.ts";
import { changedRack, known } from "./tutorial.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const file = changedRack(({ hosts }) => {
  for (const host of Object.values(hosts)) host.ssh.port = 0;
});

async function door(options: RackServerOptions & { faults?: readonly Fault[]; at?: "Connect" | "End" } = {}) {
  const rack = createRack(file, { clock: systemClock, timings: { boot: 300, process: 1 } });
  const server = await serveRack(rack, options);
  open.push(server);
  const dialer = createDialer({
    allow: ["127.0.0.0/8"],
    limits: { connectSeconds: 1, keepaliveSeconds: 1, keepaliveMisses: 1 },
  });
  open.push(dialer);
  const faults = options.faults ?? [];
  rack.faults = plannedFaults(faults.map((fault) => ({ fault, at: options.at ?? "End" })));
  return { rack, server, dialer };
}

function target(server: RackServer, name: string, change: Partial<SshTarget> = {}): SshTarget {
  const endpoint = server.endpoints.get(name);
  if (endpoint === undefined) throw new Error(`no ${name}`);
  const { host, port, user, hostKey } = endpoint;
  const credential = { privateKey: server.clientKey, version: "1" };
  return { host, port, user, become: "None", hostKeys: [hostKey], hostKeyPolicy: "Pinned", credential, ...change };
}

const command = probe({ roles: ["Server"], backings: ["/dev/vdb"], segments: [] });
const ask = (dialer: HostDialer, where: SshTarget, more: { maxOutputBytes?: number } = {}): Promise<RunResult> =>
  dialer
    .session(where)
    .run({ script: command.script, args: command.args, timeoutSeconds: command.timeoutSeconds, ...more });
const hostname = (result: RunResult) => {
  const { identity } = parseProbe(result.stdout);
  return identity.state === "known" ? identity.value.hostname : identity;
};

describe("a rack behind SSH", () => {
  it("answers the operator's own sessions, many at once over one connection", async () => {
    const { dialer, server } = await door();
    const results = await Promise.all(Array.from({ length: 12 }, () => ask(dialer, target(server, "san"))));
    expect(results.map((result) => [result.exitCode, hostname(result), result.stderr])).toEqual(
      results.map(() => [0, "san", ""]),
    );
  });

  it("has a key of its own for each host, and lets nobody in with another", async () => {
    const { dialer, server } = await door();
    const bella = target(server, "bella");
    await expect(ask(dialer, target(server, "san", { hostKeys: bella.hostKeys }))).rejects.toMatchObject({
      code: "HostKeyMismatch",
      started: false,
    });
    const other = await serveRack(createRack(file, { clock: systemClock }));
    open.push(other);
    const credential = { privateKey: other.clientKey, version: "2" };
    await expect(ask(dialer, target(server, "san", { credential }))).rejects.toMatchObject({
      code: "AuthenticationFailed",
      started: false,
    });
  });

  it("takes its latency", async () => {
    const { dialer, server } = await door({ latencyMs: 20 });
    await ask(dialer, target(server, "san"));
    const result = await ask(dialer, target(server, "san"));
    expect(hostname(result)).toBe("san");
    expect(result.milliseconds).toBeGreaterThanOrEqual(40);
    expect(result.milliseconds).toBeLessThan(400);
  });

  it("says goodbye to nobody when its power goes, refuses while it boots, and is back with another boot id", async () => {
    const { dialer, server, rack } = await door();
    const before = parseProbe((await ask(dialer, target(server, "san"))).stdout).identity;
    rack.powerOff("san");
    await expect(ask(dialer, target(server, "san"))).rejects.toMatchObject({ code: "Unreachable" });
    rack.powerOn("san");
    await until(() => rack.host("san").power === "On", rack);
    const fresh = createDialer({ allow: "Any" });
    open.push(fresh);
    const after = parseProbe((await ask(fresh, target(server, "san"))).stdout).identity;
    const [old, now] = [known(before), known(after)];
    expect({ ...now, bootId: now.bootId === old.bootId }).toEqual({ ...old, bootId: false });
  });

  it.each<[Fault, "Connect" | "End", object]>([
    [{ kind: "Drop" }, "Connect", { code: "ConnectionLost" }],
    [{ kind: "Drop" }, "End", { code: "ConnectionLost", started: true }],
    [{ kind: "Flood", bytes: 100 * 1024 * 1024 }, "End", { code: "OutputLimitExceeded", started: true }],
  ])("breaks as asked: %j at %s", async (fault, at, error) => {
    const { dialer, server } = await door({ faults: [fault], at });
    await expect(ask(dialer, target(server, "san"), { maxOutputBytes: 1024 * 1024 })).rejects.toMatchObject(error);
    expect(hostname(await ask(dialer, target(server, "san")))).toBe("san");
  });

  it.each<[Fault, (result: RunResult) => unknown, unknown]>([
    [{ kind: "ExitCode", exitCode: 7 }, (result) => result.exitCode, 7],
    [{ kind: "Truncate", bytes: 20 }, (result) => result.stdout.length, 20],
    [{ kind: "Garbage" }, (result) => parseProbe(result.stdout).identity.state, "unknown"],
  ])("lies as asked: %j", async (fault, look, expected) => {
    const { dialer, server } = await door({ faults: [fault] });
    expect(look(await ask(dialer, target(server, "san")))).toEqual(expected);
  });
});

async function until(condition: () => boolean, rack: Rack): Promise<void> {
  const deadline = systemClock.monotonic() + 5000;
  while (!condition()) {
    if (systemClock.monotonic() > deadline) throw new Error("it did not happen within 5 s");
    await systemClock.sleep(20);
    rack.settle();
  }
}
