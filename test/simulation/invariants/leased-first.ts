import { leasesOn } from "../../../src/sim/model/lease.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const leasedFirst: Invariant = {
  name: "leased before it runs",
  says: "a domain is started only while its host, and no other one, holds a lease on every image that it writes",
  watch(scene: Scene) {
    const starts = new Set<number>();
    return {
      onRack(event) {
        if (event.kind === "CommandBegun" && event.script === "start-domain") starts.add(event.id);
        if (event.kind !== "DomainStarted" || event.command === undefined || !starts.has(event.command)) return;
        const host = scene.rack.host(event.host);
        for (const { path, file, readOnly } of host.running.xen.domains.get(event.id)?.disks ?? []) {
          if (file === undefined || readOnly) continue;
          const holders = leasesOn(file).map((lease) => lease.host);
          if (holders.length !== 1 || holders[0] !== event.host)
            scene.violated(`${path} is opened on ${event.host}, and leased by ${holders.join(" and ") || "nobody"}`);
        }
      },
    };
  },
};
