/**
 * Every reason that a condition may carry, declared once: docs/reference/reasons.md is made from this. A condition
 * says in its message what exactly is the matter; the reason is the word that programs and alerts match.
 */
export interface ReasonEntry {
  /** Condition types that may carry it; the summary (Ready, Succeeded) may carry any of them too. */
  readonly conditions: readonly string[];
  readonly meaning: string;
  /** What the user does about it. */
  readonly action: string;
}

const nothing = "Nothing: it passes by itself.";
const spec = "Change the spec; the message names the field.";
const host = ["Reachable"];
const any = ["Ready", "Succeeded"];

const general = {
  Pending: { conditions: ["every type"], meaning: "The operator has not looked at the object yet.", action: nothing },
  Ready: { conditions: ["Ready"], meaning: "Everything is as the spec says.", action: "Nothing." },
  InvalidSpec: {
    conditions: any,
    meaning: "The spec breaks a rule that the API server let through, because it is too old for CEL.",
    action: spec,
  },
  Paused: {
    conditions: ["Paused", ...any],
    meaning: "The annotation xensan.dev/paused keeps xensan from changing anything for this object.",
    action: "Remove the annotation to let xensan go on.",
  },
  DryRun: {
    conditions: any,
    meaning: "The annotation xensan.dev/dry-run is set: status.plan holds the steps, none of them runs.",
    action: "Remove the annotation to run the plan.",
  },
  Progressing: { conditions: ["every type"], meaning: "Steps are running; the message says which.", action: nothing },
  Deleting: { conditions: any, meaning: "The object is being deleted and its clean-up runs.", action: nothing },
  DeletionBlocked: {
    conditions: ["DeletionBlocked", ...any],
    meaning: "The clean-up cannot be done now; the message says who is in the way.",
    action:
      "Remove what blocks it. To give up what is on the hosts, set the annotation xensan.dev/abandon to the object's name.",
  },
  Abandoned: {
    conditions: any,
    meaning: "The object was let go without its clean-up; the message says what is left behind.",
    action: "Clean up on the host by hand.",
  },
  StepFailed: {
    conditions: ["every type"],
    meaning: "A command on a host failed; the message holds what it said. It is tried again with growing pauses.",
    action: "Follow the message.",
  },
  NoEffect: {
    conditions: ["every type"],
    meaning: "A command on a host said that it succeeded, and the next look at the host does not show it.",
    action: "Look for somebody or something on the host that undoes it.",
  },
  HostBusy: {
    conditions: ["every type"],
    meaning: "Another process on the host holds the lock that the step needs.",
    action: nothing,
  },
  InternalError: {
    conditions: ["every type"],
    meaning: "The operator failed in a way that it did not foresee; it tries again.",
    action: "Report it with the operator's log of the reconcile.",
  },
} as const satisfies Record<string, ReasonEntry>;

