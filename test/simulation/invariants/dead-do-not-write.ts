import type { Invariant, Scene } from "./invariant.ts";

export const deadDoNotWrite: Invariant = {
  name: "the dead do not write",
  says: "on a node whose journal the others replayed no domain executes on that file system until the node has rebooted",
  watch(scene: Scene) {
    /** Boots that were counted as dead, by file system. */
    const dead = new Map<string, Set<string>>();
    const judge = (name: string) => {
      const { running, power } = scene.rack.host(name);
      if (power !== "On") return;
      for (const { uuid, mountPoint } of running.o2cb.mounts) {
        if (!dead.get(uuid)?.has(running.bootId)) continue;
        for (const { id, since, disks } of running.xen.domains.values())
          if (since !== undefined && disks.some(({ path }) => path.startsWith(`${mountPoint}/`)))
            scene.violated(`${name}: domain ${id} executes on ${mountPoint}, and its node was proved dead`);
      }
    };
    return {
      onRack(event) {
        if (event.kind === "NodeRecovered") {
          for (const { name, power, running } of scene.rack.hosts.values()) {
            const mounted = running.o2cb.mounts.some(({ uuid, node }) => uuid === event.uuid && node === event.node);
            if (!mounted || power !== "On") continue;
            dead.set(event.uuid, (dead.get(event.uuid) ?? new Set()).add(running.bootId));
            judge(name);
          }
        }
        if (event.kind === "DomainStarted" || event.kind === "DomainResumed") judge(event.host);
      },
    };
  },
};
