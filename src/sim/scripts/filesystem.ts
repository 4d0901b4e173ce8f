import { answering } from "../model/aoe-driver.ts";
import { addSlots, growVolume, mkfsOcfs2 } from "../model/mkfs.ts";
import { isAlive, lastBeat, type Ocfs2Volume } from "../model/ocfs2-volume.ts";
import { toolPath } from "../model/packages.ts";
import { answers, type SharedDisk, sharedDisk } from "../model/shared-disk.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { formatDirectory, formatLock, formatNotes, formatText, readFormat } from "./format-records.ts";

/** The device, which can be read now. */
export function requireDevice(run: ScriptRun, path: string): SharedDisk {
  const disk = sharedDisk(run.host, path);
  if (disk === undefined) return refuse(run, "DeviceMissing", `there is no ${path}`);
  if (disk.aoe?.up === false || !answers(run.world, run.host, disk.aoe)) {
    return refuse(run, "DeviceMissing", `${path} cannot be read`);
  }
  return disk;
}

/** The very file system on it. */
export function requireVolume(run: ScriptRun, path: string, uuid: string): { disk: SharedDisk; volume: Ocfs2Volume } {
  const disk = requireDevice(run, path);
  const volume = disk.content.ocfs2;
  if (volume === undefined) return refuse(run, "WrongFilesystem", `${path} holds ${found(disk)}`);
  if (volume.uuid !== uuid) return refuse(run, "WrongFilesystem", `${path} holds the OCFS2 ${volume.uuid}`);
  return { disk, volume };
}

function found({ content }: SharedDisk): string {
  const { signature, uuid, label, data } = content;
  if (signature === "") return data ? "something that is not zero, without a signature" : "nothing";
  return [`TYPE=${signature}`, uuid === "" ? "" : `UUID=${uuid}`, label === "" ? "" : `LABEL=${label}`]
    .filter((word) => word !== "")
    .join(" ");
}

/** aoeping -I: who answers for the target, by the host name in its serial number. */
function requireServer(run: ScriptRun, disk: SharedDisk, server: string): void {
  const { aoe } = disk;
  if (aoe === undefined) return;
  const processes = answering(run.world, run.host, aoe);
  const names = [...run.world.hosts.values()]
    .filter((host) => processes.some((process) => host.running.processes.get(process.pid) === process))
    .map((host) => `${aoe.shelf}.${aoe.slot}:${host.running.hostname}`.slice(0, 19));
  if (processes.length !== 1)
    refuse(run, "WrongServer", `${processes.length} servers answer for ${disk.path}: ${names.join(" ")}`);
  const wanted = `${aoe.shelf}.${aoe.slot}:${server}`.slice(0, 19);
  if (names[0] !== wanted)
    refuse(run, "WrongServer", `${disk.path} has the serial number ${names[0]}, and not ${wanted}`);
}

/** format-filesystem.sh: OWNER DEVICE UUID LABEL CLUSTER MODE SLOTS BLOCKSIZE CLUSTERSIZE JOURNALSIZE TYPE BYTES SERVER INTERFACE */
export const formatFilesystem: Responder = acting(function* formatFilesystem(run) {
  const { world, host, args } = run;
  const [owner = "", device = "", uuid = "", label = "", cluster = "", mode = "", slots = "", ...rest] = args;
  const [blockSize = "-", clusterSize = "-", journalSize = "-", type = "-", bytes = "0", server = ""] = rest;
  yield world.timings.process;
  if (toolPath(host, "mkfs.ocfs2") === undefined)
    refuse(run, "ToolMissing", "the package ocfs2-tools is not installed");
  yield* takeLock(run, "ocfs2", 40);
  const note = readFormat(host, uuid);
  const disk = requireDevice(run, device);
  if (note?.state === "Done" && disk.content.ocfs2?.uuid === uuid) return finish(run, "unchanged");
  for (const other of formatNotes(host)) {
    if (other.device !== device && other.uuid !== uuid) continue;
    if (other.state === "Done" && other.uuid !== uuid) continue;
    refuse(run, "FormatInterrupted", `a format of ${other.device} as ${other.uuid} began here and is ${other.state}`);
  }
  if (disk.block.sizeBytes !== Number(bytes)) {
    refuse(run, "SizeDiffers", `${device} has ${disk.block.sizeBytes} bytes, and not ${bytes}`);
  }
  requireServer(run, disk, server);
  const { content } = disk;
  if (content.signature !== "" || content.data) refuse(run, "NotBlank", `${device} holds ${found(disk)}`);
  yield 5000;
  const beats = [...(disk.content.ocfs2?.beats.entries() ?? [])];
  const alive = beats.find(
    ([, beat]) => isAlive(beat, world.agenda.time, 5000) && lastBeat(beat, world.agenda.time) > 0,
  );
  if (alive !== undefined) refuse(run, "HeartbeatActive", `node ${alive[0]} writes a heartbeat to ${device}`);
  if (content.signature !== "" || content.data) refuse(run, "NotBlank", `${device} holds ${found(disk)}`);
  run.lock(formatLock(uuid));
  replaceFile(run, `${formatDirectory}/${uuid}`, formatText(host, device, owner, "began"));
  yield world.timings.process;
  const number = (text: string) => (text === "-" ? undefined : Number(text));
  const [block, size] = [number(blockSize), number(clusterSize)];
  const ended = yield* mkfsOcfs2(world, host, device, {
    uuid,
    label,
    cluster,
    globalHeartbeat: mode === "global",
    nodeSlots: Number(slots),
    journalSize: number(journalSize),
    type: type === "-" ? undefined : type,
    ...(block === undefined ? {} : { blockSize: block }),
    ...(size === undefined ? {} : { clusterSize: size }),
  });
  if (ended.exitCode !== 0) refuse(run, "FormatFailed", `mkfs.ocfs2 ${device}: ${ended.stderr.trim()}`);
  if (disk.content.ocfs2?.uuid !== uuid) refuse(run, "FormatFailed", `${device} holds ${found(disk)} after mkfs.ocfs2`);
  yield world.timings.process;
  replaceFile(run, `${formatDirectory}/${uuid}`, formatText(host, device, owner, "done"));
  return finish(run, "formatted");
});

/** grow-filesystem.sh: DEVICE UUID */
export const growFilesystem: Responder = acting(function* growFilesystem(run) {
  const { world, host, args } = run;
  const [device = "", uuid = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "ocfs2", 40);
  const { volume } = requireVolume(run, device, uuid);
  const before = volume.sizeBytes;
  const ended = growVolume(world, host, device);
  if (ended.exitCode !== 0) refuse(run, "GrowFailed", ended.stderr.trim());
  yield world.timings.process * 100;
  return finish(run, `${volume.sizeBytes > before ? "grown" : "unchanged"} bytes ${volume.sizeBytes}`);
});

/** add-node-slots.sh: DEVICE UUID SLOTS */
export const addNodeSlots: Responder = acting(function* addNodeSlots(run) {
  const { world, host, args } = run;
  const [device = "", uuid = "", slots = "0"] = args;
  yield world.timings.process;
  yield* takeLock(run, "ocfs2", 40);
  const { volume } = requireVolume(run, device, uuid);
  if (volume.nodeSlots >= Number(slots)) return finish(run, "unchanged");
  yield world.timings.process * 100;
  const ended = addSlots(world, host, device, Number(slots));
  if (ended.stderr.includes("No space")) refuse(run, "NoSpace", ended.stderr.trim());
  if (ended.exitCode !== 0) refuse(run, "GrowFailed", ended.stderr.trim());
  return finish(run, "added");
});
