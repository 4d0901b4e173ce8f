import { createHash } from "node:crypto";
import { bridgeName } from "../../api/domain-devices.ts";
import { quantityBytes } from "../../api/quantity.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { Toolstack } from "../../host/xen-facts.ts";

/** A disk or CD-ROM drive of the domain with the path of its image on the dom0. */
export interface PlacedDisk {
  readonly device: string;
  readonly access: "ReadWrite" | "ReadOnly" | "Cdrom";
  /** Absolute. */
  readonly image: string;
}

/** The parts of a domain that its configuration contains, besides the disks. */
interface Rendered {
  readonly name: string;
  readonly uuid: string;
  readonly spec: XenDomainSpec;
}

/** The configuration of a domain for one host. */
export interface Configuration {
  readonly text: string;
  /** sha256, hexadecimal. */
  readonly digest: string;
}

/**
 * The reader of the file. xl knows `type` since Xen 4.10; older ones ignore it silently and build PV without `builder`.
 */
export type Dialect = "Xl" | "XlBuilder" | "Xm";
const dialects: readonly Dialect[] = ["Xl", "XlBuilder", "Xm"];

/**
 * The dialect that the toolstack of a host reads; undefined without a toolstack, or if xl does not report the version
 * of Xen.
 */
export function dialectOf({ kind, info }: Pick<Toolstack, "kind" | "info">): Dialect | undefined {
  if (kind === "xm") return "Xm";
  if (kind === "None" || info === undefined) return undefined;
  return info.major > 4 || (info.major === 4 && info.minor >= 10) ? "Xl" : "XlBuilder";
}

/**
 * Why the toolstack of a host cannot build such a domain; undefined when it can, or does not report the version of Xen.
 */
export function buildProblem(
  { type, boot }: Pick<XenDomainSpec, "type" | "boot">,
  toolstack: Pick<Toolstack, "kind" | "info">,
): string | undefined {
  const dialect = dialectOf(toolstack);
  if (boot?.firmware === "UEFI" && dialect === "Xm") return "spec.boot.firmware UEFI needs xl, and the host has xm";
  if (type !== "PVH" || dialect === undefined || dialect === "Xl") return undefined;
  const { info } = toolstack;
  const has = info === undefined ? "" : `, and the host has ${info.major}.${info.minor}`;
  return `spec.type PVH needs xl of Xen 4.10 or newer${has}: PV and HVM would be accepted`;
}

const mib = 2 ** 20;

/**
 * The file from which a toolstack builds the domain: xl.cfg(5), or xmdomain.cfg(5) for the toolstack of 2010. The same
 * spec gives the same text on every host.
 */
export function renderConfiguration(toolstack: Dialect, domain: Rendered, disks: readonly PlacedDisk[]): Configuration {
  const { name, uuid, spec } = domain;
  const lines = [
    "# Written by xensan from the XenDomain of this name: changes made here are undone.",
    `name = ${quoted(name)}`,
    `uuid = ${quoted(uuid)}`,
    ...kindLines(toolstack, spec.type),
    `memory = ${Math.ceil(quantityBytes(spec.memory) / mib)}`,
    ...(spec.maxMemory === undefined ? [] : [`maxmem = ${Math.ceil(quantityBytes(spec.maxMemory) / mib)}`]),
    `vcpus = ${spec.vcpus}`,
    ...(spec.cpus === undefined ? [] : [`cpus = ${quoted(spec.cpus)}`]),
    ...bootLines(spec.boot),
    `disk = ${listOf(disks.map((disk) => (toolstack === "Xm" ? xmDisk(disk) : xlDisk(disk))))}`,
    `vif = ${listOf(spec.networks.map((network, index) => networkText(spec.type, network, macOf(uuid, index))))}`,
    ...consoleLines(spec.console),
    ...spec.settings.map(({ key, value }) => `${key} = ${/^(0|[1-9][0-9]{0,8})$/.test(value) ? value : quoted(value)}`),
    `on_poweroff = ${quoted(action(spec.onPoweroff))}`,
    `on_reboot = ${quoted(action(spec.onReboot))}`,
    `on_crash = ${quoted(action(spec.onCrash))}`,
  ];
  const text = `${lines.join("\n")}\n`;
  return { text, digest: createHash("sha256").update(text).digest("hex") };
}

