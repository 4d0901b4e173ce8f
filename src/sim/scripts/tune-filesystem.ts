import type { Ocfs2Volume } from "../model/content.ts";
import { addSlots, growVolume } from "../model/mkfs.ts";
import { isOnline } from "../model/o2cb.ts";
import type { Ended } from "../model/ocfs2-mount.ts";
import { toolPath } from "../model/packages.ts";
import { unheardBeat } from "../model/unheard-beat.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, takeLock } from "./answer.ts";
import { reads, requireDevice } from "./shared-device.ts";

/** tune_arguments: checks under the lock that the device holds this file system. */
function* tuned(run: ScriptRun, device: string, uuid: string): Generator<number, Ocfs2Volume> {
  yield run.world.timings.process;
  if (toolPath(run.host, "tunefs.ocfs2") === undefined)
    refuse(run, "OcfsToolsMissing", "tunefs.ocfs2 is not installed");
  const disk = requireDevice(run, device);
  yield* takeLock(run, "format", 60);
  const volume = (yield* reads(run, disk)) ? disk.content.ocfs2 : undefined;
  if (volume?.uuid !== uuid)
    return refuse(run, "WrongFilesystem", `${device} holds ${volume?.uuid ?? "no OCFS2"}, not ${uuid}`);
  return volume;
}

/** tunefs.ocfs2 joins the cluster to find out which other nodes use the file system. */
function tune(run: ScriptRun, act: () => Ended): Ended {
  if (isOnline(run.host)) return act();
  return { exitCode: 1, stderr: "tunefs.ocfs2: Unable to access cluster service while initializing the cluster" };
}

const saidBy = ({ stderr }: Ended) => stderr.trim().replaceAll("\n", " ");

/** grow-filesystem.sh: DEVICE UUID */
export const growFilesystem: Responder = acting(function* growFilesystem(run) {
  const { world, host, args } = run;
  const [device = "", uuid = ""] = args;
  const volume = yield* tuned(run, device, uuid);
  const disk = requireDevice(run, device);
  const before = volume.sizeBytes;
  if (Math.floor(disk.block.sizeBytes / volume.clusterSize) * volume.clusterSize <= before) {
    return finish(run, `unchanged bytes ${before}`);
  }
  yield world.timings.process * 200;
  const ended = tune(run, () => growVolume(world, host, device));
  if (volume.sizeBytes <= before) {
    const still = `the file system still has ${before} bytes`;
    refuse(run, "GrowFailed", `tunefs.ocfs2 exited with ${ended.exitCode}, and ${still}: ${saidBy(ended)}`);
  }
  return finish(run, `grown bytes ${volume.sizeBytes}`);
});

/** add-node-slots.sh: DEVICE UUID SLOTS */
export const addNodeSlots: Responder = acting(function* addNodeSlots(run) {
  const { world, host, args } = run;
  const [device = "", uuid = "", slots = "0"] = args;
  const volume = yield* tuned(run, device, uuid);
  if (volume.nodeSlots >= Number(slots)) return finish(run, "unchanged");
  const node = yield* unheardBeat(host, volume);
  if (node !== undefined) {
    const who = `node number ${node}, which this host does not know, writes a heartbeat to ${device}`;
    refuse(run, "HeartbeatActive", `${who}: unmount the file system there`);
  }
  yield world.timings.process * 2000;
  const ended = tune(run, () => addSlots(world, host, device, Number(slots)));
  if (volume.nodeSlots >= Number(slots)) return finish(run, "added");
  const said = saidBy(ended);
  if (/[Nn]o space|[Nn]ot enough/.test(said)) refuse(run, "NoSpace", `no room for ${slots} node slots: ${said}`);
  if (said.includes("Trylock failed")) {
    const needed = "node slots can be added only while no host has the file system mounted";
    refuse(run, "GrowFailed", `${needed}: ${said}`);
  }
  const still = `the file system still has ${volume.nodeSlots} node slots`;
  return refuse(run, "GrowFailed", `tunefs.ocfs2 exited with ${ended.exitCode}, and ${still}: ${said}`);
});
