import { domainSettingsSchema } from "../../api/domain-settings.ts";
import type { HostFile } from "../../host/configuration-files.ts";
import { type FileDisk, type FileNetwork, parseDisk, parseNetwork } from "./domain-devices.ts";
import { parseXlConfiguration, type XlSetting, type XlValue } from "./xl-configuration.ts";

/** A domain as its configuration file defines it. */
export interface DomainFile {
  readonly path: string;
  readonly name: string;
  /** Lower case; undefined if the toolstack generates one at each start. */
  readonly uuid: string | undefined;
  readonly type: "PVH" | "PV" | "HVM";
  /** MiB; undefined if the file has no readable value. */
  readonly memory: number | undefined;
  /** MiB; undefined if it is not more than memory. */
  readonly maxMemory: number | undefined;
  readonly vcpus: number;
  readonly cpus: string | undefined;
  /** Fields of spec.boot; undefined if there are none. */
  readonly boot: Boot | undefined;
  /** Fields of spec.console; undefined if there are none. */
  readonly console: Readonly<Record<string, string>> | undefined;
  readonly disks: readonly FileDisk[];
  readonly networks: readonly FileNetwork[];
  /** Settings that have no field, but can be allowed. */
  readonly settings: readonly { readonly key: string; readonly value: string }[];
  /** onPoweroff and the like, without defaults. */
  readonly actions: Readonly<Record<string, string>>;
  /** Settings that are not imported, with their lines. */
  readonly lost: readonly string[];
  /** Why the domain would be a different one without the settings that are not imported. */
  readonly problems: readonly string[];
}

interface Boot {
  readonly kernel?: string;
  readonly ramdisk?: string;
  readonly commandLine?: string;
  readonly bootloader?: string;
  readonly order?: readonly string[];
  readonly firmware?: string;
}

const actions: Readonly<Record<string, string>> = {
  destroy: "Destroy",
  restart: "Restart",
  preserve: "Preserve",
  "coredump-destroy": "CoredumpDestroy",
  "coredump-restart": "CoredumpRestart",
};
const actionKeys = [
  ["on_poweroff", "onPoweroff", "Destroy"],
  ["on_reboot", "onReboot", "Restart"],
  ["on_crash", "onCrash", "Destroy"],
] as const;
const understood = new Set([
  ...[
    "name",
    "uuid",
    "type",
    "builder",
    "memory",
    "maxmem",
    "vcpus",
    "maxvcpus",
    "cpus",
    "kernel",
    "ramdisk",
    "root",
    "extra",
  ],
  ...["cmdline", "bootloader", "disk", "vif", "on_poweroff", "on_reboot", "on_crash", "boot"],
  ...["serial", "vnc", "vnclisten", "vncunused"],
]);

/** The line as an entry of spec.settings; undefined if its value is not plain text. */
function settingOf(key: string, { value }: XlSetting) {
  const one = { key, value: textOf(value) };
  const parsed = domainSettingsSchema.safeParse([one]);
  return parsed.success ? parsed.data[0] : undefined;
}

/** Values that change how the guest starts, or that it needs: losing them makes the domain a different one. */
const decisive: Readonly<Record<string, RegExp>> = {
  bios: /^(?!seabios$|rombios$|ovmf$)/,
  firmware: /^(?!bios$|seabios$|rombios$)/,
  pci: /./,
};