/** True if a digest is of this domain as it is now, for any toolstack: it may have been started on an older Xen. */
export function isRendered(digest: string, domain: Rendered, disks: readonly PlacedDisk[]): boolean {
  return dialects.some((dialect) => renderConfiguration(dialect, domain, disks).digest === digest);
}

function kindLines(toolstack: Dialect, type: XenDomainSpec["type"]): string[] {
  if (toolstack === "Xl") return [`type = ${quoted(type.toLowerCase())}`];
  if (toolstack === "XlBuilder") return [`builder = ${quoted(type === "HVM" ? "hvm" : "generic")}`];
  return type === "HVM" ? ['builder = "hvm"'] : [];
}

function bootLines(boot: XenDomainSpec["boot"]): string[] {
  if (boot === undefined) return [];
  if (boot.bootloader !== undefined) return ['bootloader = "pygrub"'];
  if (boot.kernel === undefined)
    return [
      ...(boot.firmware === "UEFI" ? ['bios = "ovmf"'] : []),
      ...(boot.order === undefined ? [] : [`boot = ${quoted(boot.order.map((device) => letters[device]).join(""))}`]),
    ];
  const line = (key: string, value: string | undefined) => (value === undefined ? [] : [`${key} = ${quoted(value)}`]);
  return [...line("kernel", boot.kernel), ...line("ramdisk", boot.ramdisk), ...line("extra", boot.commandLine)];
}

function consoleLines({ serial, vnc }: NonNullable<XenDomainSpec["console"]> = {}): string[] {
  return [
    ...(serial === "Enabled" ? ['serial = "pty"'] : []),
    ...(vnc === "Disabled" ? ["vnc = 0"] : []),
    ...(vnc === "Enabled" ? ["vnc = 1", 'vnclisten = "127.0.0.1"', "vncunused = 1"] : []),
  ];
}

const letters = { Disk: "c", Cdrom: "d", Network: "n" } as const;

const xlAccess = { ReadWrite: "access=rw", ReadOnly: "access=ro", Cdrom: "access=ro, devtype=cdrom" } as const;
const xlDisk = ({ device, access, image }: PlacedDisk) =>
  `format=raw, vdev=${device}, ${xlAccess[access]}, target=${image}`;

const xmAccess = { ReadWrite: ",w", ReadOnly: ",r", Cdrom: ":cdrom,r" } as const;
const xmDisk = ({ device, access, image }: PlacedDisk) => `file:${image},${device}${xmAccess[access]}`;

function networkText(type: XenDomainSpec["type"], network: XenDomainSpec["networks"][number], mac: string): string {
  const emulated =
    type === "HVM" ? [`type=ioemu${network.model === undefined ? "" : `,model=${models[network.model]}`}`] : [];
  const script = network.switch === "OpenVSwitch" ? ["script=vif-openvswitch"] : [];
  return [`mac=${network.mac ?? mac}`, `bridge=${bridgeName(network)}`, ...script, ...emulated].join(",");
}

const models = { Rtl8139: "rtl8139", E1000: "e1000", Virtio: "virtio-net" } as const;

/** The MAC address of a network card without one in the spec: from Xen's own range, and the same at every start. */
export function macOf(uuid: string, index: number): string {
  const hash = createHash("sha256").update(`${uuid} ${index}`).digest();
  // The fourth byte is below 0x80, as Xen's own tools choose it.
  const bytes = [(hash[0] ?? 0) & 0x7f, hash[1] ?? 0, hash[2] ?? 0];
  return `00:16:3e:${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
}

/** Turns `CoredumpDestroy` into `coredump-destroy`. */
const action = (name: string) => name.replace(/(?<=[a-z])([A-Z])/g, "-$1").toLowerCase();

const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
const listOf = (items: readonly string[]) =>
  `[${items.map((item) => ` ${quoted(item)}`).join(",")}${items.length > 0 ? " " : ""}]`;
