import type { Reason } from "../../api/reasons.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { HostView } from "../hosts/view.ts";

/** A condition of another object, as last written. */
export interface KnownCondition {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** One of the two hosts, from its object and its last probe. */
export interface HostSheet {
  readonly name: string;
  readonly spec: XenHostSpec;
  readonly ready: KnownCondition;
  readonly relocationReady: KnownCondition;
  readonly view: HostView;
}

/** The domain to move. Fields that only a XenDomain declares are undefined for a bare domain. */
export interface Traveller {
  readonly name: string;
  readonly uuid: string;
  /** Xen's number of it on the source. */
  readonly id: number;
  readonly memoryMiB: number;
  /** The memory to which it may grow; undefined where that is its present memory, or is not declared. */
  readonly maxMemoryMiB: number | undefined;
  readonly vcpus: number;
  /** Processors on which it may run; undefined: all. */
  readonly cpus: string | undefined;
  /** Letters of xl list. */
  readonly state: string;
  readonly type: "PVH" | "PV" | "HVM" | undefined;
  readonly bridges: readonly string[] | undefined;
  /** Bridges of Open vSwitch, BRIDGE or BRIDGE.VLAN. */
  readonly ovsBridges: readonly string[] | undefined;
  /** Kernel and ramdisk on the dom0; empty where a bootloader takes them from the image. */
  readonly bootFiles: readonly string[] | undefined;
  /** Additional lines of its configuration. */
  readonly settings: XenDomainSpec["settings"] | undefined;
  /** Shared file systems with its disks; `uuid` as recorded, undefined when none is recorded. */
  readonly filesystems: readonly { readonly mountPoint: string; readonly uuid: string | undefined }[] | undefined;
  /** XenHosts on which it may run. */
  readonly hosts: readonly string[] | undefined;
  /** Paths of its images on the dom0s. */
  readonly images: readonly string[] | undefined;
  /** Paths of the images in its CD-ROM drives. */
  readonly cdroms: readonly string[] | undefined;
  /** `namespace/name` of its XenDomain. */
  readonly owner: string | undefined;
}

/** A domain to move from one host to another. */
export interface Transfer {
  readonly domain: Traveller;
  readonly mode: "Live" | "Offline";
  readonly source: HostSheet;
  readonly target: HostSheet;
}

/** A failed check. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}
