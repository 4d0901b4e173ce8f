import type { Reason } from "../reasons.ts";

/** What others are still to create: the objects of one `kubectl apply` come one after the other. */
const soon = 60;
/** What a first start passes through, packages and mkfs included; as long as a Deployment may make no progress. */
const onTheWay = 600;

/**
 * Reasons that are to be expected before an object is Ready for the first time with its spec, and for how many seconds:
 * so long their event is Normal, then it is a Warning. Of an object that was Ready they are Warnings at once. Those that are
 * expected at any time are Normal for ever.
 */
export const patienceSeconds: Readonly<Partial<Record<Reason, number>>> = {
  SecretNotFound: soon,
  ServerNotFound: soon,
  ClientNotFound: soon,
  VolumeNotFound: soon,
  NodeNotFound: soon,
  HostNotFound: soon,
  ServerNotReady: onTheWay,
  ClientNotReady: onTheWay,
  AddressUnverified: onTheWay,
  NotExported: onTheWay,
  TargetMissing: onTheWay,
  VolumeNotReady: onTheWay,
  NotOnline: onTheWay,
  NotFormatted: onTheWay,
  DeviceMissing: onTheWay,
  Looking: onTheWay,
  FilesystemNotReady: onTheWay,
  FilesystemNotMounted: onTheWay,
  Waiting: onTheWay,
  PeerUnknown: onTheWay,
  RelocationNotPrepared: onTheWay,
  NotVerified: onTheWay,
  Progressing: Number.POSITIVE_INFINITY,
  Pending: Number.POSITIVE_INFINITY,
  Deleting: Number.POSITIVE_INFINITY,
  Paused: Number.POSITIVE_INFINITY,
  DryRun: Number.POSITIVE_INFINITY,
  Stopping: Number.POSITIVE_INFINITY,
  Vanished: Number.POSITIVE_INFINITY,
  HostGoingDown: Number.POSITIVE_INFINITY,
  StartQueued: Number.POSITIVE_INFINITY,
};
