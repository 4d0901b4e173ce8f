import type { RackEvent } from "../../../src/sim/model/events.ts";
import { isObject, type Json, objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { finalName } from "./working-names.ts";

/** The directory of locks and of our own notes at the top of a shared file system. */
const notes = /\/\.xensan\//;

export const imagesStay: Invariant = {
  name: "images stay",
  says: "on a shared file system no command makes, replaces, shrinks or deletes a file but an image that a XenDomain asks for; it is deleted only with its XenDomain and by its policy",
  watch(scene: Scene) {
    const declared = new Set<string>();
    const deletable = new Set<string>();
    const present = new Set<string>();
    return {
      onApi(change) {
        if (change.resource.kind !== "XenDomain") return;
        for (const path of imagesOf(change.object)) {
          declared.add(path);
          if (isDeletable(change.object)) deletable.add(path);
        }
      },
      onRack(event) {
        const fate = fateOf(event);
        if (fate === undefined || !isShared(scene, event.host, fate.path) || notes.test(fate.path)) return;
        const there = `${fate.path}`;
        const existed = present.has(there);
        if (fate.kind === "Goes") present.delete(there);
        else present.add(there);
        if (event.command === undefined) return;
        const image = [...declared].find((path) => fate.path.endsWith(`/${path}`));
        if (image === undefined)
          scene.violated(`${event.host}: ${event.kind} ${fate.path}, which no XenDomain asks for`);
        else if (fate.kind === "Goes" && !deletable.has(image))
          scene.violated(`${event.host}: ${fate.path} is deleted; no XenDomain asks for it`);
        else if (fate.kind === "Appears" && existed)
          scene.violated(`${event.host}: another file takes the place of ${fate.path}`);
        if (event.kind === "FileResized" && event.sizeBytes < event.fromBytes)
          scene.violated(`${event.host}: ${fate.path} shrinks from ${event.fromBytes} to ${event.sizeBytes} bytes`);
      },
    };
  },
};

/** Whether a file lies on an OCFS2 mount of the host. */
export function isShared(scene: Scene, host: string, path: string): boolean {
  return scene.rack
    .host(host)
    .running.mounts.some(({ type, mountPoint }) => type === "ocfs2" && path.startsWith(`${mountPoint}/`));
}

/** What an event does to a file under its final name; a file under a working name is nothing yet. */
function fateOf(
  event: RackEvent,
): { readonly kind: "Appears" | "Changes" | "Goes"; readonly path: string } | undefined {
  const working = (path: string) => finalName(path) !== path || /\.xensan-copy\.[^/]+$/.test(path);
  switch (event.kind) {
    case "FileCreated":
      return working(event.path) ? undefined : { kind: "Appears", path: event.path };
    case "FileResized":
      return working(event.path) ? undefined : { kind: "Changes", path: event.path };
    case "FileDeleted":
      return working(event.path) ? undefined : { kind: "Goes", path: event.path };
    case "FileRenamed":
      return working(event.to) ? { kind: "Goes", path: event.path } : { kind: "Appears", path: event.to };
    case "TextWritten":
      return { kind: "Changes", path: event.path };
    default:
      return undefined;
  }
}

/** Paths below the mount points. */
function imagesOf(object: Json): string[] {
  const { disks } = isObject(object) ? objectAt(object, "spec") : {};
  return (Array.isArray(disks) ? disks : []).filter(isObject).map(({ path }) => String(path));
}

function isDeletable(object: Json): boolean {
  if (!isObject(object) || objectAt(object, "metadata").deletionTimestamp === undefined) return false;
  return objectAt(object, "spec").deletionPolicy === "Delete";
}
