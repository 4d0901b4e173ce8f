import { endpoint } from "../../../src/sim/dialer.ts";
import type { Change } from "../world/kube/api-server.ts";
import { isObject, type Json, type JsonObject, objectAt } from "../world/kube/json.ts";
import { matches } from "./bounds.ts";
import type { Invariant, Scene } from "./invariant.ts";

export const mountsAsDeclared: Invariant = {
  name: "mounts are as declared",
  says: "a command mounts only what a status has recorded, within allowed.mountPoints of the host and without suid, dev and exec unless its owner allows them, and unmounts nothing that is still declared there",
  watch(scene: Scene) {
    /** Everything that was ever allowed or recorded: an edit may be newer than the operator's last look at it. */
    const allowed = new Map<string, Set<string>>();
    const recorded = new Set<string>();
    const harmful = new Map<string, Set<string>>();
    const note = (change: Change) => {
      if (change.resource.kind === "XenHost") {
        const host = hostOf(scene, change.object);
        const globs = allowed.get(host) ?? new Set();
        allowed.set(host, globs);
        for (const glob of list(objectAt(objectAt(change.object, "spec"), "allowed").mountPoints))
          globs.add(String(glob));
        const options = harmful.get(host) ?? new Set();
        harmful.set(host, options);
        for (const option of list(objectAt(objectAt(change.object, "spec"), "allowed").mountOptions))
          options.add(String(option));
      }
      if (change.resource.kind === "Ocfs2Cluster")
        for (const one of list(objectAt(change.object, "status").filesystems))
          if (isObject(one) && typeof one.uuid === "string") recorded.add(one.uuid);
    };
    return {
      onApi: note,
      onRack(event) {
        if (event.command === undefined) return;
        if (event.kind === "Mounted") {
          if (!recorded.has(event.uuid))
            scene.violated(`${event.host}: mounts ${event.uuid}, which no status has recorded`);
          if (![...(allowed.get(event.host) ?? [])].some((glob) => matches(glob, event.mountPoint)))
            scene.violated(`${event.host}: mounts on ${event.mountPoint}, outside the bounds`);
          for (const option of ["suid", "dev", "exec"])
            if (!event.options.includes(`no${option}`) && harmful.get(event.host)?.has(option) !== true)
              scene.violated(`${event.host}: mounts ${event.mountPoint} without no${option}`);
        }
        if (event.kind === "Unmounted" && isDeclared(scene, event.host, event.uuid, event.mountPoint))
          scene.violated(`${event.host}: unmounts ${event.mountPoint}, which is declared there`);
      },
    };
  },
};

function isDeclared(scene: Scene, host: string, uuid: string, mountPoint: string): boolean {
  const clusters = scene.server.list(scene.server.kindNamed("Ocfs2Cluster"), {}).items;
  const hosts = scene.server
    .list(scene.server.kindNamed("XenHost"), {})
    .items.filter((one) => hostOf(scene, one) === host);
  const names = new Set(hosts.map((one) => String(objectAt(one, "metadata").name)));
  return clusters.some((cluster) => {
    if (objectAt(cluster, "metadata").deletionTimestamp !== undefined) return false;
    const spec = objectAt(cluster, "spec");
    const seated = new Map(
      list(objectAt(cluster, "status").nodes)
        .filter(isObject)
        .map((node) => [objectAt(node, "hostRef").name, node.number]),
    );
    // A node that is listed again under another number must leave first.
    const listed = list(spec.nodes).some((node) => {
      if (!isObject(node)) return false;
      const { name = "" } = objectAt(node, "hostRef");
      return names.has(String(name)) && (seated.get(name) ?? node.number) === node.number;
    });
    // So must a machine that another XenHost has in the cluster under another number.
    const numbers = list(spec.nodes).flatMap((node) =>
      isObject(node) && names.has(String(objectAt(node, "hostRef").name)) ? [node.number] : [],
    );
    const now = [...(scene.rack.host(host).running.o2cb.cluster?.nodes ?? [])].find(([, { name }]) => name === host);
    const leaves = now !== undefined && names.size > 1 && !numbers.includes(now[0]);
    const labels = list(objectAt(cluster, "status").filesystems).flatMap((one) =>
      isObject(one) && one.uuid === uuid ? [one.label] : [],
    );
    const there = list(spec.filesystems).some(
      (one) => isObject(one) && labels.includes(one.label ?? null) && one.mountPoint === mountPoint,
    );
    return listed && !leaves && there;
  });
}

function hostOf(scene: Scene, object: JsonObject): string {
  const ssh = objectAt(objectAt(object, "spec"), "ssh");
  const found = [...scene.rack.hosts.keys()].find((name) => {
    const { host, port } = endpoint(scene.rack, name);
    return host === ssh.host && port === ssh.port;
  });
  return found ?? "";
}

const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