const reaching = {
  Reachable: { conditions: host, meaning: "The last probe of the host succeeded.", action: "Nothing." },
  Unreachable: {
    conditions: host,
    meaning: "No connection to the host's SSH server. Nothing is known of the host until it is back.",
    action: "Check power, network and spec.ssh; xensan keeps trying.",
  },
  AuthenticationFailed: {
    conditions: host,
    meaning: "The host refused the key.",
    action: "Put the public key into authorized_keys of spec.ssh.user, or correct the Secret.",
  },
  SecretNotFound: {
    conditions: host,
    meaning: "The Secret of spec.ssh.privateKeySecretRef does not exist.",
    action: "Create a Secret of type kubernetes.io/ssh-auth in the same namespace.",
  },
  CredentialInvalid: {
    conditions: host,
    meaning: "The Secret is of the wrong type, or its key cannot be read, or needs a passphrase that is not there.",
    action: "Correct the Secret: ssh-privatekey, and ssh-passphrase for an encrypted key.",
  },
  HostKeyMismatch: {
    conditions: host,
    meaning: "The host showed another key than the pinned or recorded one. No command was sent.",
    action:
      "Find out whether the host was reinstalled or somebody is in between. If the new key is right, declare it in spec.ssh.hostKeys.",
  },
  HostKeyUnknown: {
    conditions: host,
    meaning: "No key of the host is declared and hostKeyPolicy is Pinned.",
    action: "Declare spec.ssh.hostKeys or known_hosts in the Secret, or set hostKeyPolicy to TrustOnFirstUse.",
  },
  AddressNotAllowed: {
    conditions: host,
    meaning: "The operator's configuration does not allow connections to this address.",
    action: "Correct spec.ssh.host, or have the operator's allowed addresses extended.",
  },
  BecomeFailed: {
    conditions: host,
    meaning: "sudo -n did not work for spec.ssh.user.",
    action: "Allow the user to run sudo without a password, or log in as root.",
  },
  TimedOut: {
    conditions: [...host, "Exported", "Prepared", "AoeReady", "Attached"],
    meaning: "A command did not end in time and was stopped.",
    action: "Check the load and the disks of the host; xensan keeps trying.",
  },
  ConnectionLost: {
    conditions: [...host, "Exported", "Prepared", "AoeReady", "Attached"],
    meaning: "The connection broke while a command ran; what it did is looked up before anything else happens.",
    action: nothing,
  },
  OutputLimitExceeded: {
    conditions: host,
    meaning: "A command printed more than xensan reads.",
    action: "Look for a login script that prints, or for a broken tool, on the host.",
  },
  Aborted: {
    conditions: ["every type"],
    meaning: "The operator stopped while a command ran.",
    action: nothing,
  },
  Killed: {
    conditions: ["every type"],
    meaning: "Something on the host killed the command.",
    action: "Check the memory and the log of the host.",
  },
  Unintelligible: {
    conditions: ["every type"],
    meaning: "The host's login shell is no POSIX shell, or prints something of its own.",
    action: "Give spec.ssh.user a POSIX shell whose start-up files print nothing.",
  },
  InvalidRequest: {
    conditions: ["every type"],
    meaning: "A value cannot be sent to a host.",
    action: spec,
  },
  ProbeUnreadable: {
    conditions: host,
    meaning: "What the host printed could not be understood.",
    action: "Look for a login script that prints; report the output if there is none.",
  },
} as const satisfies Record<string, ReasonEntry>;

const preparing = {
  Prepared: { conditions: ["Prepared"], meaning: "vblade is installed and the interface is up.", action: "Nothing." },
  AoeReady: {
    conditions: ["AoeReady"],
    meaning: "The aoe driver is loaded, stays so over a reboot, and looks at the declared interfaces.",
    action: "Nothing.",
  },
  PackagesMissing: {
    conditions: ["Prepared", "AoeReady"],
    meaning: "Packages are missing and packages is Observe.",
    action: "Install them on the host, or set packages to Manage.",
  },
  PackagesUnavailable: {
    conditions: ["Prepared", "AoeReady"],
    meaning: "apt cannot find or fetch a package.",
    action: "Check the host's apt sources and network.",
  },
  NoPackageManager: {
    conditions: ["Prepared", "AoeReady"],
    meaning: "The host has no apt, and packages are missing.",
    action: "Install the named tools on the host by hand.",
  },
  ToolMissing: {
    conditions: ["Prepared", "AoeReady", "Exported"],
    meaning: "A needed program is not installed.",
    action: "Install it on the host, or set packages to Manage.",
  },
  KernelWithoutAoe: {
    conditions: ["AoeReady"],
    meaning: "The running kernel was built without CONFIG_ATA_OVER_ETH.",
    action: "Boot a kernel that has it; Debian's has.",
  },
  ModuleMissing: {
    conditions: ["AoeReady", "Attached"],
    meaning: "The aoe module cannot be loaded.",
    action: "Install the modules of the running kernel, or reboot into the installed one.",
  },
  InterfaceMissing: {
    conditions: ["Prepared", "AoeReady", "Exported"],
    meaning: "The host has no such network interface; the message lists those it has.",
    action: "Correct the interface in the spec.",
  },
  InterfaceInUse: {
    conditions: ["AoeReady"],
    meaning: "Open AoE devices are reached over an interface that the spec no longer names.",
    action: "Unmount the named devices, or keep the interface in aoe.interfaces.",
  },
  InterfaceDown: {
    conditions: ["Prepared", "AoeReady", "Exported"],
    meaning: "The interface is down, or has no carrier.",
    action: "Check cable and switch.",
  },
  InitNotSupported: {
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
    meaning: "The aoe module is not loaded, or looks at other interfaces than declared, now or after a reboot.",
    action: "Nothing, unless the object is paused: xensan prepares it.",
  },
  FactsUnknown: {
    conditions: ["Prepared", "AoeReady", "Exported", "Attached", "Conflicted"],
    meaning: "A section of the probe failed, so that nothing can be said or done; the message holds its words.",
    action: "Run the named command on the host.",
  },
} as const satisfies Record<string, ReasonEntry>;

