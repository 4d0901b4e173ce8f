import type { Invariant, Scene } from "./invariant.ts";
import { ownerOf } from "./ownership.ts";

export const exportsAreUnique: Invariant = {
  name: "exports are unique",
  says: "the operator never starts a second vblade for a shelf.slot of a segment, nor for a backing",
  watch(scene: Scene) {
    return {
      onRack(event) {
        if (event.kind !== "VbladeStarted") return;
        const host = scene.rack.host(event.host);
        const started = host.running.processes.get(event.pid);
        const mine = started === undefined ? "" : ownerOf(host, started);
        if (mine === "" && event.command === undefined) return;
        for (const other of scene.rack.exports()) {
          if (other.host === host && other.process.pid === event.pid) continue;
          const theirs = ownerOf(other.host, other.process);
          const sameAddress =
            other.process.shelf === event.shelf &&
            other.process.slot === event.slot &&
            other.nic?.segment === event.segment;
          const sameBacking = other.host === host && other.process.identity === event.identity;
          if (!sameAddress && !sameBacking) continue;
          // A server cannot see foreign exports on other hosts; only a client on the segment can.
          if (theirs === "" && (other.host !== host || event.command === undefined)) continue;
          const what = sameAddress ? `e${event.shelf}.${event.slot} on segment ${event.segment}` : event.identity;
          scene.violated(
            `${event.host} starts vblade ${event.pid} of ${mine || "nobody"} on ${event.backing} while ${other.host.name}'s vblade ${other.process.pid} of ${theirs || "nobody"} serves ${what}`,
          );
        }
      },
    };
  },
};
