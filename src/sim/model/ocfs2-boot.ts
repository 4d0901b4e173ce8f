import { discover } from "./aoe-driver.ts";
import { onlineFromFiles, startGlobalRegion } from "./o2cb.ts";
import { mountOcfs2 } from "./ocfs2-mount.ts";
import { sharedDisk } from "./shared-disk.ts";
import type { Host, World } from "./state.ts";
import { list, readText } from "./storage.ts";
import { unheardBeat } from "./unheard-beat.ts";
import { later } from "./world.ts";

/** A row of /etc/fstab. */
export interface FstabEntry {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
  /** Owner in a mark `# xensan: OWNER` on the line above; empty for a foreign entry. */
  readonly owner: string;
}

/** The OCFS2 lines of /etc/fstab, with the owner that the comment above names. */
export function readFstab(host: Host): FstabEntry[] {
  const entries: FstabEntry[] = [];
  let owner = "";
  for (const line of (readText(host, "/etc/fstab") ?? "").split("\n")) {
    const [source = "", mountPoint = "", type = "", options = ""] = line.trim().split(/\s+/);
    if (line.startsWith("# xensan: ")) owner = line.slice("# xensan: ".length);
    else if (type !== "" && !source.startsWith("#")) {
      entries.push({ source, mountPoint, type, options: options.split(","), owner });
      owner = "";
    } else owner = "";
  }
  return entries;
}

/** Seconds for which systemd waits for a device. */
const deviceTimeout = (options: readonly string[]) => {
  const asked = options.find((option) => option.startsWith("x-systemd.device-timeout="));
  const seconds = Number.parseInt(asked?.slice("x-systemd.device-timeout=".length) ?? "90", 10);
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds;
};

/** Whether an option is for the kernel, not for systemd or mount(8). */
const isForKernel = (option: string): boolean =>
  !["defaults", "nofail", "auto", "noauto"].includes(option) && !option.startsWith("x-");

/** The options that `mount MOUNTPOINT` passes to the kernel. */
export const kernelOptions = (options: readonly string[]): string[] => options.filter(isForKernel);

/** Runs steps that take time on a host, until they end or the host goes down. */
export function play(world: World, host: Host, steps: Generator<number, unknown>): void {
  const next = () => {
    const step = steps.next();
    if (!step.done) later(world, host, step.value, next);
  };
  next();
}

/** What o2cb and the mounts of fstab do at boot, once the network is up and the driver has run discovery. */
export function bootOcfs2(world: World, host: Host): void {
  if (!host.packages.has("ocfs2-tools")) return;
  let online = false;
  later(world, host, world.timings.clusterOnline, () => {
    onlineFromFiles(world, host);
    online = true;
  });
  if (loopStarts(host)) play(world, host, mountLoop(world, host));
  for (const entry of readFstab(host)) {
    if (entry.type !== "ocfs2" || entry.options.includes("noauto")) continue;
    play(
      world,
      host,
      mountAtBoot(world, host, entry, () => online),
    );
  }
}

function* mountAtBoot(world: World, host: Host, entry: FstabEntry, online: () => boolean): Generator<number, void> {
  const { source, mountPoint, options } = entry;
  const there = () => sharedDisk(host, source)?.aoe?.up === true;
  const ordered = options.some((option) => /^x-systemd\.(requires|after)=o2cb\.service$/.test(option));
  if (host.init === "sysvinit") {
    // /etc/init.d/ocfs2 runs after o2cb and tries once.
    while (!online()) yield 1000;
  } else {
    for (let waited = 0; !there(); waited++) {
      if (waited >= deviceTimeout(options)) return;
      yield 1000;
    }
    while (ordered && !online()) yield 1000;
  }
  yield* mountOcfs2(world, host, source, mountPoint, kernelOptions(options));
}

