import type { VolumeGroup } from "./hardware.ts";
import type { Host, World } from "./state.ts";
import { blankLogicalVolume } from "./storage.ts";
import { later } from "./world.ts";

/** Tag of a logical volume that is filled with zeros throughout. */
export const blankTag = "xensan-blank";

const pieceBytes = 2 ** 28;
const markOf = (group: VolumeGroup, name: string) => `blank ${group.name}/${name}`;

/** How many bytes the process that fills the volume has written; undefined when no such process runs. */
export function blankedBytes(host: Host, group: VolumeGroup, name: string): number | undefined {
  const done = host.running.locks.get(markOf(group, name));
  return done === undefined ? undefined : Number(done);
}

/**
 * Fills the volume with zeros in the background, piece by piece, and tags it at the end. A power cut ends the process.
 */
export function startBlanking(world: World, host: Host, group: VolumeGroup, name: string): void {
  const mark = markOf(group, name);
  const { running } = host;
  const { command } = world;
  const volume = group.volumes.get(name);
  const sizeBytes = host.blocks.get(volume?.device ?? "")?.sizeBytes ?? 0;
  const goOn = (done: number) => {
    // Blanking was stopped, or the volume is gone.
    if (!running.locks.has(mark) || group.volumes.get(name) !== volume) return;
    running.locks.set(mark, `${done}`);
    if (done < sizeBytes) {
      const piece = Math.min(pieceBytes, sizeBytes - done);
      later(world, host, Math.ceil((piece / 2 ** 30) * world.timings.blankGibibyte), () => goOn(done + piece));
      return;
    }
    running.locks.delete(mark);
    const outer = world.command;
    // Its effects still count as those of the script that started it.
    world.command = command;
    blankLogicalVolume(world, host, group, name);
    volume?.tags.add(blankTag);
    world.command = outer;
  };
  running.locks.set(mark, "0");
  goOn(0);
}

/** Stops blanking at the current piece. */
export function stopBlanking(host: Host, group: VolumeGroup, name: string): void {
  host.running.locks.delete(markOf(group, name));
}
