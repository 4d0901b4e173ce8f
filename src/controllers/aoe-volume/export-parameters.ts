import type { AoeServerSpec } from "../../api/aoe-server.ts";
import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import { quantityBytes } from "../../api/quantity.ts";
import type { Export, HostFacts, LogicalVolume } from "../../host/facts.ts";
import { globMatches } from "../../host/glob.ts";
import { stagedName } from "../../host/staged-volume.ts";
import { markedName } from "../identity.ts";

/** The name of the AoE target, `eSHELF.SLOT`. */

export const targetOf = (spec: Pick<AoeVolumeSpec, "shelf" | "slot">) => `e${spec.shelf}.${spec.slot}`;

/** The interface on which the volume is exported: its own, or the server's first. */
export const interfaceOf = (spec: Pick<AoeVolumeSpec, "interface">, server: Pick<AoeServerSpec, "interfaces">) =>
  spec.interface ?? server.interfaces[0]?.name ?? "";

/** The layer-2 network behind an interface; undefined when the AoeServer does not list the interface. */
export function segmentOn(server: Pick<AoeServerSpec, "interfaces">, netif: string): string | undefined {
  return server.interfaces.find(({ name }) => name === netif)?.segment;
}

/** The path given to vblade. */
export function backingPath({ backing }: Pick<AoeVolumeSpec, "backing">): string {
  if (backing.device !== undefined) return backing.device;
  if (backing.file !== undefined) return backing.file.path;
  const { volumeGroup = "", name = "" } = backing.logicalVolume ?? {};
  return `/dev/${volumeGroup}/${name}`;
}

/** The path at which the backing is now: since the last boot, /dev/sdb may be another disk. */
export function servedPath(spec: Pick<AoeVolumeSpec, "backing">, recorded: string | undefined): string {
  return spec.backing.device === undefined ? backingPath(spec) : (recorded ?? backingPath(spec));
}

/** How many bytes the backing must have; undefined for a device, whose size is fixed. */
export function wantedBytes({ backing }: Pick<AoeVolumeSpec, "backing">): number | undefined {
  const size = backing.file?.size ?? backing.logicalVolume?.size;
  return size === undefined ? undefined : quantityBytes(size);
}

/** The logical volume that is being filled with zeroes for the one of the spec. */
export function stagedVolume({ backing }: Pick<AoeVolumeSpec, "backing">, facts: HostFacts): LogicalVolume | undefined {
  const { logicalVolume: wanted } = backing;
  if (wanted === undefined || facts.logicalVolumes.state !== "known") return undefined;
  return facts.logicalVolumes.value.find(
    ({ volumeGroup, name }) => volumeGroup === wanted.volumeGroup && name === stagedName(wanted.name),
  );
}

/** The options with which vblade serves the volume, sorted. */
export function exportOptions(spec: AoeVolumeSpec): string[] {
  return [
    ...(spec.access === "ReadOnly" ? ["-r"] : []),
    ...(spec.directIO === "Enabled" ? ["-d"] : []),
    ...(spec.sync === "Enabled" ? ["-s"] : []),
    ...(spec.bufferCount === undefined ? [] : ["-b", String(spec.bufferCount)]),
    ...(spec.allowedMACs === undefined || spec.allowedMACs.length === 0
      ? []
      : ["-m", [...spec.allowedMACs].sort().join(",")]),
  ];
}

/** Whether both have the same flags with the same values; the order and the default `-b 16` do not matter. */
export function sameOptions(one: readonly string[], other: readonly string[]): boolean {
  return normal(one) === normal(other);
}

function normal(options: readonly string[]): string {
  const flags: string[] = [];
  for (let index = 0; index < options.length; index++) {
    const flag = options[index] ?? "";
    if (!["-b", "-m", "-o", "-l"].includes(flag)) {
      flags.push(flag);
      continue;
    }
    const value = (options[++index] ?? "").toLowerCase();
    if (flag === "-b" && value === "16") continue;
    flags.push(`${flag} ${flag === "-m" ? value.split(",").sort().join(",") : value}`);
  }
  return flags.sort().join(" ");
}

/** What starts an export again: a unit of systemd, or an id of inittab; empty when nothing does. */
export function keeperOf({ persistence, instance }: Pick<Export, "persistence" | "instance">): string {
  return persistence === "Systemd" && instance !== "" ? `vblade@${instance}.service` : instance;
}

/** `namespace/name` of the mark in an export's configuration. */
export const ownerName = (marked: Pick<Export, "owner">) => markedName(marked.owner) ?? "";

/** Whether a device of the host may have this path: what is in these places belongs to one process, or is no device. */
export const mayBeDevice = (path: string): boolean =>
  path.startsWith("/dev/") && !/^\/dev\/((fd|shm|mqueue|pts)\/|std(in|out|err)$)/.test(path);

/**
 * True when a path is certainly out of bounds: it is no device and no allowed pattern matches it. Such a path is not
 * even probed. Every other path is judged on the host, with links resolved, by the script that acts.
 */
export function isPlainlyOutside(spec: Pick<AoeVolumeSpec, "backing">, allowedBackings: readonly string[]): boolean {
  const path = backingPath(spec);
  return !mayBeDevice(path) && !allowedBackings.some((glob) => globMatches(glob, path));
}
