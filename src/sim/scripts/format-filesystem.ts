import { type MkfsOptions, mkfsUnfit } from "../model/mkfs.ts";
import { sequenceOf } from "../model/ocfs2-volume.ts";
import { toolPath } from "../model/packages.ts";
import { formatDirectory, readFormat, startFormat } from "../model/running-format.ts";
import type { SharedDisk } from "../model/shared-disk.ts";
import { resolve } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, fail, finish, refuse, refuseWrite, replaceFile, takeLock } from "./answer.ts";
import { formatNotes } from "./format-records.ts";
import { reads, requireDevice, requireServer, signatureText } from "./shared-device.ts";

/** require_blank: as late as possible, read from the disk. */
function* requireBlank(run: ScriptRun, disk: SharedDisk): Generator<number, void> {
  const { content, path } = disk;
  if (!(yield* reads(run, disk))) refuse(run, "DeviceMissing", `${path} cannot be read`);
  const { signature, data, ocfs2 } = content;
  if (signature === "ocfs2") {
    const known =
      ocfs2 === undefined ? "" : `label ${ocfs2.label}, UUID ${ocfs2.uuid}, cluster ${ocfs2.cluster || "-"}`;
    const beats = () =>
      [...(ocfs2?.beats ?? [])].map(([node, beat]) => `${node} ${sequenceOf(beat, run.world.agenda.time)}`).join();
    const before = beats();
    if (before !== "") {
      yield 5000;
      const why = `a node has it mounted and writes a heartbeat: OCFS2, ${known}`;
      if (before !== beats()) refuse(run, "HeartbeatActive", why);
    }
    refuse(run, "NotBlank", `OCFS2, ${known}`);
  }
  if (signature !== "") refuse(run, "NotBlank", `${signature}: ${signatureText(disk)}`);
  if (data) refuse(run, "NotBlank", "no signature, but its first or last MiB is not zero");
  yield run.world.timings.process;
}

/** Formats that began here earlier with this UUID or on this device. */
function requireNoOther(run: ScriptRun, uuid: string, device: string): number | undefined {
  for (const note of formatNotes(run.host)) {
    if (note.uuid !== uuid && note.device !== device) continue;
    if (note.state === "Running") {
      run.out(`busy\tmkfs.ocfs2 is still formatting ${note.device} for an earlier command\n`);
      return 4;
    }
    if (note.state !== "Interrupted") continue;
    const record = `${formatDirectory}/${note.uuid}`;
    const how = `a format of ${note.device} as ${note.uuid} started on this host and did not finish`;
    const who = `it is not repeated. Look at the device; to allow a new format, remove ${record}`;
    refuse(run, "FormatInterrupted", `${how}; ${who}`);
  }
  return undefined;
}

function optionsOf(args: readonly string[]): MkfsOptions {
  const [uuid = "", label = "", cluster = "", mode = "", slots = "", block, size, journal, type = "-"] = args;
  const number = (text = "-") => (text === "-" ? undefined : Number(text));
  const [blockSize, clusterSize] = [number(block), number(size)];
  return {
    uuid,
    label,
    cluster,
    globalHeartbeat: mode === "global",
    nodeSlots: Number(slots),
    journalSize: number(journal),
    type: type === "-" ? undefined : type,
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(clusterSize === undefined ? {} : { clusterSize }),
  };
}

/** format-filesystem.sh: OWNER DEVICE UUID LABEL CLUSTER MODE SLOTS BLOCKSIZE CLUSTERSIZE JOURNALSIZE TYPE BYTES SERVER INTERFACE */
export const formatFilesystem: Responder = acting(function* formatFilesystem(run) {
  const { world, host, args } = run;
  const [owner = "", device = ""] = args;
  const [bytes = "0", server = "", net = ""] = args.slice(11);
  const options = optionsOf(args.slice(2, 11));
  const { uuid } = options;
  yield world.timings.process;
  if (toolPath(host, "mkfs.ocfs2") === undefined) refuse(run, "OcfsToolsMissing", "mkfs.ocfs2 is not installed");
  if (toolPath(host, "aoeping") === undefined) refuse(run, "ToolMissing", "aoeping is not installed");
  yield* takeLock(run, "format", 5);
  const busy = requireNoOther(run, uuid, device);
  if (busy !== undefined) return busy;
  const disk = requireDevice(run, device);
  if (readFormat(host, uuid) !== undefined) {
    const there = (yield* reads(run, disk)) && disk.content.ocfs2?.uuid === uuid;
    const found = signatureText(disk) || "no signature";
    if (!there) refuse(run, "WrongFilesystem", `${uuid} was made on ${device} but is no longer there: ${found}`);
    return finish(run, "unchanged");
  }
  if (disk.block.sizeBytes !== Number(bytes)) {
    refuse(run, "SizeDiffers", `${device} has ${disk.block.sizeBytes} bytes, the volume ${bytes}`);
  }
  const mounted = host.running.mounts.find((mount) => mount.fileSystem.device === disk.block.device);
  if (mounted !== undefined) refuse(run, "NotBlank", `${device} is mounted on ${mounted.mountPoint}`);
  const [holder] = disk.block.holders;
  if (holder !== undefined) refuse(run, "NotBlank", `${device} has a holder or a partition: holders/${holder}`);
  const active = host.running.o2cb.cluster?.name;
  if (active !== undefined && active !== options.cluster)
    refuse(run, "ForeignCluster", `the cluster ${active} is active on this host`);
  yield* requireServer(run, disk, server, net);
  yield* requireBlank(run, disk);
  // mkfs.ocfs2 --dry-run
  const unfit = mkfsUnfit(options, disk.block.sizeBytes);
  if (unfit !== undefined) refuse(run, "FormatFailed", `mkfs.ocfs2 refuses: ${unfit}`);
  yield world.timings.process * 20;
  yield* requireBlank(run, disk);
  const record = `${formatDirectory}/${uuid}`;
  if (resolve(host, formatDirectory).node === undefined) {
    // mkdir -p; then the record itself, which must not exist.
    replaceFile(run, `${formatDirectory}/.new`, "");
    resolve(host, formatDirectory).mount.fileSystem.nodes.delete(`${formatDirectory}/.new`);
  }
  const format = startFormat(world, host, device, owner, options);
  if (format === undefined) return refuseWrite(run, record, "Read-only file system");
  while (format.wait !== undefined) yield format.wait + 1;
  if (readFormat(host, uuid)?.state === "Done") return finish(run, "formatted");
  const said = format.ended?.stderr.trim() ?? "";
  return format.ended === undefined
    ? fail(run, said)
    : refuse(run, "FormatFailed", `${said} mkfs.ocfs2 exit ${format.ended.exitCode} `);
});
