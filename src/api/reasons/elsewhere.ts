import type { Reason } from "../reasons.ts";

/** Reasons that another object, or nobody's fault, explains: whoever asks why is led on to it. */
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

/** Whether what is wrong with an object with this reason is to be found at another object. */
export const isElsewhere = (reason: string): boolean => elsewhere.has(reason);
