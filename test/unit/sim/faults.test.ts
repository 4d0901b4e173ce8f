import { describe, expect, it } from "vitest";
import { ensureFile, probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type Fault, type PlannedFault, plannedFaults, seededFaults } from "../../../src/sim/faults.ts";
import { reset } from "../../../src/sim/model/power.ts";
import type { RunResult } from "../../../src/ssh/host-session.ts";
import { allowedBackings, owner, type StageOptions, stage } from "./tutorial.ts";

const command = ensureFile({ owner, path: "/srv/aoe/data.img", sizeBytes: 2 ** 20, allowedBackings });
const look = probe({ roles: ["Server"], backings: [], segments: [] });
const withFault = (plan: PlannedFault, options: StageOptions = {}) =>
  stage({ ...options, faults: plannedFaults([{ script: "ensure-file", ...plan }]) });
const made = (it: ReturnType<typeof stage>) => it.rack.backingOf("san", "/srv/aoe/data.img").kind === "File";

describe("a connection", () => {
  it.each<[Fault["kind"] & ("Refuse" | "Drop" | "Hang"), string, boolean]>([
    ["Refuse", "Unreachable", false],
    ["Drop", "ConnectionLost", false],
    ["Hang", "TimedOut", false],
  ])("%s before the command starts: %s, and nothing happened", async (kind, code, started) => {
    const it = withFault({ fault: { kind } });
    await expect(it.run("san", command)).rejects.toMatchObject({ code, started });
    it.pass(10);
    expect(made(it)).toBe(false);
    expect(it.happened()).toEqual([]);
  });

  it.each<["Drop" | "Hang", string]>([
    ["Drop", "ConnectionLost"],
    ["Hang", "TimedOut"],
  ])("%s in the middle: %s, and the command runs on to its end", async (kind, code) => {
    const it = withFault({ fault: { kind }, at: "Step", step: 1 });
    await expect(it.run("san", command)).rejects.toMatchObject({ code, started: true });
    it.pass(10);
    expect(made(it)).toBe(true);
    expect(it.happened("CommandEnded")).toMatchObject([{ script: "ensure-file", exitCode: 0, changed: true }]);
  });

  it("is late in the middle: so is everything that the command does from there on", async () => {
    const it = withFault({ fault: { kind: "Delay", ms: 5000 }, at: "Step", step: 1 });
    const began = it.clock.monotonic();
    expect(await it.act("san", command)).toEqual({ kind: "done", detail: "created" });
    expect(it.happened("FileCreated").map(({ at }) => at - began >= 5000)).toEqual([true]);
  });

  it("is lost after the effect: the answer never comes", async () => {
    const it = withFault({ fault: { kind: "Drop" }, at: "End" });
    await expect(it.run("san", command)).rejects.toMatchObject({ code: "ConnectionLost", started: true });
    expect(made(it)).toBe(true);
  });

  it("breaks when the host loses its power between two steps, and the temporary file stays behind", async () => {
    const crash: Fault = { kind: "Event", name: "reset", act: (world, host) => reset(world, host) };
    const it = withFault({ fault: crash, at: "Step", step: 3 });
    await expect(it.run("san", command)).rejects.toMatchObject({ code: "ConnectionLost", started: true });
    it.pass(60);
    expect(made(it)).toBe(false);
    expect(it.rack.backingOf("san", "/srv/aoe/data.img.xensan-new").kind).toBe("File");
    expect(await it.act("san", command)).toEqual({ kind: "done", detail: "created" });
    expect(it.rack.backingOf("san", "/srv/aoe/data.img.xensan-new").kind).toBe("Missing");
  });

  it.each<[Fault, (result: RunResult) => unknown, unknown]>([
    [{ kind: "ExitCode", exitCode: 0 }, (result) => [result.exitCode, result.stdout], [0, "done\tcreated\n"]],
    [{ kind: "ExitCode", exitCode: 255 }, (result) => [result.exitCode, result.stdout], [255, "done\tcreated\n"]],
    [{ kind: "Truncate", bytes: 4 }, (result) => result.stdout, "done"],
    [{ kind: "Delay", ms: 5000 }, (result) => result.milliseconds > 5000, true],
    [{ kind: "Garbage" }, (result) => parseProbe(result.stdout).identity.state, "unknown"],
  ])("lies: %j", async (fault, see, expected) => {
    const it = withFault({ fault, at: "End" });
    expect(see(await it.run("san", command))).toEqual(expected);
  });

  it("does not carry 100 MB", async () => {
    const it = withFault({ fault: { kind: "Flood", bytes: 100 * 1024 * 1024 }, at: "End" });
    await expect(it.run("san", command)).rejects.toMatchObject({ code: "OutputLimitExceeded", started: true });
  });
});

