import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { bounds } from "./probe-sections.ts";
import type { Owner, Target } from "./values.ts";
import {
  allowedBackings,
  allowedInterfaces,
  backingIdentity,
  exportOptions,
  interfaceName,
  lvmName,
  nameOfTarget,
  ownerText,
  packageName,
  path,
  shelf,
  sizeBytes,
  slot,
  targetName,
} from "./values.ts";

/**
 * What the owner of the host allows: path globs (`/dev/sd[b-z]`, `/srv/aoe/*`; `*` stays within a directory) and
 * `vg/lv` globs.
 */
export interface Bounded {
  readonly allowedBackings: readonly string[];
}

/** What one probe examines besides the host itself: paths, devices and directories. */
export interface ProbeRequest {
  /** A server is probed for exports, backings and LVM; a client for the AoE driver, its devices and the segment. */
  readonly roles: readonly ("Server" | "Client")[];
  /** Paths to examine, even if nothing exports them. */
  readonly backings: readonly string[];
  /** Interfaces on whose segments the targets are queried; takes one second for all of them together. */
  readonly segments: readonly string[];
  /** AoE devices of a client, `e0.1`: of others that nothing uses, only the first thousand are told. */
  readonly targets?: readonly string[];
  /** Block devices of a client whose content, superblock and heartbeats are read. */
  readonly sharedDevices?: readonly string[];
  /** Directories of a client on which a file system is, or is to be, mounted. */
  readonly mountPoints?: readonly string[];
  /** Paths of image files of domains on a client. */
  readonly images?: readonly string[];
  /** Directories with lock files of domains on a client. */
  readonly lockDirectories?: readonly string[];
}

/** Probes the whole host in one round trip. Pass its stdout to parseProbe. */
export function probe(request: ProbeRequest): HostCommand {
  const asked = command("probe", 60, "nothing changes", [
    request.roles.map((role) => role.toLowerCase()).join(",") || "none",
    ...request.segments.map((name) => `segment=${interfaceName(name)}`),
    ...request.backings.map((backing) => `backing=${path(backing)}`),
    ...(request.targets ?? []).map((target) => `target=${nameOfTarget(target)}`),
    ...(request.sharedDevices ?? []).map((device) => `device=${path(device)}`),
    ...(request.mountPoints ?? []).map((mountPoint) => `mountpoint=${path(mountPoint)}`),
    ...(request.images ?? []).map((image) => `image=${path(image)}`),
    ...(request.lockDirectories ?? []).map((directory) => `locks=${path(directory)}`),
  ]);
  return { ...asked, maxOutputBytes: bounds.answerBytes };
}

/**
 * Probes only which machine it is, which domains it runs and which migrations it has begun: a few processes. Pass its
 * stdout to parseProbe; the other facts are unknown.
 */
export function probeRunning(): HostCommand {
  return { ...command("probe-running", 30, "nothing changes", []), maxOutputBytes: bounds.answerBytes };
}

/**
 * Installs packages with apt: waits for the dpkg lock, never prompts, installs no recommends, keeps changed
 * configuration files. Detail: `installed` or `unchanged`.
 */
export function installPackages(packages: readonly string[]): HostCommand {
  return command("install-packages", 900, `${packages.join(", ")} installed`, packages.map(packageName));
}

/** Only claims the machine for the addressing objects. Detail: `claimed`. */
export function claimMachine(): HostCommand {
  return command("claim-machine", 30, "the machine claimed", []);
}

/** Switches the interface on, now and at every boot; sets no address. Detail: `up` or `unchanged`. */
export function interfaceUp(name: string): HostCommand {
  return command("interface-up", 60, `interface ${name} up, now and after a reboot`, [interfaceName(name)]);
}

/** The identity of a recorded backing that a person gave up, so that another backing may take its place. */
export interface Replacing {
  readonly replaces?: string | undefined;
}

/**
 * Ensures a sparse file of at least this size. Does not create a file to replace a recorded one that is gone. Detail:
 * `created`, `grown` or `unchanged`.
 */
export function ensureFile(
  request: Bounded & Replacing & { owner: Owner; path: string; sizeBytes: number },
): HostCommand {
  return command("ensure-file", 60, `file ${request.path} of ${request.sizeBytes} bytes`, [
    ownerText(request.owner),
    path(request.path),
    sizeBytes(request.sizeBytes),
    backingIdentity(request.replaces),
    ...allowedBackings(request.allowedBackings),
  ]);
}

/**
 * Ensures a logical volume of at least this size. Does not create a volume to replace a recorded one that is gone.
 * Detail: `blanking PERCENT%` until the volume is blank, then `created`, `grown` or `unchanged`.
 */