/** The loop that mounts the fstab entries with our mark. */
export const mountsLoop = "/var/lib/xensan/mount-at-boot";
/** The second line of a loop as this release writes it. */
const mountsRevision = "# revision 3";
/** The unit that mounts shared file systems at boot. */
export const mountsUnit = "/etc/systemd/system/xensan-mounts.service";
/** The link by which systemd starts {@link mountsUnit}. */
export const mountsWant = "/etc/systemd/system/multi-user.target.wants/xensan-mounts.service";
/** The drop-in by which boot-order.sh orders o2cb. */
export const orderDropIn = "/etc/systemd/system/o2cb.service.d/xensan.conf";
/** `CLUSTER FENCE MODE`, then a line `REGION DEVICE` each: what the loop sets before it mounts. */
export const clusterState = "/var/lib/xensan/cluster";

/** `UUID MOUNTPOINT` of each file system that our entries mean: mount-records.sh. */
export const mountRecords = "/var/lib/xensan/mounts";

/** recorded_mount: empty without a record. */
export const recordedMount = (host: Host, mountPoint: string): string =>
  recordLines(host)
    .find((line) => line.endsWith(` ${mountPoint}`))
    ?.split(" ")[0] ?? "";

/** mount_records_without */
export const mountRecordsWithout = (host: Host, mountPoint: string): string =>
  recordLines(host)
    .filter((line) => !line.endsWith(` ${mountPoint}`))
    .map((line) => `${line}\n`)
    .join("");

const recordLines = (host: Host) => (readText(host, mountRecords) ?? "").split("\n").filter((line) => line !== "");

/** Whether the loop starts at the next boot. */
export function loopStarts(host: Host): boolean {
  if (readText(host, mountsLoop) === undefined) return false;
  if (host.init === "systemd") {
    return readText(host, mountsUnit) !== undefined && readText(host, mountsWant) !== undefined;
  }
  return /^[^#].*:once:\/bin\/sh \/var\/lib\/xensan\/mount-at-boot$/m.test(readText(host, "/etc/inittab") ?? "");
}

/**
 * Whether the loop is that of this release, and O2CB also starts before it: its init script is linked, and under systemd
 * ordered after AoE discovery.
 */
export function bootOrderStands(host: Host): boolean {
  const linked = list(host, "/etc/rc2.d").some((name) => /^S\d\do2cb$/.test(name));
  const [, revision] = (readText(host, mountsLoop) ?? "").split("\n");
  return (
    linked &&
    revision === mountsRevision &&
    loopStarts(host) &&
    (host.init === "sysvinit" || readText(host, orderDropIn) !== undefined)
  );
}

function* mountLoop(world: World, host: Host): Generator<number, void> {
  const waiting = () =>
    readFstab(host).filter((entry) => {
      const mounted = host.running.mounts.some((mount) => mount.mountPoint === entry.mountPoint);
      return entry.owner !== "" && entry.type === "ocfs2" && !mounted;
    });
  for (let seconds = 2; ; seconds = Math.min(30, seconds + 2)) {
    for (const entry of waiting()) {
      if (sharedDisk(host, entry.source) === undefined) {
        discover(world, host);
        yield 2000;
      }
      if (sharedDisk(host, entry.source) === undefined || !prepareCluster(world, host)) continue;
      if (!holdsRecorded(host, entry)) continue;
      if ((yield* unheardBeat(host, sharedDisk(host, entry.source)?.content.ocfs2)) !== undefined) continue;
      yield* mountOcfs2(world, host, entry.source, entry.mountPoint, kernelOptions(entry.options));
    }
    if (waiting().length === 0) return;
    yield seconds * 1000;
  }
}

/** holds_recorded */
function holdsRecorded(host: Host, { source, mountPoint }: FstabEntry): boolean {
  const recorded = recordedMount(host, mountPoint);
  const content = sharedDisk(host, source)?.content;
  return recorded === "" || (content?.signature === "ocfs2" && content.uuid === recorded);
}

/** Sets what the init script does not set; false while the cluster is not registered. */
function prepareCluster(world: World, host: Host): boolean {
  const [first = "", ...regions] = (readText(host, clusterState) ?? "").trim().split("\n");
  const [name = "", fence = ""] = first.split(" ");
  if (name === "") return true;
  const { cluster } = host.running.o2cb;
  if (cluster?.name !== name) return false;
  cluster.fenceMethod = fence === "panic" ? "Panic" : "Reset";
  return regions.every((line) => {
    const [region = "", device = ""] = line.split(" ");
    return device === "" || startGlobalRegion(world, host, region, device) === undefined;
  });
}
