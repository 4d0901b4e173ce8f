import type { RackEvent } from "../../../src/sim/model/events.ts";
import { isObject, type Json, objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { finalName } from "./working-names.ts";

/** The directory of locks and of xensan's own notes at the top of a shared file system. */
const notes = /\/\.xensan\//;

export const imagesStay: Invariant = {
  name: "images stay",
  says: "on a shared file system no command makes, replaces, shrinks or deletes a file but an image that a XenDomain asks for; it is deleted only with its XenDomain and by its policy",
  watch(scene: Scene) {
    const declared = new Set<string>();
    const deletable = new Set<string>();
    const present = new Set<string>();
    const judge = (event: RackEvent, { kind, path }: Fate) => {
      if (!isShared(scene, event.host, path) || notes.test(path)) return;
      const existed = present.has(path);
      if (kind === "Goes") present.delete(path);
      else present.add(path);
      if (event.command === undefined) return;
      const image = [...declared].find((one) => path.endsWith(`/${one}`));
      if (image === undefined) scene.violated(`${event.host}: ${event.kind} ${path}, which no XenDomain asks for`);
      else if (kind === "Goes" && !deletable.has(image))
        scene.violated(`${event.host}: ${path} is deleted; a XenDomain still asks for it`);
      else if (kind === "Appears" && existed) scene.violated(`${event.host}: another file takes the place of ${path}`);
      if (event.kind === "FileResized" && event.sizeBytes < event.fromBytes)
        scene.violated(`${event.host}: ${path} shrinks from ${event.fromBytes} to ${event.sizeBytes} bytes`);
    };
    return {
      onApi(change) {
        if (change.resource.kind !== "XenDomain") return;
        for (const path of imagesOf(change.object)) {
          declared.add(path);
          if (isDeletable(change.object)) deletable.add(path);
        }
      },
      onRack(event) {
        for (const fate of fatesOf(event)) judge(event, fate);
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

interface Fate {
  readonly kind: "Appears" | "Changes" | "Goes";
  readonly path: string;
}

/** What an event does to files under their final names; a file under a working name does not count yet. */
function fatesOf(event: RackEvent): readonly Fate[] {
  const fate = (kind: Fate["kind"], path: string): Fate[] => {
    const working = finalName(path) !== path || /\.xensan-copy\.[^/]+$/.test(path);
    return working ? [] : [{ kind, path }];
  };
  switch (event.kind) {
    case "FileCreated":
    // The script writes a text under a working name and renames it over the old file.
    case "TextWritten":
      return fate("Appears", event.path);
    case "FileResized":
      return fate("Changes", event.path);
    case "FileDeleted":
      return fate("Goes", event.path);
    case "FileRenamed":
      return [...fate("Goes", event.path), ...fate("Appears", event.to)];
    default:
      return [];
  }
}

/** Paths of the images, below the mount points. */
function imagesOf(object: Json): string[] {
  const { disks } = isObject(object) ? objectAt(object, "spec") : {};
  return (Array.isArray(disks) ? disks : []).filter(isObject).map(({ path }) => String(path));
}

function isDeletable(object: Json): boolean {
  if (!isObject(object) || objectAt(object, "metadata").deletionTimestamp === undefined) return false;
  return objectAt(object, "spec").deletionPolicy === "Delete";
}
