import { objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const deadDoNotWrite: Invariant = {
  name: "the dead do not write",
  says: "on a node whose journal another replayed no domain executes on that file system until the node has rebooted; a boot that storage proved dead neither beats nor executes",
  watch(scene: Scene) {
    /** Boots that were counted as dead, by file system. */
    const dead = new Map<string, Set<string>>();
    /** Boots that the status of a XenHost calls dead. */
    const proved = new Set<string>();
    const judge = (name: string) => {
      const { running, power } = scene.rack.host(name);
      if (power !== "On") return;
      for (const { uuid, mountPoint } of running.o2cb.mounts) {
        if (!dead.get(uuid)?.has(running.bootId)) continue;
        for (const { id, since, disks } of running.xen.domains.values())
          if (since !== undefined && disks.some(({ path }) => path.startsWith(`${mountPoint}/`)))
            scene.violated(`${name}: domain ${id} executes on ${mountPoint}, and its node was proved dead`);
      }
      if (!proved.has(running.bootId)) return;
      for (const region of running.o2cb.regions.keys())
        scene.violated(`${name}: it beats in region ${region}, and its boot was proved dead`);
      for (const { id, since } of running.xen.domains.values())
        if (since !== undefined) scene.violated(`${name}: domain ${id} executes, and its boot was proved dead`);
    };
    return {
      onApi({ object, type, resource }) {
        if (type === "DELETED" || resource.kind !== "XenHost") return;
        const { kind, bootID } = objectAt(objectAt(object, "status"), "proof");
        if (kind !== "StorageDeath" || typeof bootID !== "string" || proved.has(bootID)) return;
        proved.add(bootID);
        for (const name of scene.rack.hosts.keys()) judge(name);
      },
      onRack(event) {
        if (event.kind === "NodeRecovered") {
          for (const { name, power, running } of scene.rack.hosts.values()) {
            // Its own slot from before a reboot, which it empties when it mounts.
            if (name === event.host) continue;
            const mounted = running.o2cb.mounts.some(({ uuid, node }) => uuid === event.uuid && node === event.node);
            if (!mounted || power !== "On") continue;
            dead.set(event.uuid, (dead.get(event.uuid) ?? new Set()).add(running.bootId));
            judge(name);
          }
        }
        if (["DomainStarted", "DomainResumed", "HeartbeatStarted", "HeartbeatResumed"].includes(event.kind))
          judge(event.host);
      },
    };
  },
};
