import { answering } from "./aoe-driver.ts";
import type { Content } from "./content.ts";
import type { AoeDevice, BlockDevice } from "./hardware.ts";
import type { Host, World } from "./state.ts";
import { backingAt } from "./storage.ts";

/** A block device as an OCFS2 sees it: an AoE device or a disk of the host itself. */
export interface SharedDisk {
  /** The path as given. */
  readonly path: string;
  readonly block: BlockDevice;
  readonly aoe: AoeDevice | undefined;
  readonly content: Content;
}

/** The block device at a path and the AoE device under it, if any; undefined if the path is not a block device. */
export function sharedDisk(host: Host, path: string): SharedDisk | undefined {
  const { block } = backingAt(host, path);
  if (block === undefined) return undefined;
  const aoe = [...host.running.aoe.devices.values()].find((device) => device.device === block.device);
  return { path, block, aoe, content: block.content };
}

/** Whether a read or a write returns now. */
export function answers(world: World, host: Host, aoe: AoeDevice | undefined): boolean {
  return aoe === undefined || (aoe.up && answering(world, host, aoe).length > 0);
}

/** Name of the backing, for invariants: host and identity of what is exported. */
export function backingName(world: World, host: Host, disk: SharedDisk): string {
  if (disk.aoe === undefined) return `${host.name} block:${disk.block.device}`;
  for (const server of world.hosts.values()) {
    for (const process of server.running.processes.values()) {
      if (process.content === disk.content) return `${server.name} ${process.identity}`;
    }
  }
  return `unknown ${disk.path}`;
}
