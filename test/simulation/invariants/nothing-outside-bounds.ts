import type { RackEvent } from "../../../src/sim/model/events.ts";
import type { Host } from "../../../src/sim/model/state.ts";
import { backingAt } from "../../../src/sim/model/storage.ts";
import { Bounds, namesOf } from "./bounds.ts";
import { isShared } from "./images-stay.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { finalName } from "./working-names.ts";

/** Where the operator may write text. */
const configuration = [
  /^\/etc\/vblade\.conf\.d\/[^/]+$/,
  /^\/etc\/inittab$/,
  /^\/etc\/(modprobe|modules-load)\.d\/[^/]*xensan[^/]*$/,
  /^\/etc\/modules$/,
  /^\/etc\/network\/interfaces(\.d\/[^/]+)?$/,
  /^\/etc\/systemd\/(system|network)\/.*xensan.*$/,
  /^\/etc\/(ocfs2\/cluster\.conf|default\/(o2cb|xendomains)|fstab)$/,
  /^\/etc\/xen\/xend-config\.sxp$/,
  /^\/root\/\.ssh\/authorized_keys$/,
  /^\/usr\/local\/lib\/xensan\/[^/]+$/,
  /^\/etc\/sysctl\.d\/[^/]*xensan[^/]*$/,
  /^\/etc\/(init\.d|rc[0-9S]\.d)\/[^/]*xensan[^/]*$/,
  /^\/(var\/lib|run)\/xensan\/.+$/,
];

export const nothingOutsideBounds: Invariant = {
  name: "nothing outside the bounds",
  says: "no backing outside of allowedBackings is exported, created, resized or deleted, and none on an interface that is not listed; nothing mounted or in use is exported; no domain is started on a bridge, from a boot file or on an image outside of the bounds; no file is written but our configuration",
  watch(scene: Scene) {
    const bounds = new Bounds(scene.rack);
    const check = (event: RackEvent, host: Host, names: readonly string[], doing: string) => {
      if (!bounds.allow(host, names))
        scene.violated(`${event.host}: ${doing} ${names.join(" = ")}, outside the bounds`);
    };
    return {
      onApi: (change) => bounds.note(change),
      onRack(event) {
        // Images of domains have an invariant of their own.
        if (event.command === undefined || ("path" in event && isShared(scene, event.host, event.path))) return;
        const host = scene.rack.host(event.host);
        switch (event.kind) {
          case "VbladeStarted": {
            const { realPath, block } = backingAt(host, event.backing);
            check(event, host, namesOf(host, realPath, block?.device), "exports");
            const netif = host.running.processes.get(event.pid)?.interface;
            if (netif !== undefined && !bounds.allowExportOn(host, netif))
              scene.violated(`${event.host}: exports ${event.backing} on ${netif}, which its owner does not list`);
            const why = block === undefined ? undefined : inUse(host, block.device);
            if (why !== undefined) scene.violated(`${event.host}: exports ${event.backing}, which is ${why}`);
            return;
          }
          case "DomainStarted": {
            const configuration = host.running.xen.domains.get(event.id)?.configuration;
            for (const bridge of configuration?.bridges ?? [])
              if (!bounds.allowDomain(host, "bridges", bridge))
                scene.violated(`${event.host}: starts ${event.uuid} on the bridge ${bridge}, outside the bounds`);
            for (const path of configuration?.bootFiles ?? [])
              for (const name of new Set([path, backingAt(host, path).realPath || path]))
                if (!bounds.allowDomain(host, "bootFiles", name))
                  scene.violated(`${event.host}: starts ${event.uuid} from ${name}, outside the bounds`);
            for (const image of event.images) {
              const realPath = backingAt(host, image).realPath || image;
              if (!isShared(scene, event.host, realPath))
                scene.violated(`${event.host}: starts ${event.uuid} on ${realPath}, which is on no shared file system`);
            }
            return;
          }
          case "FileCreated":
          case "FileResized":
            return check(event, host, [finalName(event.path)], event.kind);
          case "FileRenamed":
            return check(event, host, [finalName(event.to)], event.kind);
          case "FileDeleted":
            if (configuration.some((pattern) => pattern.test(event.path))) return;
            return check(event, host, [finalName(event.path)], event.kind);
          case "LogicalVolumeCreated":
          case "LogicalVolumeResized":
          case "LogicalVolumeDeleted":
          case "LogicalVolumeRenamed": {
            const volume = finalName(event.volume);
            return check(event, host, [volume, `/dev/${volume}`], event.kind);
          }
          case "TextWritten":
            if (!configuration.some((pattern) => pattern.test(event.path)))
              scene.violated(`${event.host}: writes ${event.path}, which is none of our configuration files`);
            return;
          default:
            return;
        }
      },
    };
  },
};

/** What a device is mounted on or part of; this includes devices that are built on it. */
function inUse(host: Host, device: string): string | undefined {
  const block = host.blocks.get(device);
  if (block === undefined) return undefined;
  const mount = host.running.mounts.find(({ source }) => source === block.path || block.links.includes(source));
  if (mount !== undefined) return `mounted on ${mount.mountPoint}`;
  const [holder] = block.holders;
  return holder === undefined ? undefined : `held by ${holder}`;
}