/** Parses a file of xl or xm; undefined if it names no domain. */
export function domainFile(file: HostFile): DomainFile | undefined {
  const { settings, unread } = parseXlConfiguration(file.text);
  const word = (key: string) => textOf(settings.get(key)?.value);
  const name = word("name");
  if (name === undefined || name === "") return undefined;
  const type = typeOf(word("type"), word("builder"));
  const lost = [
    ...unread.map(({ line, why, text }) => `line ${line}: ${text} (${why})`),
    ...[...settings]
      .filter(
        ([key, setting]) =>
          !understood.has(key) && decisive[key] === undefined && settingOf(key, setting) === undefined,
      )
      .map(([key, setting]) => lineOf(key, setting, "has no field")),
  ];
  const more = [...settings].flatMap(([key, setting]) => (understood.has(key) ? [] : (settingOf(key, setting) ?? [])));
  const problems: string[] = [];
  const list = (key: string) => {
    const setting = settings.get(key);
    if (setting === undefined) return [];
    const texts =
      typeof setting.value === "string" ? [setting.value] : Array.isArray(setting.value) ? setting.value : [];
    return texts.flatMap((item: XlValue) => {
      if (typeof item === "string") return [item];
      problems.push(lineOf(key, setting, "is not a list of strings"));
      return [];
    });
  };
  for (const [key, without] of Object.entries(decisive)) {
    const setting = settings.get(key);
    if (
      setting !== undefined &&
      settingOf(key, setting) === undefined &&
      without.test(JSON.stringify(setting.value).replace(/^"|"$|^\[\]$/g, ""))
    )
      problems.push(lineOf(key, setting, "cannot be declared, and the guest would differ without it"));
  }
  // An unreadable setting of a disk or card must not count as none.
  for (const { line, text } of unread)
    if (/^\s*(disk|vif|kernel|ramdisk|bootloader|memory|type|builder)\s*\+?=/.test(text))
      problems.push(`line ${line} could not be read`);
  const [memory, most] = [numberOf(word("memory")), numberOf(word("maxmem"))];
  const maxmem = settings.get("maxmem");
  const maxMemory = memory !== undefined && most !== undefined && most > memory ? most : undefined;
  if (maxmem !== undefined && maxMemory === undefined && most !== memory)
    lost.push(lineOf("maxmem", maxmem, "is not a number of MiB above memory"));
  const pinned = settings.get("cpus");
  const cpus = /^[0-9,^ -]+$/.test(word("cpus") ?? "") ? word("cpus")?.replaceAll(" ", "") : undefined;
  if (pinned !== undefined && cpus === undefined && word("cpus") !== "all")
    lost.push(lineOf("cpus", pinned, "has no field: cpus accepts only numbers and ranges for all virtual CPUs"));
  const boot = bootOf(type, word);
  const order = settings.get("boot");
  if (order !== undefined && (boot === "Unknown" || boot?.order === undefined))
    lost.push(lineOf("boot", order, "has no field"));
  const bios = settings.get("bios");
  if (bios?.value === "ovmf" && (boot === "Unknown" || boot?.firmware === undefined))
    lost.push(lineOf("bios", bios, "has no field together with a kernel or bootloader"));
  if (boot === "Unknown")
    problems.push(`bootloader = ${JSON.stringify(word("bootloader"))}: only pygrub can be declared`);
  const seen = consoleOf(type, settings);
  lost.push(...seen.lost);
  const chosen = actionKeys.flatMap(([key, field, fallback]): [string, string][] => {
    const setting = settings.get(key);
    const value = actions[(word(key) ?? "").replaceAll("_", "-")];
    if (setting !== undefined && value === undefined) lost.push(lineOf(key, setting, "has no field"));
    return value === undefined || value === fallback ? [] : [[field, value]];
  });
  return {
    path: file.path,
    name,
    uuid: word("uuid")?.toLowerCase(),
    type,
    memory,
    maxMemory,
    vcpus: numberOf(word("vcpus")) ?? 1,
    cpus,
    boot: boot === "Unknown" ? undefined : boot,
    console: seen.fields,
    disks: list("disk").map(parseDisk),
    settings: more,
    networks: list("vif").map((text) => parseNetwork(text, type)),
    actions: Object.fromEntries(chosen),
    lost,
    problems,
  };
}

function typeOf(type: string | undefined, builder: string | undefined): DomainFile["type"] {
  if (type === "hvm" || (type === undefined && builder === "hvm")) return "HVM";
  return type === "pvh" ? "PVH" : "PV";
}

function bootOf(type: DomainFile["type"], word: (key: string) => string | undefined): Boot | "Unknown" | undefined {
  const bootloader = word("bootloader");
  if (bootloader !== undefined && bootloader !== "")
    return /(^|\/)pygrub$/.test(bootloader) ? { bootloader: "pygrub" } : "Unknown";
  const kernel = word("kernel");
  // The HVM firmware for xm, which xl selects itself.
  if (kernel === undefined || (type === "HVM" && /(^|\/)hvmloader$/.test(kernel))) return firmwareOf(type, word);
  const ramdisk = word("ramdisk");
  const root = word("root");
  const commandLine =
    word("cmdline") ?? [root === undefined ? "" : `root=${root}`, word("extra") ?? ""].join(" ").trim();
  return {
    kernel,
    ...(ramdisk === undefined ? {} : { ramdisk }),
    ...(commandLine === "" ? {} : { commandLine }),
  };
}

const media: Readonly<Record<string, string>> = { c: "Disk", d: "Cdrom", n: "Network" };

function firmwareOf(type: DomainFile["type"], word: (key: string) => string | undefined): Boot | undefined {
  if (type !== "HVM") return undefined;
  const order = [...(word("boot") ?? "")].map((letter) => media[letter]);
  const known = order.filter((device) => device !== undefined);
  const boot = {
    ...(known.length > 0 && known.length === order.length ? { order: known } : {}),
    ...(word("bios") === "ovmf" ? { firmware: "UEFI" } : {}),
  };
  return Object.keys(boot).length === 0 ? undefined : boot;
}

/** The serial line and the screen; further settings of them are lost. */
function consoleOf(type: DomainFile["type"], settings: ReadonlyMap<string, XlSetting>) {
  const known: Record<string, readonly [field: string, values: Readonly<Record<string, string>>]> = {
    serial: ["serial", { pty: "Enabled", none: "Disabled" }],
    vnc: ["vnc", { 0: "Disabled", 1: "Enabled" }],
    vnclisten: ["", { "127.0.0.1": "", localhost: "" }],
    vncunused: ["", { 1: "" }],
  };
  const fields: Record<string, string> = {};
  const lost: string[] = [];
  for (const [key, [field, values]] of Object.entries(known)) {
    const setting = settings.get(key);
    if (setting === undefined) continue;
    const value = type === "HVM" ? values[textOf(setting.value) ?? ""] : undefined;
    if (value === undefined) lost.push(lineOf(key, setting, "has no field"));
    else if (field !== "") fields[field] = value;
  }
  return { fields: Object.keys(fields).length === 0 ? undefined : fields, lost };
}

const textOf = (value: XlValue | undefined): string | undefined =>
  typeof value === "number" ? String(value) : typeof value === "string" ? value : undefined;

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

const lineOf = (key: string, { line, value }: XlSetting, why: string) =>
  `line ${line}: ${key} = ${JSON.stringify(value)} ${why}`;
