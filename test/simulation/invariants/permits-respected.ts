import type { Invariant, Scene } from "./invariant.ts";

const fleetCap = 4;

export const permitsRespected: Invariant = {
  name: "permits respected",
  says: "one migration per domain, one out of a host and one into it, four in the fleet",
  watch(scene: Scene) {
    return {
      onRack(event) {
        if (event.kind !== "MigrationPhase" || event.phase !== "Precopy") return;
        const running = scene.rack.xen.migrations().filter(({ sender }) => sender === "Working");
        const count = (of: (one: (typeof running)[number]) => string | undefined) => {
          const keys = running.flatMap((one) => of(one) ?? []);
          return keys.filter((key, index) => keys.indexOf(key) !== index);
        };
        const twice = [
          ...count(({ uuid }) => `domain ${uuid}`),
          ...count(({ source }) => `out of ${source.name}`),
          ...count(({ target }) => target && `into ${target.name}`),
        ];
        if (twice.length > 0) scene.violated(`two migrations at once: ${twice.join(", ")}`);
        if (running.length > fleetCap) scene.violated(`${running.length} migrations at once`);
      },
    };
  },
};
