import { isShared } from "./images-stay.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { finalName } from "./working-names.ts";

/** Where xensan keeps its own notes, which are no data of users. */
const notes = /^\/(etc|run|var\/lib\/xensan)\/|\/\.xensan\//;

export const recordedStays: Invariant = {
  name: "recorded is never re-created",
  says: "under a name that once stood for an image or a backing nothing is created after somebody else took it away; a file that xensan did not make is never deleted",
  watch(scene: Scene) {
    /** Names under which data was, by place; a name may be used again after a command has deleted its file. */
    const once = new Set<string>();
    /** Names for which xensan was asked to make a file. */
    const asked = new Set<string>();
    const foreign = new Set<string>();
    const placeOf = (host: string, path: string) => (isShared(scene, host, path) ? `share:${path}` : `${host}:${path}`);
    for (const host of scene.rack.hosts.values())
      for (const [path, node] of host.rootFileSystem.nodes)
        if (node.kind === "File" && node.text === undefined && !notes.test(path)) {
          once.add(placeOf(host.name, path));
          foreign.add(placeOf(host.name, path));
        }
    const appears = (host: string, path: string, ours: boolean) => {
      if (notes.test(path) || working(path)) return;
      const place = placeOf(host, path);
      if (ours && once.has(place))
        scene.violated(`${host}: ${path} is made anew, and what lay there before is somewhere else`);
      if (!ours && !asked.has(place)) foreign.add(place);
      once.add(place);
    };
    return {
      onRack(event) {
        const { host, command } = event;
        if (event.kind === "CommandBegun" && (event.script === "ensure-image" || event.script === "ensure-file"))
          for (const path of event.args) asked.add(placeOf(host, path));
        // A user gave up what was recorded there: the script is told which.
        if (event.kind === "CommandBegun" && event.script === "ensure-file" && (event.args[3] ?? "-") !== "-")
          once.delete(placeOf(host, event.args[1] ?? ""));
        if (event.kind === "CommandBegun" && event.script === "ensure-image" && (event.args[9] ?? "-") !== "-")
          once.delete(placeOf(host, event.args[2] ?? ""));
        if (event.kind === "FileCreated") appears(host, event.path, command !== undefined);
        // A background copy ends by itself.
        if (event.kind === "FileRenamed") appears(host, event.to, command !== undefined || working(event.path));
        if (event.kind !== "FileDeleted" || command === undefined) return;
        // A file is renamed before it is deleted.
        const path = event.path.replace(/\.xensan-deleted$/, "");
        if (working(path)) return;
        const place = placeOf(host, path);
        if (foreign.has(place)) scene.violated(`${host}: ${path} is deleted, and xensan did not make it`);
        once.delete(place);
      },
    };
  },
};

const working = (path: string) => finalName(path) !== path || /\.xensan-(copy|deleted)\b/.test(path);
