import type { Reason } from "../reasons.ts";

/** Reasons that are explained by another object, or are no fault: `xensan why` continues with the other object. */
const elsewhere: ReadonlySet<string> = new Set<Reason>([
  "Pending",
  "Progressing",
  "Waiting",
  "Looking",
  "SecretNotFound",
  "ServerNotFound",
  "ServerNotReady",
  "ClientNotFound",
  "ClientNotReady",
  "ClientUnknown",
  "AddressUnverified",
  "VolumeNotFound",
  "VolumeNotReady",
  "DeviceMissing",
  "NodeNotFound",
  "NodeUnreachable",
  "NotOnline",
  "NotFormatted",
  "NotMounted",
  "FilesystemNotReady",
  "FilesystemNotMounted",
  "HostNotFound",
  "HostNotReady",
  "HostUnknown",
  "NoHostFits",
  "NoTarget",
  "WaitingForPermit",
  "RelocationNotReady",
  "PeerUnknown",
  "PeerUnreachable",
  "NotVerified",
  "Draining",
  "DomainNotFound",
]);

/** Whether the cause of this reason is found at another object. */
export const isElsewhere = (reason: string): boolean => elsewhere.has(reason);
