import { isObject, type Json, objectAt } from "../world/kube/json.ts";
import { matches } from "./bounds.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const onlyTemplatesCopied: Invariant = {
  name: "only templates are copied",
  says: "a command copies only files that the owner of a file system lists among its templates, and never what a XenDomain has for a disk",
  watch(scene: Scene) {
    /** `/mount/point/glob` of everything that was ever listed: an edit may be newer than the operator's last look. */
    const templates = new Set<string>();
    const images = new Set<string>();
    return {
      onApi({ resource, object }) {
        const spec = objectAt(object, "spec");
        if (resource.kind === "Ocfs2Cluster")
          for (const { mountPoint, templates: globs } of objects(spec.filesystems))
            for (const glob of Array.isArray(globs) ? globs : [])
              templates.add(`${String(mountPoint)}/${String(glob)}`);
        if (resource.kind === "XenDomain") for (const { path } of objects(spec.disks)) images.add(`/${String(path)}`);
      },
      onRack(event) {
        if (event.kind !== "FileCopied" || event.command === undefined) return;
        const { host, from } = event;
        if (![...templates].some((glob) => matches(glob, from)))
          scene.violated(`${host}: copies ${from}, which is no template`);
        if ([...images].some((image) => from.endsWith(image)))
          scene.violated(`${host}: copies ${from}, which a XenDomain has for a disk`);
      },
    };
  },
};

const objects = (value: Json | undefined) => (Array.isArray(value) ? value : []).filter(isObject);
