import type { Content } from "../../../src/sim/model/content.ts";
import type { Host } from "../../../src/sim/model/host.ts";
import { backingToDelete } from "./bounds.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const backingsNeverLost: Invariant = {
  name: "backings are never lost",
  says: "no command shrinks a backing, changes its contents, puts another in its place, or deletes one whose volume is not being deleted with policy Delete",
  watch(scene: Scene) {
    const deletable = new Set<string>();
    const contents = new Map<string, Content["id"]>();
    const files = new Set<string>();
    for (const host of scene.rack.hosts.values()) {
      noteContents(host);
      for (const [path, node] of host.rootFileSystem.nodes) if (node.kind === "File") files.add(`${host.name}:${path}`);
    }
    function noteContents(host: Host): void {
      for (const block of host.blocks.values()) {
        if (block.path.startsWith("/dev/etherd/")) continue;
        const id = `${host.name}:${block.device}`;
        const before = contents.get(id);
        if (before !== undefined && before !== block.content.id)
          scene.violated(`${host.name}: ${block.path} holds other data than before`);
        contents.set(id, block.content.id);
      }
    }
    return {
      onApi(change) {
        const backing = change.type === "DELETED" ? undefined : backingToDelete(change.object);
        if (change.resource.kind === "AoeVolume" && backing !== undefined) deletable.add(backing);
      },
      onRack(event) {
        const file = event.kind === "FileCreated" || event.kind === "FileDeleted" ? `${event.host}:${event.path}` : "";
        const existed = files.has(file);
        if (event.kind === "FileCreated") files.add(file);
        if (event.kind === "FileDeleted") files.delete(file);
        if (event.kind === "LogicalVolumeDeleted" || event.kind === "HostUp") contents.clear();
        if (event.command === undefined) return;
        switch (event.kind) {
          case "FileCreated":
            if (existed) scene.violated(`${event.host}: ${event.path} is created anew over what was there`);
            return;
          case "FileResized":
          case "LogicalVolumeResized":
            if (event.sizeBytes < event.fromBytes)
              scene.violated(`${event.host}: a backing shrinks from ${event.fromBytes} to ${event.sizeBytes} bytes`);
            return;
          case "FileDeleted":
            if (
              event.path.startsWith("/etc/") ||
              event.path.startsWith("/run/") ||
              event.path.startsWith("/var/lib/xensan/")
            )
              return;
            if (!deletable.has(`file:${event.path}`))
              scene.violated(`${event.host}: deletes ${event.path}; no volume asks for it`);
            return;
          case "LogicalVolumeDeleted":
            if (!deletable.has(`lv:${event.volume}`))
              scene.violated(`${event.host}: deletes ${event.volume}; no volume asks for it`);
            return;
          default:
            return;
        }
      },
      onAnswered: (sent) => noteContents(scene.rack.host(sent.host)),
    };
  },
};
