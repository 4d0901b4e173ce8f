import { readFileSync } from "node:fs";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";

/** A rack as users describe it. The same file describes a simulated rack and a rack of virtual machines. */

const units: Readonly<Record<string, number>> = { "": 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

const size = z
  .union([z.string(), z.int()])
  .refine((value) => /^[1-9]\d*(Ki|Mi|Gi|Ti)?$/.test(String(value)), "must be a size such as 512Mi or 2Gi")
  .transform((value) => {
    const [, digits = "0", unit = ""] = /^(\d+)(\D*)$/.exec(String(value)) ?? [];
    return Number(digits) * (units[unit] ?? 1);
  });

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a DNS label");
const path = z.string().regex(/^\/\S*$/, "must be an absolute path");

const interfaceSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,15}$/, "must be 1 to 15 of A-Z a-z 0-9 . _ -"),
  mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, "must be a lower-case MAC such as 52:54:00:99:01:10"),
  mtu: z.int().min(576).max(65535).default(1500),
  /** State after a boot. */
  state: z.enum(["Up", "Down"]).default("Up"),
  /** The layer-2 network that the cable leads to. */
  segment: z.string().min(1).max(63),
  /** The bridge or bond that it is a port of. */
  master: z.string().min(1).max(15).optional(),
  /** IPv4 with prefix length. */
  address: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, "must be like 10.99.0.10/24")
    .optional(),
});

const diskSchema = z.strictObject({
  path,
  size,
  /** The signature that blkid finds on it: ext4, ocfs2, LVM2_member, … */
  signature: z.string().max(32).default(""),
  /** Whether it holds data that blkid does not recognize. */
  data: z.boolean().default(false),
  /** With the signature ocfs2: the file system on it. */
  ocfs2: z
    .strictObject({
      uuid: z.uuid().optional(),
      label: z.string().min(1).max(63).default("OTHER"),
      /** Empty: plain mkfs.ocfs2, which writes no cluster. */
      cluster: z.string().max(16).default("other"),
      nodeSlots: z.int().min(1).max(255).default(2),
    })
    .optional(),
  mountPoint: path.optional(),
  /** Makes it a physical volume of this group. */
  volumeGroup: z.string().min(1).max(127).optional(),
  /** The disk's serial number, of which udev makes /dev/disk/by-id/virtio-SERIAL. Virtio takes 20 characters. */
  serial: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,20}$/, "must be 1 to 20 of A-Z a-z 0-9 -")
    .optional(),
  /** Other names, such as /dev/disk/by-id/… */
  links: z.array(path).default([]),
});

/** The hypervisor of a dom0, as xl info reports it. The defaults are Debian 12's. */
const xenSchema = z.strictObject({
  toolstack: z.enum(["xl", "xm", "none"]).default("xl"),
  version: z
    .string()
    .regex(/^\d+\.\d+(\.\S+)?$/, "must be like 4.17.7")
    .default("4.17.7"),
  dom0Memory: size.optional(),
  /** Xen was booted without dom0_mem: xl takes memory from dom0 for new domains. */
  autoballoon: z.boolean().default(false),
  hardwareCapabilities: z
    .string()
    .regex(/^[0-9a-f]{8}(:[0-9a-f]{8}){7}$/, "must be eight words of hexadecimal digits")
    .default("078bf3fd:c0982201:20100800:00000005:00000000:00000000:00000000:00000000"),
  /** With the word shadow, PV guests can migrate live. */
  virtualisation: z.array(z.string()).default(["pv", "hvm", "hap", "gnttab-v1", "gnttab-v2"]),
  bridges: z.array(z.string()).default(["xenbr0"]),
  /** Bridges of Open vSwitch, which is not installed when there are none. */
  ovsBridges: z.array(z.string()).default([]),
  /** Seconds with which xenwatchdogd is started at boot. */
  watchdog: z.int().min(2).optional(),
});