export function ensureLogicalVolume(
  request: Bounded & Replacing & { owner: Owner; volumeGroup: string; name: string; sizeBytes: number },
): HostCommand {
  const { volumeGroup, name } = request;
  return command("ensure-logical-volume", 120, `logical volume ${volumeGroup}/${name} of ${request.sizeBytes} bytes`, [
    ownerText(request.owner),
    lvmName("volumeGroup", volumeGroup),
    lvmName("name", name),
    sizeBytes(request.sizeBytes),
    backingIdentity(request.replaces),
    ...allowedBackings(request.allowedBackings),
  ]);
}

/**
 * Deletes a file, only if ensureFile made it for this owner and nothing exports or uses it. Detail: `deleted` or
 * `absent`.
 */
export function deleteFile(request: Bounded & { owner: Owner; path: string }): HostCommand {
  return command("delete-file", 60, `no file ${request.path}`, [
    ownerText(request.owner),
    path(request.path),
    ...allowedBackings(request.allowedBackings),
  ]);
}

/**
 * Deletes a volume, only if ensureLogicalVolume made it for this owner and nothing exports or uses it. Detail:
 * `deleted` or `absent`.
 */
export function deleteLogicalVolume(
  request: Bounded & { owner: Owner; volumeGroup: string; name: string },
): HostCommand {
  const { volumeGroup, name } = request;
  return command("delete-logical-volume", 120, `no logical volume ${volumeGroup}/${name}`, [
    ownerText(request.owner),
    lvmName("volumeGroup", volumeGroup),
    lvmName("name", name),
    ...allowedBackings(request.allowedBackings),
  ]);
}

/** Arguments of ensure-export.sh: target, interface, backing and vblade options. */
export interface ExportRequest extends Bounded, Replacing, Target {
  readonly owner: Owner;
  readonly interface: string;
  /** Interfaces on which the owner of the server allows exports, each with its segment. */
  readonly interfaces: readonly { readonly name: string; readonly segment: string }[];
  /** A file, a device, or `/dev/VG/LV`. */
  readonly backing: string;
  /** vblade options: `["-r", "-b", "16"]`. */
  readonly options: readonly string[];
  /**
   * `Forbidden` while a client holds the device; `IfNeeded` when the running vblade may be replaced because it differs;
   * `Always` to make vblade see a grown backing.
   */
  readonly restart: "Forbidden" | "IfNeeded" | "Always";
  /** Lasting identity of the backing, if the caller has recorded one: no other backing is served. */
  readonly recorded?: string | undefined;
}

/**
 * Ensures one vblade that serves this backing at this address, now and after a reboot. An export that already runs with
 * the same parameters is adopted without touching the process. Detail: `started`, `restarted`, `adopted`, `repaired`
 * (configuration only) or `unchanged`, then ` pid N`.
 */
export function ensureExport(request: ExportRequest): HostCommand {
  return command(
    "ensure-export",
    120,
    `${request.backing} exported as ${targetName(request)} on ${request.interface}`,
    [
      ownerText(request.owner),
      shelf(request.shelf),
      slot(request.slot),
      interfaceName(request.interface),
      path(request.backing),
      exportOptions(request.options),
      request.restart.toLowerCase(),
      backingIdentity(request.recorded),
      backingIdentity(request.replaces),
      allowedInterfaces(request.interfaces),
      ...allowedBackings(request.allowedBackings),
    ],
  );
}

/** Stops the owner's export, then removes its configuration. Detail: `removed` or `absent`. */
export function removeExport(request: Target & { owner: Owner; interface: string }): HostCommand {
  return command("remove-export", 120, `no export ${targetName(request)} on ${request.interface}`, [
    ownerText(request.owner),
    shelf(request.shelf),
    slot(request.slot),
    interfaceName(request.interface),
  ]);
}

/**
 * Loads the aoe module and binds it to exactly these interfaces, now and after a reboot. Detail: `prepared` or
 * `unchanged`.
 */
export function prepareInitiator(request: { interfaces: readonly string[] }): HostCommand {
  return command(
    "prepare-initiator",
    60,
    `aoe loaded and bound to ${request.interfaces.join(", ")}, now and after a reboot`,
    request.interfaces.map(interfaceName),
  );
}

/**
 * Queries the segment and waits until these targets are present and up. Detail: `found`; refused TargetMissing names
 * the targets that are not.
 */
export function discover(request: { targets: readonly Target[]; waitSeconds: number }): HostCommand {
  return command("discover", request.waitSeconds + 20, `${request.targets.map(targetName).join(", ")} discovered`, [
    String(request.waitSeconds),
    ...request.targets.map(targetName),
  ]);
}

/** Makes the driver query the size of one target again. Detail: `bytes N`. */
export function revalidate(request: Target & { expectBytes: number }): HostCommand {
  return command("revalidate", 30, `${targetName(request)} known with ${request.expectBytes} bytes`, [
    targetName(request),
    sizeBytes(request.expectBytes),
  ]);
}
