import { stateWord } from "../model/aoe-driver.ts";
import { aoeName, type Interface } from "../model/hardware.ts";
import { moduleParameters, modulesAtBoot } from "../model/modules.ts";
import { canCarry, hearers } from "../model/network.ts";
import { toolPath } from "../model/packages.ts";
import type { Host, World } from "../model/state.ts";
import type { ScriptRun } from "../script.ts";
import { escaped, row } from "./answer.ts";
import type { SectionEnd } from "./section.ts";
import { toldIdle, withoutIdle } from "./targets.ts";

/** Section `aoe`. */
export function aoeDriver(run: ScriptRun): SectionEnd {
  const { host } = run;
  const { aoe } = host.running;
  if (host.kernelAoe === "Missing" && !aoe.loaded) return "absent";
  row(run, "aoe", "kernel-config", host.kernelAoe);
  row(run, "aoe", "loaded", aoe.loaded ? "yes" : "no");
  row(run, "aoe", "version", aoe.loaded ? "85" : "");
  row(run, "aoe", "iflist", aoe.loaded ? aoe.interfaces.join(" ") : "");
  row(run, "aoe", "deadsecs", aoe.loaded ? aoe.deadSeconds : "");
  const parameters = moduleParameters(host, "aoe");
  row(run, "aoe", "persisted-iflist", (parameters.get("aoe_iflist") ?? "").replaceAll(",", " "));
  const persisted = host.kernelAoe === "BuiltIn" || modulesAtBoot(host).has("aoe");
  row(run, "aoe", "persisted", persisted ? "yes" : "no");
  return "known";
}

/** Section `aoe-devices`. */
export const aoeDevices =
  (asked: ReadonlySet<string>) =>
  (run: ScriptRun): SectionEnd => {
    const { aoe } = run.host.running;
    if (!aoe.loaded) return "absent";
    const devices = [...aoe.devices.values()].map((device) => ({ device, name: aoeName(device.shelf, device.slot) }));
    devices.sort((a, b) => (a.name < b.name ? -1 : 1));
    const { told, left } = withoutIdle(devices, ({ device, name }) => asked.has(name) || device.openers.length > 0);
    for (const { device, name } of told) {
      const macs = [...device.targets.keys()].map((mac) => mac.replaceAll(":", "")).join(",");
      const nics = [...new Set([...device.targets.values()].flatMap((target) => [...target.interfaces]))].join(",");
      const sectors = device.sizeBytes / 512;
      row(run, "aoe-devices", "device", name, stateWord(device), macs || "-", nics || "-", device.payload, sectors);
    }
    if (left) toldIdle(run, "aoe-devices", "devices");
    // A mount tells who holds a device; the descriptors of processes would only add names.
    const allMounted = devices.every(({ device }) => device.openers.some((one) => one.name.startsWith("mount ")));
    for (const { device, name } of devices) {
      for (const opener of new Set(device.openers.map((one) => one.name))) {
        if (allMounted && opener.startsWith("process ")) continue;
        row(run, "aoe-devices", "user", name, escaped(opener));
      }
    }
    return "known";
  };

/** The vblades that hear a frame from this interface. */
function* heard(world: World, host: Host, nic: Interface) {
  for (const other of hearers(world, host, nic))
    for (const process of other.host.running.processes.values()) {
      if (process.interface !== other.nic.name) continue;
      if (process.masks.length === 0 || process.masks.includes(nic.mac)) yield process;
    }
}

/** aoecfg -t 1 on each interface: one line per vblade that hears it, so a duplicate address shows twice. */
export const responders =
  (segments: readonly string[]) =>
  (run: ScriptRun): SectionEnd => {
    const { host, world } = run;
    if (toolPath(host, "aoecfg") === undefined) return "absent";
    const most = {
      answers: Math.min(1024, Math.floor(4000 / segments.length)),
      bytes: Math.min(262_144, Math.floor(1_048_576 / segments.length)),
    };
    for (const name of segments) {
      const nic = host.interfaces.get(name);
      if (nic === undefined || !canCarry(host, { ...nic, cable: "Plugged" })) {
        const why = nic === undefined ? "bind funky: No such device" : "send config query: Network is down";
        row(run, "responders", "?", `aoecfg: ${why}`, name);
        continue;
      }
      let [lines, bytes] = [0, 0];
      for (const { shelf, slot, config } of heard(world, host, nic)) {
        lines += 1;
        bytes += `responders\t${name}\t${shelf}.${slot}\t${escaped(config)}\n`.length;
        if (lines > most.answers || bytes > most.bytes) {
          const why = `aoecfg heard more than ${most.answers} answers or ${most.bytes} bytes`;
          row(run, "responders", "?", why, name);
          break;
        }
        row(run, "responders", name, `${shelf}.${slot}`, escaped(config));
      }
    }
    return "known";
  };
