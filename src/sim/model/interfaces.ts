import type { Host } from "./state.ts";
import { list, readText } from "./storage.ts";

const words = (line: string) => line.split(/[=\s]+/).filter((word) => word !== "");

function* linesOf(host: Host, files: readonly string[], directories: readonly string[]): Generator<string> {
  const all = [
    ...files,
    ...directories.flatMap((directory) => list(host, directory).map((name) => `${directory}/${name}`)),
  ];
  for (const file of all) yield* (readText(host, file) ?? "").split("\n");
}

/** Whether the host's own configuration brings an interface up: ifupdown, networkd or NetworkManager. */
export function configuredByHost(host: Host, name: string): boolean {
  for (const line of linesOf(host, ["/etc/network/interfaces"], ["/etc/network/interfaces.d"])) {
    const [verb = "", ...names] = words(line);
    if (["auto", "allow-auto", "allow-hotplug"].includes(verb) && names.includes(name)) return true;
  }
  for (const line of linesOf(host, [], ["/etc/systemd/network", "/etc/NetworkManager/system-connections"])) {
    const [key = "", ...names] = words(line);
    if ((key === "Name" || key === "interface-name") && names.includes(name)) return true;
  }
  return false;
}

/** The systemd unit with which interface-up.sh brings an interface up at boot. */
export const interfaceUnit = "/etc/systemd/system/xensan-interface@.service";
/** The link that systemctl enable makes. */
export const interfaceWant = (name: string) =>
  `/etc/systemd/system/multi-user.target.wants/xensan-interface@${name}.service`;
/** The inittab line with the same effect. */
export const interfaceLine = (name: string) => new RegExp(`^[^#].*:once:.* link set dev ${name} up$`, "m");

/** Whether an interface is up after a boot. */
export function upAtBoot(host: Host, name: string): boolean {
  if (configuredByHost(host, name)) return true;
  if (host.init === "sysvinit") return interfaceLine(name).test(readText(host, "/etc/inittab") ?? "");
  return readText(host, interfaceUnit) !== undefined && readText(host, interfaceWant(name)) !== undefined;
}
