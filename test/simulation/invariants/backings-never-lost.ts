import type { Content } from "../../../src/sim/model/content.ts";
import type { Host } from "../../../src/sim/model/state.ts";
import { backingToDelete } from "./bounds.ts";
import { isShared } from "./images-stay.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { fileFate, finalName } from "./working-names.ts";

/** Where xensan keeps its own notes, which are no data of users. */
const notes = ["/etc/", "/run/", "/var/lib/xensan/"];

export const backingsNeverLost: Invariant = {
  name: "backings are never lost",
  says: "no command shrinks a backing, changes its contents, puts another in its place, or deletes one whose volume is not being deleted with policy Delete",
  watch(scene: Scene) {
    const deletable = new Set<string>();
    const contents = new Map<string, Content>();
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
        if (before !== undefined && before !== block.content)
          scene.violated(`${host.name}: ${block.path} holds other data than before`);
        contents.set(id, block.content);
      }
    }
    return {
      onApi(change) {
        const backing = change.type === "DELETED" ? undefined : backingToDelete(change.object);
        if (change.resource.kind === "AoeVolume" && backing !== undefined) deletable.add(backing);
      },
      onRack(event) {
        // A new logical volume may get the number of a deleted one.
        if (event.kind === "LogicalVolumeDeleted" || event.kind === "HostUp") contents.clear();
        const fate = fileFate(event);
        const existed = fate !== undefined && files.has(`${event.host}:${fate.path}`);
        if (fate?.kind === "Appears") files.add(`${event.host}:${fate.path}`);
        if (fate?.kind === "Goes") files.delete(`${event.host}:${fate.path}`);
        // Images of domains have an invariant of their own.
        if (event.command === undefined || (fate !== undefined && isShared(scene, event.host, fate.path))) return;
        const note = fate !== undefined && notes.some((prefix) => fate.path.startsWith(prefix));
        if (fate?.kind === "Appears" && existed && !note)
          scene.violated(`${event.host}: another file takes the place of ${fate.path}`);
        if (fate?.kind === "Goes" && !note && !deletable.has(`file:${fate.path}`))
          scene.violated(`${event.host}: ${fate.path} is deleted; no volume asks for it`);
        if (
          event.kind === "LogicalVolumeDeleted" &&
          finalName(event.volume) === event.volume &&
          !deletable.has(`lv:${event.volume}`)
        )
          scene.violated(`${event.host}: ${event.volume} is deleted; no volume asks for it`);
        const resized = event.kind === "FileResized" || event.kind === "LogicalVolumeResized";
        if (resized && event.sizeBytes < event.fromBytes)
          scene.violated(`${event.host}: a backing shrinks from ${event.fromBytes} to ${event.sizeBytes} bytes`);
      },
      onAnswered: (sent) => noteContents(scene.rack.host(sent.host)),
    };
  },
};