const exporting = {
  Exported: {
    conditions: ["Exported"],
    meaning: "A vblade serves the backing and comes back by itself.",
    action: "Nothing.",
  },
  ServerNotFound: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "There is no AoeServer of the name in serverRef.",
    action: "Create it, or delete the volume: serverRef does not change.",
  },
  ServerNotReady: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "The AoeServer is not reachable or not prepared.",
    action: "See the conditions of the AoeServer.",
  },
  BackingOutsideBounds: {
    conditions: ["Exported"],
    meaning:
      "The path, what it resolves to, or another name of the same file is not in allowedBackings of the AoeServer.",
    action: "Use another backing, or have the owner of the server allow this one.",
  },
  BackingMissing: {
    conditions: ["Exported"],
    meaning: "There is no such file or device.",
    action: "Check the path; a device must be there already.",
  },
  BackingNotUsable: {
    conditions: ["Exported"],
    meaning: "Neither a regular file nor a block device, or in a directory of the system, or hard-linked elsewhere.",
    action: "Use another backing.",
  },
  BackingInUse: {
    conditions: ["Exported"],
    meaning: "Mounted, swap, held by LVM, RAID or device-mapper, or part of the running system.",
    action: "Free the device if you are sure, or use another.",
  },
  BackingEmpty: {
    conditions: ["Exported"],
    meaning: "Smaller than one sector of 512 bytes.",
    action: "Check the device.",
  },
  BackingExported: {
    conditions: ["Exported", "Conflicted"],
    meaning: "Another vblade already serves the same backing, or a disk that contains it.",
    action: "Stop the other export, or use another backing.",
  },
  BackingChanged: {
    conditions: ["Exported"],
    meaning: "What the path leads to changed while it was being exported.",
    action: "Find out who changes it.",
  },
  BackingTooLarge: {
    conditions: ["Exported"],
    meaning: "The file or logical volume is larger than the spec says. Nothing is ever shrunk.",
    action: "Set size to what is there.",
  },
  VolumeGroupMissing: {
    conditions: ["Exported"],
    meaning: "There is no such volume group.",
    action: "Create it on the server: a new AoeVolume is needed for another.",
  },
  NoSpace: {
    conditions: ["Exported"],
    meaning: "The file system or volume group is full.",
    action: "Make room on the server.",
  },
  ReadOnlyFileSystem: {
    conditions: ["Exported"],
    meaning: "The file system that would hold the file is read-only.",
    action: "Remount it, or look for disk errors in the server's log.",
  },
  ExportFailed: {
    conditions: ["Exported"],
    meaning: "vblade does not stay up; the message holds what it said.",
    action: "Follow the message; xensan keeps trying.",
  },
  RestartForbidden: {
    conditions: ["Exported"],
    meaning: "The export must be restarted to match the spec, and clients hold the device.",
    action: "Unmount the device on the named clients; xensan goes on by itself.",
  },
  NotOurs: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "xensan did not create it for this object, so it does not change or delete it.",
    action: "Remove it by hand, or let it be and set deletionPolicy to Retain.",
  },
  StillExported: {
    conditions: ["DeletionBlocked"],
    meaning: "A vblade still serves the backing that is to be deleted.",
    action: "Stop the other export.",
  },
  InvalidArgument: {
    conditions: ["Exported", "Prepared", "AoeReady"],
    meaning: "A value that no configuration file of the host could hold.",
    action: spec,
  },
  AddressTaken: {
    conditions: ["Exported", "Conflicted"],
    meaning: "An export that xensan does not manage has this shelf.slot.",
    action: "Stop it, or create the volume under another address.",
  },
} as const satisfies Record<string, ReasonEntry>;

