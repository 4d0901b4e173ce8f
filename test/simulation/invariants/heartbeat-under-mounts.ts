import type { Invariant, Scene } from "./invariant.ts";

export const heartbeatUnderMounts: Invariant = {
  name: "the heartbeat stays under a mount",
  says: "no command stops the heartbeat, or the cluster, of a host that has a file system mounted",
  watch(scene: Scene) {
    return {
      onRack(event) {
        if (event.command === undefined) return;
        const { mounts } = scene.rack.host(event.host).running.o2cb;
        if (event.kind === "HeartbeatStopped" && mounts.some(({ uuid }) => uuid === event.uuid))
          scene.violated(`${event.host}: the heartbeat on ${event.uuid} stops under a mount`);
        if (event.kind === "ClusterOffline" && mounts.length > 0)
          scene.violated(`${event.host}: cluster ${event.cluster} goes offline under ${mounts[0]?.mountPoint}`);
      },
    };
  },
};
