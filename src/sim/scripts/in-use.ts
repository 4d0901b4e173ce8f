import type { BlockDevice } from "../model/hardware.ts";
import type { Host } from "../model/state.ts";
import { backingAt } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";

/** Loop devices with their files, in the order of /sys/block: those of domains' disks, and those made by hand. */
export function loopsOf({
  running,
}: Host): { readonly name: string; readonly file: string; readonly domain: number | undefined }[] {
  const ofDomains = [...running.xen.domains.values()].flatMap(({ id, disks, configuration }) =>
    disks.flatMap(({ file }, index) => {
      const path = configuration.disks[index]?.path;
      return file === undefined || path === undefined
        ? []
        : [{ name: `loop${id * 8 + index}`, file: path, domain: id }];
    }),
  );
  const byHand = [...running.loops].map(([name, file]) => ({ name, file, domain: undefined }));
  return [...ofDomains, ...byHand].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const kernelName = (block: BlockDevice) => block.path.slice(block.path.lastIndexOf("/") + 1);

const partitionsOf = (host: Host, disk: BlockDevice) =>
  [...host.blocks.values()].filter(
    (block) =>
      block.type === "part" && block.path.startsWith(disk.path) && /^p?\d+$/.test(block.path.slice(disk.path.length)),
  );

/** busy_devices: what uses the device itself. */
function useOf(host: Host, block: BlockDevice): string | undefined {
  const { mounts, swaps, loops } = host.running;
  const mount = mounts.find(({ fileSystem }) => fileSystem.device === block.device);
  if (mount !== undefined) return `mounted on ${mount.mountPoint}`;
  const isThis = (path: string) => backingAt(host, path).block === block;
  if ([...swaps].some(isThis)) return "used as swap";
  return [...loops.values()].some(isThis) ? "used by a loop device" : undefined;
}

/**
 * require_free: refuses when the device or one of its partitions is mounted, swap, behind a loop device or held. Returns
 * identities that overlap with it: its partitions, its disk, what it is built on.
 */
export function requireFree(run: ScriptRun, name: string, block: BlockDevice): string[] {
  const { host } = run;
  const partitions = partitionsOf(host, block);
  const held = (one: BlockDevice) => {
    const holder = host.blocks.get([...one.holders][0] ?? "");
    return holder === undefined ? undefined : kernelName(holder);
  };
  for (const partition of partitions) {
    const holder = held(partition);
    if (holder === undefined) continue;
    refuse(run, "BackingInUse", `partition ${kernelName(partition)} of ${name} is held by ${holder}`);
  }
  const holder = held(block);
  if (holder !== undefined) refuse(run, "BackingInUse", `${name} is held by ${holder} (LVM, RAID or device-mapper)`);
  const use = useOf(host, block);
  if (use !== undefined) refuse(run, "BackingInUse", `${name} is ${use}`);
  for (const partition of partitions) {
    const its = useOf(host, partition);
    if (its !== undefined) refuse(run, "BackingInUse", `partition ${kernelName(partition)} of ${name} is ${its}`);
  }
  return [...partitions.map((one) => `block:${one.device}`), ...underlying(host, block)];
}

/** The disk of a partition, the physical volumes of a logical one, and the devices below those. */
function underlying(host: Host, block: BlockDevice): string[] {
  const below: BlockDevice[] = [];
  for (const other of host.blocks.values()) {
    if (other !== block && partitionsOf(host, other).includes(block)) below.push(other);
  }
  for (const group of host.volumeGroups.values()) {
    const ours = [...group.volumes.values()].some((volume) => volume.device === block.device);
    for (const physical of ours ? group.physicalVolumes : []) {
      const disk = host.blocks.get(physical);
      if (disk !== undefined) below.push(disk);
    }
  }
  return below.flatMap((one) => [`block:${one.device}`, ...underlying(host, one)]);
}
