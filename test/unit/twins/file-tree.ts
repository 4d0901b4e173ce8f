import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../../src/sim/model/state.ts";

/** The files on a host, by path: a text, or a description of what else it is. */
export type FileTree = ReadonlyMap<string, string>;

/** Where scripts leave files that outlive them. */
const places = ["/etc", "/root", "/run/xensan", "/srv", "/usr/local/lib/xensan", "/var/lib/xensan", "/var/log/xen"];

/**
 * Bookkeeping of one side: locks are flock's, a wrapper, its pid and the guard are of shells, a draft is of this host.
 */
const aside =
  /^\/run\/xensan\/(?!copy)|^\/var\/lib\/xensan\/guard$|\.lock\.bella$|\/\.guard$|\/migrations\/.*\.(sh|pid|log)$|\.xensan-new$|\/id_ed25519$|\.target\.wants\//;

const isPlace = (path: string) => places.some((place) => path.startsWith(`${place}/`)) && !aside.test(path);

/** The text of files that are small enough to show. */
const shownText = (text: string | undefined, bytes: number) =>
  text === undefined || /^\0/.test(text) ? `${bytes} bytes` : JSON.stringify(text);

export function treeOfDirectory(root: string): FileTree {
  const tree = new Map<string, string>();
  const walk = (directory: string) => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (!isPlace(path)) continue;
      else if (entry.isSymbolicLink()) tree.set(path, `-> ${readlinkSync(join(root, path)).replace(root, "")}`);
      else {
        const { size } = lstatSync(join(root, path));
        tree.set(path, shownText(size > 65536 ? undefined : readFileSync(join(root, path), "utf8"), size));
      }
    }
  };
  for (const place of places) if (lstatSync(join(root, place), { throwIfNoEntry: false }) !== undefined) walk(place);
  return tree;
}

export function treeOfModel(host: Host): FileTree {
  const tree = new Map<string, string>();
  for (const { fileSystem, mountPoint, root } of host.running.mounts) {
    if (root !== "/") continue;
    for (const [inner, node] of fileSystem.nodes) {
      const path = mountPoint === "/" ? inner : `${mountPoint}${inner === "/" ? "" : inner}`;
      if (!isPlace(path)) continue;
      if (node.kind === "File") tree.set(path, shownText(node.text, node.sizeBytes));
      if (node.kind === "Symlink") tree.set(path, `-> ${node.target}`);
    }
  }
  return tree;
}

/** `+ PATH: WHAT` of what is new or differs, `- PATH` of what is gone, by path. */
export function changes(before: FileTree, after: FileTree): string[] {
  const gone = [...before.keys()].filter((path) => !after.has(path)).map((path) => `- ${path}`);
  const fresh = [...after]
    .filter(([path, what]) => before.get(path) !== what)
    .map(([path, what]) => `+ ${path}: ${what}`);
  return [...gone, ...fresh].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1));
}
