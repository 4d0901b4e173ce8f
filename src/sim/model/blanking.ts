import type { VolumeGroup } from "./hardware.ts";
import type { Host, World } from "./state.ts";
import { blankLogicalVolume } from "./storage.ts";
import { later } from "./world.ts";

/** Tag of a logical volume of which every byte was filled with zeroes. */
export const blankTag = "xensan-blank";

const pieceBytes = 2 ** 28;
const markOf = (group: VolumeGroup, name: string) => `blank ${group.name}/${name}`;

/** How many bytes the process that fills the volume is through; undefined where none does. */
export function blankedBytes(host: Host, group: VolumeGroup, name: string): number | undefined {
  const done = host.running.locks.get(markOf(group, name));
  return done === undefined ? undefined : Number(done);
}

/** Fills the volume in the background, a piece after the other, and tags it in the end. A process of its own: a power cut ends it. */
export function startBlanking(world: World, host: Host, group: VolumeGroup, name: string): void {
  const mark = markOf(group, name);
  const { running } = host;
  const { command } = world;
  const volume = group.volumes.get(name);
  const sizeBytes = host.blocks.get(volume?.device ?? "")?.sizeBytes ?? 0;
  const goOn = (done: number) => {
    // Stopped, or the volume is gone.
    if (!running.locks.has(mark) || group.volumes.get(name) !== volume) return;
    running.locks.set(mark, `${done}`);
    if (done < sizeBytes) {
      const piece = Math.min(pieceBytes, sizeBytes - done);
      later(world, host, Math.ceil((piece / 2 ** 30) * world.timings.blankGibibyte), () => goOn(done + piece));
      return;
    }
    running.locks.delete(mark);
    const outer = world.command;
    // What it does is still the script's doing.
    world.command = command;
    blankLogicalVolume(world, host, group, name);
    volume?.tags.add(blankTag);
    world.command = outer;
  };
  running.locks.set(mark, "0");
  goOn(0);
}

/** Ends it at the piece that it is at. */
export function stopBlanking(host: Host, group: VolumeGroup, name: string): void {
  host.running.locks.delete(markOf(group, name));
}