const conflicting = {
  NoConflict: {
    conditions: ["Conflicted"],
    meaning: "Nobody else claims the address or the backing.",
    action: "Nothing.",
  },
  DuplicateAddress: {
    conditions: ["Conflicted"],
    meaning: "An older AoeVolume holds the same shelf.slot on the same segment; the message names it.",
    action: "Delete one of the two and create it under another address.",
  },
  DuplicateBacking: {
    conditions: ["Conflicted"],
    meaning: "An older AoeVolume exports the same backing, perhaps under another name; the message names it.",
    action: "Delete one of the two.",
  },
  AddressUnverified: {
    conditions: ["Conflicted", "Exported"],
    meaning:
      "Before its first start somebody has to listen on the segment whether the address is free, and no client has been able to yet.",
    action: "See the conditions of the XenHosts that the message names.",
  },
  UndeclaredResponder: {
    conditions: ["Conflicted"],
    meaning:
      "Somebody on the segment whom no AoeVolume declares answers for this address. Two servers under one address destroy data.",
    action: "Find it by its MAC address and stop it.",
  },
} as const satisfies Record<string, ReasonEntry>;

const attaching = {
  Attached: {
    conditions: ["Attached"],
    meaning: "Every client sees the volume: up, of the right size, from the right server.",
    action: "Nothing.",
  },
  NoClients: { conditions: ["Attached"], meaning: "The volume declares no clients.", action: "Nothing." },
  NotExported: {
    conditions: ["Attached"],
    meaning: "Clients are looked at once the volume is exported.",
    action: "See the condition Exported.",
  },
  ClientNotFound: {
    conditions: ["Attached"],
    meaning: "There is no XenHost of the name of a client.",
    action: "Create it, or remove the client from the volume.",
  },
  ClientNotReady: {
    conditions: ["Attached"],
    meaning: "A client is not reachable or its AoE driver is not ready.",
    action: "See the conditions of the XenHost.",
  },
  ClientIsServer: {
    conditions: ["Attached"],
    meaning: "A client is the server itself: a host never hears its own AoE frames.",
    action: "Remove the client; the server has the backing itself.",
  },
  TargetMissing: {
    conditions: ["Attached"],
    meaning: "A client does not find the volume on its interfaces.",
    action: "Check that server and client are on the same layer-2 network; see aoe.interfaces of the XenHost.",
  },
  TargetDown: {
    conditions: ["Attached"],
    meaning: "A client knows the volume, and it does not answer.",
    action: "Check the network between server and client.",
  },
  TargetCloseWait: {
    conditions: ["Attached"],
    meaning: "The device died while it was open on a client, and stays dead until its last user closes it.",
    action: "Unmount or stop what the message names; xensan attaches it again.",
  },
  WrongServer: {
    conditions: ["Attached", "Conflicted"],
    meaning: "Somebody else than the server of the volume answers a client for this address.",
    action: "Find it by its MAC address and stop it.",
  },
  WrongSize: {
    conditions: ["Attached"],
    meaning: "A client sees another size than the server exports.",
    action: nothing,
  },
  ClientHoldsDevice: {
    conditions: ["DeletionBlocked", "Exported"],
    meaning: "A client has the device open; the message names its users.",
    action: "Unmount it or stop them; xensan goes on by itself.",
  },
  ClientUnknown: {
    conditions: ["DeletionBlocked", "Exported"],
    meaning: "A client cannot be asked whether it holds the device.",
    action: "Bring it back; if it is gone for good, set the annotation xensan.dev/abandon.",
  },
  ReferencedByVolumes: {
    conditions: ["DeletionBlocked"],
    meaning: "AoeVolumes use the host; the message names them.",
    action: "Delete them first, or remove the host from their clients.",
  },
  NotImplemented: {
    conditions: ["ToolstackReady", "RelocationReady", "Drained"],
    meaning: "This version of xensan does not look at this aspect.",
    action: "Nothing.",
  },
} as const satisfies Record<string, ReasonEntry>;

export const reasons = {
  ...general,
  ...reaching,
  ...preparing,
  ...exporting,
  ...conflicting,
  ...attaching,
} as const;
export type Reason = keyof typeof reasons;
