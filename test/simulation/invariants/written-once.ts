import type { Content, FileNode } from "../../../src/sim/model/content.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const writtenOnce: Invariant = {
  name: "bytes have one writer",
  says: "no image and no backing is open for writing in two executing domains or two vblades, by whatever names",
  watch(scene: Scene) {
    return {
      onRack(event) {
        if (event.kind === "DomainStarted" || event.kind === "DomainResumed") {
          const { host, id } = event;
          const domain = scene.rack.host(host).running.xen.domains.get(id);
          for (const { path, file, readOnly } of domain?.disks ?? []) {
            if (file === undefined || readOnly) continue;
            const others = writersOf(scene, file).filter((other) => other !== `domain ${id} on ${host}`);
            if (others.length > 0)
              scene.violated(`${path} is written by domain ${id} on ${host}, and by ${others.join(" and ")}`);
          }
        }
        if (event.kind === "VbladeStarted" && event.access === "ReadWrite") {
          const own = scene.rack.host(event.host).running.processes.get(event.pid);
          const others = own === undefined ? [] : serversOf(scene, own.content).filter((one) => one !== own.pid);
          if (others.length > 0)
            scene.violated(`${event.backing} is served by pid ${event.pid} on ${event.host}, and by ${others.join()}`);
        }
      },
    };
  },
};

/** Every domain that executes and has this very file open for writing. */
function writersOf(scene: Scene, file: FileNode): string[] {
  return [...scene.rack.hosts.values()].flatMap((host) =>
    [...host.running.xen.domains.values()].flatMap((domain) =>
      domain.since !== undefined && domain.disks.some((disk) => disk.file === file && !disk.readOnly)
        ? [`domain ${domain.id} on ${host.name}`]
        : [],
    ),
  );
}

function serversOf(scene: Scene, content: Content): number[] {
  return [...scene.rack.hosts.values()].flatMap((host) =>
    [...host.running.processes.values()].flatMap((one) =>
      one.content === content && one.access === "ReadWrite" ? [one.pid] : [],
    ),
  );
}
