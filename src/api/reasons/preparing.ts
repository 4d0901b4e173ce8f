import type { ReasonEntry } from "./entry.ts";

/** Reasons that tell whether a host has everything for its role. */
export const preparing = {
  Prepared: { conditions: ["Prepared"], meaning: "vblade is installed and the interface is up.", action: "Nothing." },
  AoeReady: {
    conditions: ["AoeReady"],
    meaning: "The aoe driver is loaded, now and after a reboot, and uses the declared interfaces.",
    action: "Nothing.",
  },
  PackagesMissing: {
    conditions: ["Prepared", "AoeReady"],
    meaning: "Packages are missing and spec.packages is Observe.",
    action: "Install them on the host, or set spec.packages to Manage.",
  },
  PackagesUnavailable: {
    conditions: ["Prepared", "AoeReady"],
    meaning: "apt cannot find or fetch a package.",
    action: "Check the host's apt sources and network.",
  },
  NoPackageManager: {
    stalls: true,
    conditions: ["Prepared", "AoeReady"],
    meaning: "The host has no apt, and packages are missing.",
    action: "Install the named tools on the host by hand.",
  },
  ToolMissing: {
    conditions: ["Prepared", "AoeReady", "Exported", "Attached", "DeletionBlocked"],
    meaning: "A needed program is not installed.",
    action: "Install it on the host, or set spec.packages of its AoeServer or XenHost to Manage.",
  },
  KernelWithoutAoe: {
    stalls: true,
    conditions: ["AoeReady"],
    meaning: "The running kernel was built without CONFIG_ATA_OVER_ETH.",
    action: "Boot a kernel that has this option, like Debian's.",
  },
  ModuleMissing: {
    conditions: ["AoeReady", "Attached"],
    meaning: "The aoe module cannot be loaded.",
    action: "Install the modules of the running kernel, or reboot into the installed one.",
  },
  InterfaceMissing: {
    stalls: true,
    conditions: ["Prepared", "AoeReady", "Exported"],
    meaning: "The host has no such network interface; the message lists those it has.",
    action: "Correct the interface in the spec.",
  },
  InterfaceInUse: {
    stalls: true,
    conditions: ["AoeReady"],
    meaning: "Open AoE devices are reached over an interface that the spec no longer names.",
    action: "Unmount the named devices, or keep the interface in aoe.interfaces.",
  },
  InterfaceDown: {
    conditions: ["Prepared", "AoeReady", "Exported"],
    meaning: "The interface is down, or has no carrier.",
    action: "Check cable and switch.",
  },
  InterfaceIsPort: {
    stalls: true,
    conditions: ["Prepared", "AoeReady", "Exported"],
    meaning:
      "The interface is a port of a bridge or bond, which takes every frame that arrives: the port itself receives no AoE frames.",
    action: "Name the bridge or bond instead of its port in the spec.",
  },
  InitNotSupported: {
    stalls: true,
    conditions: ["Prepared", "Exported"],
    meaning: "Neither systemd nor sysvinit keeps processes alive on this host.",
    action: "Use a host with systemd or sysvinit.",
  },
  UnitMissing: {
    conditions: ["Prepared", "Exported"],
    meaning: "The host runs systemd and lacks Debian's vblade@.service.",
    action: "Install Debian's vblade package.",
  },
  DriverNotPrepared: {
    conditions: ["AoeReady"],
    meaning: "The aoe module is not loaded, or uses interfaces other than the declared ones, now or after a reboot.",
    action: "Nothing, unless the object is paused: xensan prepares it.",
  },
  FactsUnreadable: {
    conditions: ["FactsUnreadable"],
    meaning:
      "Rows in the output of a tool on the host could not be parsed; the message gives their number and names the tool and a row. xensan ignores these rows, and changes nothing where one of them may matter.",
    action: "Run the named tool and check the row. If the row is correct, report it as a bug.",
  },
  FactsUnknown: {
    conditions: ["every type"],
    meaning:
      "A section of the probe failed, so the state is unknown and xensan changes nothing; the message quotes its output.",
    action: "Run the named command on the host.",
  },
} as const satisfies Record<string, ReasonEntry>;