describe("a client", () => {
  it("that gives up ends what it started", async () => {
    const it = stage();
    await expect(it.run("san", command, { timeoutSeconds: 0.01 })).rejects.toMatchObject({ code: "TimedOut" });
    expect(it.happened("CommandEnded")).toMatchObject([{ exitCode: undefined }]);
    it.pass(60);
    expect(made(it)).toBe(false);
  });

  it("whose signal was aborted starts nothing", async () => {
    const it = stage();
    const signal = AbortSignal.abort(new Error("stopping"));
    await expect(it.run("san", command, { signal })).rejects.toMatchObject({ code: "Aborted", started: false });
    expect(it.rack.events.filter((event) => event.kind === "CommandBegun")).toEqual([]);
  });

  it.each<[StageOptions, string]>([
    [{ target: { hostKeys: [] } }, "HostKeyUnknown"],
    [{ target: { hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA"] } }, "HostKeyMismatch"],
    [{ target: { user: "nobody" } }, "AuthenticationFailed"],
    [{ target: { host: "127.0.0.9" } }, "Unreachable"],
    [{ authorizedKey: "another" }, "AuthenticationFailed"],
  ])("with %j is turned away: %s", async (options, code) => {
    await expect(stage(options).run("san", look)).rejects.toMatchObject({ code, started: false });
  });

  it("learns the key on first use", async () => {
    const seen: string[] = [];
    const target = {
      hostKeys: [],
      hostKeyPolicy: "TrustOnFirstUse",
      onHostKey: (key: string) => void seen.push(key),
    } as const;
    await stage({ target }).run("san", look);
    expect(seen).toEqual([expect.stringMatching(/^ssh-ed25519 AAAA/)]);
  });
});

describe("a host", () => {
  it.each(["Off", "Booting", "Cut"] as const)("that is %s is unreachable", async (how) => {
    const it = stage();
    if (how === "Off") it.rack.powerOff("san");
    else if (how === "Booting") it.rack.reset("san");
    else it.rack.setManagement("san", "Cut");
    await expect(it.run("san", look)).rejects.toMatchObject({ code: "Unreachable", started: false });
    it.pass(60);
    if (how === "Booting") expect((await it.facts("san")).identity.state).toBe("known");
  });

  it("has another boot id after every boot", async () => {
    const it = stage();
    const bootIds = new Set<string>();
    for (let boot = 0; boot < 3; boot++) {
      bootIds.add(it.rack.host("san").running.bootId);
      it.rack.reset("san");
      it.pass(60);
    }
    expect(bootIds.size).toBe(3);
  });

  it("lets only one script at a time change its storage", async () => {
    const it = stage({ faults: plannedFaults([{ fault: { kind: "Hang" }, at: "Step", step: 3 }]) });
    const [first, second] = await Promise.allSettled([
      it.run("san", command, { timeoutSeconds: 5 }),
      it.act("san", command),
    ]);
    expect(first.status).toBe("rejected");
    expect(second).toEqual({ status: "fulfilled", value: { kind: "done", detail: "unchanged" } });
  });
});

describe("faults from a seed", () => {
  const history = async (seed: number) => {
    const faults: Fault[] = [{ kind: "Drop" }, { kind: "Refuse" }, { kind: "Delay", ms: 100 }, { kind: "Garbage" }];
    const it = stage({ faults: seededFaults(seed, { probability: 0.2, faults }) });
    for (let round = 0; round < 20; round++) {
      await it.run("san", round % 2 === 0 ? command : look).catch((error: unknown) => error);
    }
    return it.rack.events;
  };

  it("are the same for the same seed, and others for another", async () => {
    expect(await history(7)).toEqual(await history(7));
    expect(await history(7)).not.toEqual(await history(8));
  });
});
