import type { FileNode, FileSystem, Mount, Node } from "./content.ts";
import { blankContent } from "./content.ts";

/** An empty file system with its root directory; `device` is `major:minor`. */
export function createFileSystem(
  type: string,
  device: string,
  freeBytes: number,
  uuid = `${type}-${type}`,
): FileSystem {
  return {
    type,
    device,
    uuid,
    freeBytes,
    readOnly: false,
    nextInode: 3,
    nodes: new Map([["/", { kind: "Directory", inode: 2 }]]),
  };
}

/** A resolved path: its mount, and the inode if it exists. */
export interface Place {
  /** Absolute, without symlinks, `.` or `..`; realpath's answer when `node` exists. */
  readonly path: string;
  readonly node: Node | undefined;
  readonly mount: Mount;
  /** The path inside the mount's file system. */
  readonly inner: string;
  /** Whether the parent directory exists. */
  readonly parentExists: boolean;
  /** Whether the parent directory is immutable. */
  readonly parentImmutable: boolean;
}

function mountOf(mounts: readonly Mount[], path: string): Mount {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const point = mount.mountPoint;
    const covers = point === "/" || path === point || (path.startsWith(point) && path[point.length] === "/");
    if (covers && (best === undefined || point.length >= best.mountPoint.length)) best = mount;
  }
  if (best === undefined) throw new Error("a host without a root file system");
  return best;
}

function innerPath(mount: Mount, path: string): string {
  if (mount.mountPoint === "/" && mount.root === "/") return path;
  const rest = mount.mountPoint === "/" ? path : path.slice(mount.mountPoint.length);
  const inner = mount.root === "/" ? rest : mount.root + rest;
  return inner === "" ? "/" : inner.length > 1 && inner.endsWith("/") ? inner.slice(0, -1) : inner;
}

function placeAt(mounts: readonly Mount[], path: string, parentExists: boolean): Place {
  const mount = mountOf(mounts, path);
  const inner = innerPath(mount, path);
  const { nodes } = mount.fileSystem;
  const above = nodes.get(inner.slice(0, inner.lastIndexOf("/")) || "/");
  const parentImmutable = inner !== "/" && above?.kind === "Directory" && above.immutable === true;
  return { path, mount, inner, node: nodes.get(inner), parentExists, parentImmutable };
}

/** Walks a path as the kernel does. `last` says whether a symlink in the last component is followed (default yes). */
export function resolvePath(mounts: readonly Mount[], path: string, last: "Follow" | "Keep" = "Follow"): Place {
  const todo = path.split("/").filter((part) => part !== "" && part !== ".");
  let at = "/";
  let links = 0;
  let place = placeAt(mounts, "/", true);
  while (todo.length > 0) {
    const part = todo.shift() ?? "";
    if (part === "..") {
      at = at.slice(0, at.lastIndexOf("/")) || "/";
      place = placeAt(mounts, at, true);
      continue;
    }
    const parentExists = place.node?.kind === "Directory";
    at = at === "/" ? `/${part}` : `${at}/${part}`;
    place = placeAt(mounts, at, parentExists);
    if (place.node?.kind === "Symlink" && (todo.length > 0 || last === "Follow")) {
      links += 1;
      if (links > 40) return { ...place, node: undefined, parentExists: false };
      const target = place.node.target;
      todo.unshift(...target.split("/").filter((step) => step !== "" && step !== "."));
      at = target.startsWith("/") ? "/" : at.slice(0, at.lastIndexOf("/")) || "/";
      place = placeAt(mounts, at, true);
    }
  }
  return place;
}

/** Creates the directory and its parents, as `mkdir -p` does. */
export function makeDirectories(fileSystem: FileSystem, path: string): void {
  let at = "";
  for (const part of path.split("/").filter((step) => step !== "")) {
    at += `/${part}`;
    if (!fileSystem.nodes.has(at)) fileSystem.nodes.set(at, { kind: "Directory", inode: fileSystem.nextInode++ });
  }
}

/** Creates a file and its directories: for building a host, not for the scripts that run on it. */
export function placeFile(
  fileSystem: FileSystem,
  path: string,
  file: { text?: string; sizeBytes?: number; signature?: string; mode?: string },
): FileNode {
  makeDirectories(fileSystem, path.slice(0, path.lastIndexOf("/")));
  const node: FileNode = {
    kind: "File",
    inode: fileSystem.nextInode++,
    sizeBytes: file.sizeBytes ?? Buffer.byteLength(file.text ?? ""),
    allocatedBytes: 0,
    text: file.text,
    content: blankContent(file.signature),
    mode: file.mode ?? "644",
    links: 1,
  };
  fileSystem.nodes.set(path, node);
  return node;
}

/** Names directly inside a directory, sorted as a shell's glob sorts them. */
export function listDirectory(mounts: readonly Mount[], path: string): string[] {
  const place = resolvePath(mounts, path);
  if (place.node?.kind !== "Directory") return [];
  const prefix = place.inner === "/" ? "/" : `${place.inner}/`;
  const names: string[] = [];
  for (const name of place.mount.fileSystem.nodes.keys()) {
    if (name.length > prefix.length && name.startsWith(prefix) && !name.includes("/", prefix.length)) {
      names.push(name.slice(prefix.length));
    }
  }
  return names.sort();
}
