import type { Reason } from "../../api/reasons.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { HostView } from "../hosts/view.ts";

/** A condition of another object, as it was last written. */
export interface KnownCondition {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** One of the two hosts, from its object and from what it was last seen to be. */
export interface HostSheet {
  readonly name: string;
  readonly spec: XenHostSpec;
  readonly ready: KnownCondition;
  readonly relocationReady: KnownCondition;
  readonly view: HostView;
}

/** The domain that is to move. What only a XenDomain tells is undefined for a bare one. */
export interface Traveller {
  readonly name: string;
  readonly uuid: string;
  readonly memoryMiB: number;
  /** What it may grow to; undefined where that is what it has, or where nobody tells. */
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
  /** More lines of its configuration. */
  readonly settings: XenDomainSpec["settings"] | undefined;
  /** Shared file systems with its disks; `uuid` as recorded, undefined when none is. */
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

/** A domain that is to move from one host to another. */
export interface Transfer {
  readonly domain: Traveller;
  readonly mode: "Live" | "Offline";
  readonly source: HostSheet;
  readonly target: HostSheet;
}

/** A check that has failed. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}
