import type { Reason } from "../reasons.ts";

/**
 * Time for objects that are still to be created: the objects of one `kubectl apply` are created one after the other.
 */
const soon = 60;
/** Time for states of a first start, including packages and mkfs; as long as a Deployment may go without progress. */
const onTheWay = 600;

/**
 * Reasons that are expected before an object is Ready for the first time with its spec, and for how many seconds: until
 * then their event is Normal, afterwards it is a Warning. For an object that was Ready they are Warnings at once.
 * Reasons that are expected at any time stay Normal.
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