const hostSchema = z.strictObject({
  roles: z.array(z.enum(["server", "dom0"])).min(1),
  ssh: z.strictObject({
    address: z.string().default("127.0.0.1"),
    /** 0: any free port. */
    port: z.int().min(0).max(65535),
    user: z.string().min(1).max(32).default("root"),
    /** Whether `sudo -n` works for that user. */
    sudo: z.enum(["Allowed", "Denied"]).default("Allowed"),
  }),
  init: z.enum(["systemd", "sysvinit"]).default("systemd"),
  os: z
    .strictObject({ name: z.string(), id: z.string() })
    .default({ name: "Debian GNU/Linux 12 (bookworm)", id: "debian" }),
  kernel: z.string().default("6.1.0-56-amd64"),
  /** CONFIG_ATA_OVER_ETH of the kernel. */
  aoe: z.enum(["Module", "BuiltIn", "Missing", "Unknown"]).default("Module"),
  /** CONFIG_OCFS2_FS of the kernel. */
  ocfs2: z.enum(["Module", "BuiltIn", "Missing", "Unknown"]).default("Module"),
  packageManager: z.enum(["apt", "none"]).default("apt"),
  /** Whether apt can fetch packages. */
  repository: z.enum(["Reachable", "Unreachable"]).default("Reachable"),
  /** For a dom0. */
  xen: xenSchema.prefault({}),
  memory: size.default(2 ** 30),
  cpus: z.int().min(1).default(1),
  interfaces: z.array(interfaceSchema).min(1),
  disks: z.array(diskSchema).min(1),
  directories: z.array(path).default([]),
  files: z
    .array(
      z.strictObject({ path, text: z.string().optional(), size: size.optional(), signature: z.string().optional() }),
    )
    .default([]),
  symlinks: z.record(path, path).default({}),
  /** Packages that are installed before xensan comes. */
  packages: z.array(z.string()).default([]),
});

const rackFileSchema = z.strictObject({ hosts: z.record(name, hostSchema) }).superRefine(({ hosts }, context) => {
  const taken = new Map<string, string>();
  const claim = (what: string, value: string, at: (string | number)[]) => {
    const holder = taken.get(`${what} ${value}`);
    if (holder !== undefined) {
      context.addIssue({
        code: "custom",
        path: at,
        message: `${what} ${value} must be unique; ${holder} has it too`,
      });
    }
    taken.set(`${what} ${value}`, at.join("."));
  };
  for (const [hostName, host] of Object.entries(hosts)) {
    const at = ["hosts", hostName];
    if (host.ssh.port !== 0) claim("ssh endpoint", `${host.ssh.address}:${host.ssh.port}`, [...at, "ssh", "port"]);
    host.interfaces.forEach((nic, index) => {
      claim("MAC", nic.mac, [...at, "interfaces", index, "mac"]);
      claim(`interface of ${hostName}`, nic.name, [...at, "interfaces", index, "name"]);
    });
    host.disks.forEach((disk, index) => {
      claim(`disk of ${hostName}`, disk.path, [...at, "disks", index, "path"]);
    });
    if (!host.disks.some((disk) => disk.mountPoint === "/")) {
      context.addIssue({ code: "custom", path: [...at, "disks"], message: "one disk must have mountPoint: /" });
    }
  }
});

/** A rack file, parsed and with its defaults. */
export type RackFile = z.infer<typeof rackFileSchema>;
/** A rack file as written, before defaults. */
export type RackFileInput = z.input<typeof rackFileSchema>;
/** One host of a rack file. */
export type RackHost = RackFile["hosts"][string];

/** A rack file that cannot be used: one line per problem, with its place and what would be accepted. */
export class RackFileError extends Error {
  override readonly name = "RackFileError";
}

/** A rack from parsed YAML; throws an Error that names `origin` and every field that is wrong. */
export function parseRack(value: unknown, origin = "rack"): RackFile {
  const parsed = rackFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const got = issue.path.reduce<unknown>(
      (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
      value,
    );
    const shown = got === undefined || typeof got === "object" ? "" : ` (got ${JSON.stringify(got)})`;
    return `${issue.path.join(".") || "the file"}: ${issue.message}${shown}`;
  });
  throw new RackFileError(`${origin} is not a rack:\n  ${lines.join("\n  ")}`);
}

/** Reads a rack from a YAML file; throws as {@link parseRack} does. */
export function loadRack(file: string | URL): RackFile {
  const origin = typeof file === "string" ? file : file.pathname;
  try {
    return parseRack(parse(readFileSync(file, "utf8")), origin);
  } catch (error) {
    if (error instanceof YAMLParseError) throw new RackFileError(`${origin} is not YAML: ${error.message}`);
    throw error;
  }
}

/** The rack that the tutorial, the lab and `npm start` share. */
export const tutorialRack = new URL("./racks/tutorial.yaml", import.meta.url);
