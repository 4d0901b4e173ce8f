import { endpoint } from "../../../src/sim/dialer.ts";
import { aoeName } from "../../../src/sim/model/hardware.ts";
import { objectAt } from "../world/kube/json.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { fileFate } from "./working-names.ts";

/** Nothing prevents the opening of a device between the last look at a client and a command on the server. */
const unavoidableMs = 20_000;

export const heldDevicesStay: Invariant = {
  name: "held devices stay",
  says: "no vblade is stopped or restarted, and no backing deleted, while a declared client has held its device open for a while",
  watch(scene: Scene) {
    const openSince = new Map<string, number>();
    const holders = (server: string, shelf: number, slot: number): string[] => {
      const macs = new Set([...scene.rack.host(server).interfaces.values()].map((nic) => nic.mac));
      const found: string[] = [];
      const declared = declaredPorts(scene);
      for (const host of scene.rack.hosts.values()) {
        // The operator does not know undeclared clients.
        if (!declared.has(endpoint(scene.rack, host.name).port)) continue;
        const device = host.running.aoe.devices.get(aoeName(shelf, slot));
        if (device === undefined || ![...device.targets.keys()].some((mac) => macs.has(mac))) continue;
        for (const opener of device.openers) {
          const since = openSince.get(`${host.name} ${aoeName(shelf, slot)} ${opener.name}`) ?? 0;
          if (scene.now() - since > unavoidableMs) found.push(`${opener.name} on ${host.name}`);
        }
      }
      return found;
    };
    /** Address by backing, of everything that ever ran. */
    const served = new Map<string, { shelf: number; slot: number }>();
    return {
      onRack(event) {
        if (event.kind === "DeviceOpened") openSince.set(`${event.host} ${event.device} ${event.by}`, event.at);
        if (event.kind === "VbladeStarted")
          served.set(`${event.host}:${event.backing}`, { shelf: event.shelf, slot: event.slot });
        if (event.command === undefined) return;
        let address: { shelf: number; slot: number } | undefined;
        if (event.kind === "VbladeStopped") address = event;
        const fate = fileFate(event);
        if (fate?.kind === "Goes") address = served.get(`${event.host}:${fate.path}`);
        if (event.kind === "LogicalVolumeDeleted") address = served.get(`${event.host}:/dev/${event.volume}`);
        if (address === undefined) return;
        const held = holders(event.host, address.shelf, address.slot);
        if (held.length > 0)
          scene.violated(
            `${event.host}: ${event.kind} of ${aoeName(address.shelf, address.slot)} while held by ${held.join(", ")}`,
          );
      },
    };
  },
};

/** SSH ports of the declared XenHosts: in a rack the ports tell hosts apart. */
function declaredPorts(scene: Scene): ReadonlySet<unknown> {
  const hosts = scene.server.list(scene.server.kindNamed("XenHost")).items;
  return new Set(hosts.map((host) => objectAt(objectAt(host, "spec"), "ssh").port));
}
