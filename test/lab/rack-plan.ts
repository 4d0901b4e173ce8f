import type { RackFile, RackHost } from "../../src/sim/rack-file.ts";
import type { ImageKind } from "./images.ts";
import { LabError } from "./places.ts";

/** A rack file as virtual machines. */
export interface RackPlan {
  readonly hosts: readonly HostPlan[];
  /** Layer-2 networks, with the largest MTU that a cable on them needs. */
  readonly segments: ReadonlyMap<string, number>;
}

export interface HostPlan {
  readonly name: string;
  readonly kind: ImageKind;
  readonly host: RackHost;
  /** In the order of the slots: the guest's kernel names them eth0, eth1, … and setup renames them. */
  readonly nics: RackHost["interfaces"];
  /** Reached from this machine through QEMU's user network. */
  readonly management: { readonly address: string; readonly network: string };
}

/** The segment that is QEMU's user network; every other one is a bridge in the rack's own namespace. */
export const managementSegment = "management";

const rootDiskBytes = 4 * 2 ** 30;

/** Throws with one line for each thing in the file that virtual machines cannot provide. */
export function planRack(file: RackFile): RackPlan {
  const problems = Object.entries(file.hosts).flatMap(([name, host]) => problemsOf(name, host));
  if (problems.length > 0) throw new LabError(`the lab cannot be this rack:\n  ${problems.join("\n  ")}`);
  const segments = new Map<string, number>();
  const hosts = Object.entries(file.hosts).map(([name, host]): HostPlan => {
    for (const { segment, mtu } of host.interfaces) {
      if (segment !== managementSegment) segments.set(segment, Math.max(segments.get(segment) ?? 0, mtu));
    }
    const address = host.interfaces.find(({ segment }) => segment === managementSegment)?.address ?? "";
    const [ip = ""] = address.split("/");
    const network = `${ip.split(".").slice(0, 3).join(".")}.0/24`;
    const kind = host.roles.includes("dom0") && host.xen.toolstack !== "none" ? "dom0" : "server";
    return { name, kind, host, nics: host.interfaces, management: { address: ip, network } };
  });
  return { hosts, segments };
}

function problemsOf(name: string, host: RackHost): string[] {
  const problems: string[] = [];
  const only = (field: string, value: unknown, accepted: string) => {
    if (String(value) !== accepted) problems.push(`hosts.${name}.${field} is ${String(value)}; it must be ${accepted}`);
  };
  only("init", host.init, "systemd");
  only("aoe", host.aoe, "Module");
  only("packageManager", host.packageManager, "apt");
  only("ssh.user", host.ssh.user, "root");
  only("os.id", host.os.id, "debian");
  const management = host.interfaces.filter(({ segment }) => segment === managementSegment);
  // The guest's kernel numbers the other interfaces after it.
  if (
    management.length !== 1 ||
    host.interfaces[0] !== management[0] ||
    management[0]?.address?.endsWith("/24") !== true
  ) {
    problems.push(
      `hosts.${name}.interfaces must hold one on segment ${managementSegment}: the first, with an address in a /24`,
    );
  }
  host.disks.forEach((disk, index) => {
    const expected = `/dev/vd${String.fromCharCode(97 + index)}`;
    const at = `hosts.${name}.disks.${index}`;
    if (disk.path !== expected) problems.push(`${at}.path is ${disk.path}; it must be ${expected}`);
    if ((disk.mountPoint === "/") !== (index === 0))
      problems.push(`${at}: the first disk, and only it, is mounted at /`);
    if (!["", "ext4"].includes(disk.signature)) {
      problems.push(`${at}.signature is ${disk.signature}; it must be empty or ext4`);
    }
  });
  if ((host.disks[0]?.size ?? 0) < rootDiskBytes) problems.push(`hosts.${name}.disks.0.size must be at least 4Gi`);
  for (const { path, signature } of host.files) {
    if (signature !== undefined) problems.push(`hosts.${name}.files: ${path} cannot be given a signature`);
  }
  return problems;
}
