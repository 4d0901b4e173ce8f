import type { Invariant, Scene } from "./invariant.ts";

export const blankBeforeServed: Invariant = {
  name: "what is new is blank before it is served",
  says: "no logical volume that xensan made, or let grow, shows a client what earlier volumes left in its extents",
  watch(scene: Scene) {
    /** Logical volumes of ours, by host and path, that still hold earlier data. */
    const old = new Set<string>();
    return {
      onRack(event) {
        const { host, command } = event;
        if (event.kind === "LogicalVolumeCreated" && command !== undefined) old.add(`${host}:/dev/${event.volume}`);
        if (event.kind === "LogicalVolumeDeleted" || event.kind === "LogicalVolumeBlanked")
          old.delete(`${host}:/dev/${event.volume}`);
        if (event.kind === "LogicalVolumeRenamed" && old.delete(`${host}:/dev/${event.volume}`))
          old.add(`${host}:/dev/${event.to}`);
        if (event.kind === "LogicalVolumeResized" && command !== undefined && event.extents === "FromBefore")
          scene.violated(`${host}: ${event.volume} grows by extents that are not blank`);
        if (event.kind === "VbladeStarted" && old.has(`${host}:${event.backing}`))
          scene.violated(`${host}: ${event.backing} is served, and is not blank`);
      },
    };
  },
};
