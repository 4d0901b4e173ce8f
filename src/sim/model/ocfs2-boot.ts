import type { Host } from "./host.ts";
import { onlineFromFiles } from "./o2cb.ts";
import { mountOcfs2 } from "./ocfs2-mount.ts";
import { sharedDisk } from "./shared-disk.ts";
import { readText } from "./storage.ts";
import { later, type World } from "./world.ts";

export interface FstabEntry {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
  /** The comment in the line above. */
  readonly comment: string;
}

export function readFstab(host: Host): FstabEntry[] {
  const entries: FstabEntry[] = [];
  let comment = "";
  for (const line of (readText(host, "/etc/fstab") ?? "").split("\n")) {
    const [source = "", mountPoint = "", type = "", options = ""] = line.trim().split(/\s+/);
    if (source.startsWith("#")) comment = line.trim().replace(/^#\s*/, "");
    else if (type !== "") {
      entries.push({ source, mountPoint, type, options: options.split(","), comment });
      comment = "";
    } else comment = "";
  }
  return entries;
}

/** Seconds for which systemd waits for a device. */
const deviceTimeout = (options: readonly string[]) => {
  const asked = options.find((option) => option.startsWith("x-systemd.device-timeout="));
  const seconds = Number.parseInt(asked?.slice("x-systemd.device-timeout=".length) ?? "90", 10);
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds;
};

/** Options that are for systemd and mount(8), not for the kernel. */
export const isForKernel = (option: string): boolean =>
  option !== "defaults" && option !== "nofail" && option !== "auto" && !option.startsWith("x-");

/** Plays what takes time on a host, by itself, until it ends or the host goes down. */
function play(world: World, host: Host, steps: Generator<number, unknown>): void {
  const next = () => {
    const step = steps.next();
    if (!step.done) later(world, host, step.value, next);
  };
  next();
}

/** What o2cb and the mounts of fstab do at boot, when the network is up and the driver has asked who is there. */
export function bootOcfs2(world: World, host: Host): void {
  if (!host.packages.has("ocfs2-tools")) return;
  let online = false;
  later(world, host, world.timings.clusterOnline, () => {
    onlineFromFiles(world, host);
    online = true;
  });
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
    // /etc/init.d/ocfs2 comes after o2cb, and tries once.
    while (!online()) yield 1000;
  } else {
    for (let waited = 0; !there(); waited++) {
      if (waited >= deviceTimeout(options)) return;
      yield 1000;
    }
    while (ordered && !online()) yield 1000;
  }
  yield* mountOcfs2(world, host, source, mountPoint, options.filter(isForKernel));
}
