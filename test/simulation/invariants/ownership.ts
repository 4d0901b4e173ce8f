import type { VbladeProcess } from "../../../src/sim/model/hardware.ts";
import type { Host } from "../../../src/sim/model/state.ts";
import { list, readText } from "../../../src/sim/model/storage.ts";

const marker = "# xensan: ";

/** Owner of an export's configuration: `namespace/name uid`, empty for a foreign one. Read from the host's files. */
export function ownerOf(host: Host, process: Pick<VbladeProcess, "by" | "instance">): string {
  if (process.by === "Systemd") return markerIn(readText(host, `/etc/vblade.conf.d/${process.instance}.conf`) ?? "");
  if (process.by === "Inittab") return inittabOwners(readText(host, "/etc/inittab") ?? "").get(process.instance) ?? "";
  return "";
}

/** The owners of everything that is configured or running on a host. */
export function ownersOn(host: Host): string[] {
  const directory = "/etc/vblade.conf.d";
  const texts = list(host, directory).map((name) => markerIn(readText(host, `${directory}/${name}`) ?? ""));
  const running = [...host.running.processes.values()].map((process) => ownerOf(host, process));
  return [...texts, ...inittabOwners(readText(host, "/etc/inittab") ?? "").values(), ...running].filter(
    (owner) => owner !== "",
  );
}

/** Owners in an inittab, by the id of the entry that follows the mark. */
function inittabOwners(text: string): Map<string, string> {
  const owners = new Map<string, string>();
  let owner = "";
  for (const line of text.split("\n")) {
    if (line.startsWith(marker)) owner = line.slice(marker.length).trim();
    else if (/^[^#:]+:/.test(line)) {
      if (owner !== "") owners.set(line.slice(0, line.indexOf(":")), owner);
      owner = "";
    } else owner = "";
  }
  return owners;
}

function markerIn(text: string): string {
  const line = text.split("\n").find((candidate) => candidate.startsWith(marker));
  return line === undefined ? "" : line.slice(marker.length).trim();
}
