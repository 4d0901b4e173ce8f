import type { Connection, ServerChannel } from "ssh2";
import { decodeRequest, killScriptName, outputMarks, type WireRequest } from "../ssh/wire.ts";
import { type Fault, type FaultPoint, garbage } from "./faults.ts";
import type { Host } from "./model/state.ts";
import { note } from "./model/world.ts";
import type { ScriptProcess } from "./process.ts";
import type { Rack } from "./rack.ts";

interface Exec {
  readonly rack: Rack;
  readonly host: Host;
  readonly connection: Connection;
  readonly channel: ServerChannel;
  /** Whether sudo asks for a password. */
  readonly denied: boolean;
}

/** Processes by host and pid, so that a second channel can end them. */
const processes = new WeakMap<Host, Map<number, { process: ScriptProcess; startTicks: string }>>();

/** Runs one command on one channel, as a shell with our wire format on its stdin would. */
export function answerExec(exec: Exec): void {
  const { channel } = exec;
  const chunks: Buffer[] = [];
  // A client may close the channel at any time, even amid an answer.
  channel.on("error", () => undefined);
  channel.stderr.on("error", () => undefined);
  channel.on("data", (chunk: Buffer) => chunks.push(chunk));
  channel.on("end", () => {
    const request = decodeRequest(Buffer.concat(chunks).toString("utf8"));
    if (exec.denied) return quit(channel, 1, "", "sudo: a password is required\n");
    if (request === undefined)
      return quit(channel, 2, "", 'sh: 1: Syntax error: end of file unexpected (expecting "}")\n');
    if (request.script.name === killScriptName) return endProcess(exec, request);
    play(exec, request).catch((error: unknown) => quit(channel, 255, "", `${String(error)}\n`));
  });
}

function quit(channel: ServerChannel, exitCode: number, stdout: string, stderr: string): void {
  if (!channel.writable) return;
  if (stderr !== "") channel.stderr.write(stderr);
  if (stdout !== "") channel.write(stdout);
  channel.exit(exitCode);
  channel.end();
}

function endProcess(exec: Exec, request: WireRequest): void {
  const [pid = "", group = "", startTicks = ""] = request.args;
  const known = processes.get(exec.host)?.get(Number(pid));
  const same = known?.startTicks === startTicks && group === pid && known.process.end === undefined;
  if (same) known.process.kill("ended through a second channel");
  const marks = outputMarks(request.nonce, 0, { pid: 1, processGroup: 1, startTicks: "1" });
  exec.channel.stderr.write(marks.stderr.begin + marks.stderr.end);
  quit(exec.channel, 0, `${marks.stdout.begin}${same ? "ended" : "gone"}\n${marks.stdout.end}`, "");
}

async function play(exec: Exec, request: WireRequest): Promise<void> {
  const { rack, host, connection, channel } = exec;
  const { clock, world } = rack;
  const { script, args, nonce } = request;
  let cut = false;
  const shape: Fault[] = [];

  /** Applies a fault; true when the connection is over for this command. */
  const suffer = async (fault: Fault | undefined): Promise<boolean> => {
    if (fault === undefined) return cut;
    if (fault.kind === "Refuse" || fault.kind === "Drop") {
      cut = true;
      connection.end();
    } else if (fault.kind === "Hang") cut = true;
    else if (fault.kind === "Delay") await clock.sleep(fault.ms);
    else if (fault.kind !== "Event") shape.push(fault);
    return cut;
  };
  const ask = (at: FaultPoint["at"], step: number): Fault | undefined => {
    const fault = rack.faults({ host: host.name, script: script.name, args, at, step });
    if (fault === undefined) return undefined;
    const what = fault.kind === "Event" ? fault.name : fault.kind;
    note(world, host, { kind: "Fault", fault: `${what} at ${at} ${step} of ${script.name}` });
    if (fault.kind === "Event") fault.act(world, host);
    return fault;
  };

  rack.settle();
  if (await suffer(ask("Connect", 0))) return;
  if (host.power !== "On") return;
  const late: Fault[] = [];
  const process = rack.start(host, script.name, args, {
    beforeStep(stepping) {
      const fault = ask("Step", stepping.step);
      if (fault?.kind === "Delay") return fault.ms;
      if (fault !== undefined) late.push(fault);
      return 0;
    },
  });
  const startTicks = String(Math.round(world.agenda.time / 10) % 1e9);
  const known = processes.get(host) ?? new Map<number, { process: ScriptProcess; startTicks: string }>();
  processes.set(host, known);
  known.set(process.pid, { process, startTicks });
  const where = { pid: process.pid, processGroup: process.pid, startTicks };
  const begin = outputMarks(nonce, 0, where);
  channel.stderr.write(begin.stderr.begin);
  channel.write(begin.stdout.begin);
  while (process.end === undefined && !cut) {
    for (const fault of late.splice(0)) await suffer(fault);
    const wake = process.wakeAt;
    if (process.end !== undefined || cut || wake === undefined) break;
    await clock.sleep(Math.max(0, wake - clock.now()));
    rack.settle();
  }
  for (const fault of late.splice(0)) await suffer(fault);
  if (cut) return;
  known.delete(process.pid);
  if (process.end?.kind !== "Exited") {
    // The script was ended by a signal while the host was up. A host that is down sends nothing.
    if (host.power === "On") {
      channel.exit("TERM", false, "");
      channel.end();
    }
    return;
  }
  if (await suffer(ask("End", process.step))) return;
  await send(channel, process, process.end.exitCode, shape, nonce, where);
}

async function send(
  channel: ServerChannel,
  process: ScriptProcess,
  exit: number,
  shape: readonly Fault[],
  nonce: string,
  where: { pid: number; processGroup: number; startTicks: string },
): Promise<void> {
  let exitCode = exit;
  let stdout = process.stdout;
  for (const fault of shape) {
    if (fault.kind === "ExitCode") exitCode = fault.exitCode;
    if (fault.kind === "Truncate") stdout = stdout.slice(0, fault.bytes);
    if (fault.kind === "Garbage") stdout = garbage;
    if (fault.kind === "Flood") await flood(channel, fault.bytes);
  }
  const end = outputMarks(nonce, exitCode, where);
  channel.stderr.write(process.stderr + end.stderr.end);
  channel.write(stdout + end.stdout.end);
  channel.exit(exitCode);
  channel.end();
}

async function flood(channel: ServerChannel, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, "x");
  for (let sent = 0; sent < bytes && !channel.destroyed && channel.writable; sent += chunk.length) {
    if (channel.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      channel.once("drain", resolve);
      channel.once("close", resolve);
    });
  }
}
