import type { Reason } from "../../api/reasons.ts";
import type { FormatRecord, SharedDevice } from "../../host/ocfs2-facts.ts";
import { approvedOf } from "../directives.ts";
import type { Strangers } from "./observation.ts";

/** What is known about one file system of the spec and its volume. */
export interface FormatSituation {
  readonly policy: "IfBlank" | "Never";
  /** Recorded in the status: the file system exists. */
  readonly uuid: string | undefined;
  /** Recorded in the status: this host was about to create it. */
  readonly intent: { readonly uuid: string; readonly host: string } | undefined;
  /** The approval of a person: `FormatElsewhere:UUID`. */
  readonly approved: string | undefined;
  readonly device: string;
  readonly label: string;
  readonly cluster: string;
  readonly heartbeatMode: "Local" | "Global";
  /** The size that the server exports; undefined while it is unknown. */
  readonly sizeBytes: number | undefined;
  /** In the order of the node numbers. */
  readonly looks: readonly NodeLook[];
  readonly strangers: Strangers;
}

/** What one node reports about the device. */
export type NodeLook = { readonly host: string } & (
  | { readonly kind: "Pending" }
  | { readonly kind: "Unreachable"; readonly why: string }
  | {
      readonly kind: "Seen";
      /** Undefined: not reported. */
      readonly device: SharedDevice | undefined;
      /** Undefined: not reported. */
      readonly records: readonly FormatRecord[] | undefined;
      /** Mount points of entries of /etc/fstab by which this cluster mounts the device there. Undefined: not reported. */
      readonly entries: readonly string[] | undefined;
      /** The status of the volume says that the node sees it: up, from the right server. */
      readonly attached: boolean;
      /** The cluster is online there. */
      readonly online: boolean;
    }
);
type Seen = Extract<NodeLook, { kind: "Seen" }>;
type Device = Seen & { readonly device: SharedDevice };

/** Whether to format now, and what to record or do instead. */
export type FormatDecision =
  /** The recorded file system exists. */
  | { readonly kind: "Formatted"; readonly uuid: string }
  /** The file system exists and must be recorded: created by us, or found. */
  | { readonly kind: "Record"; readonly uuid: string; readonly adopted: boolean }
  /** Record that this host will format; do nothing else yet. */
  | { readonly kind: "Intend"; readonly host: string }
  /** The intent is recorded and mkfs never began: this host may run it, with the UUID of the intent. */
  | { readonly kind: "Format"; readonly host: string; readonly uuid: string }
  /** The obstacle passes by itself, or when a host answers again. */
  | { readonly kind: "Wait"; readonly reason: Reason; readonly message: string }
  /** A person must decide. */
  | { readonly kind: "Refuse"; readonly reason: Reason; readonly message: string };

const wait = (reason: Reason, message: string): FormatDecision => ({ kind: "Wait", reason, message });
const refuse = (reason: Reason, message: string): FormatDecision => ({ kind: "Refuse", reason, message });

/**
 * The only place that decides whether a volume may be formatted: once ever, and only if it is blank. Anything that is
 * not proved ends in waiting or in a refusal.
 */
export function decideFormat(situation: FormatSituation): FormatDecision {
  if (situation.uuid !== undefined) return confirm(situation, situation.uuid);
  if (situation.intent !== undefined) return resume(situation, situation.intent);
  return begin(situation);
}

/** A UUID is recorded: the file system exists, or something is very wrong. Never a reason to format. */
function confirm({ looks, device }: FormatSituation, uuid: string): FormatDecision {
  const readable = looks.flatMap(seeing).filter(({ device: { content } }) => isReadable(content));
  const there = readable.filter((look) => look.device.superblock?.uuid === uuid);
  const others = readable.filter((look) => look.device.superblock?.uuid !== uuid);
  const [other] = others;
  if (other !== undefined) {
    const seen = others.map((look) => `${look.host} finds ${describe(look.device)}`).join(", ");
    const missing = other.device.content !== "Ocfs2" && there.length === 0;
    return missing
      ? refuse("FilesystemMissing", `${device} no longer holds the file system ${uuid}: ${seen}`)
      : refuse("WrongFilesystem", `${device} must hold the file system ${uuid}: ${seen}`);
  }
  if (there.length > 0) return { kind: "Formatted", uuid };
  return unseen(looks, device);
}

type Intent = NonNullable<FormatSituation["intent"]>;

/** mkfs may have begun. Only the host that was to run it has the record of that. */
function resume(situation: FormatSituation, intent: Intent): FormatDecision {
  const { looks, device } = situation;
  const { uuid, host } = intent;
  const records = looks.flatMap((look) => recordsOf(look).filter((record) => record.uuid === uuid));
  if (records.some(({ state }) => state === "Running")) return wait("Progressing", `${host} is formatting ${device}`);
  if (records.some(({ state }) => state === "Interrupted")) return interrupted(device, host, uuid);
  const elected = looks.find((look) => look.host === host);
  if (elected === undefined) return outOfReach(situation, intent, "it is no longer a node");
  if (elected.kind === "Unreachable") return outOfReach(situation, intent, elected.why);
  if (elected.kind === "Pending") return wait("Pending", `Waiting for a probe of ${host}`);
  if (elected.records === undefined || elected.device === undefined)
    return wait("FactsUnknown", `${host} did not report whether it began to format ${device}`);
  const found = elected.device;
  if (records.length > 0) {
    if (found.superblock?.uuid === uuid) return { kind: "Record", uuid, adopted: false };
    if (!isReadable(found.content)) return wait("DeviceUnreadable", `${host} cannot read ${device}`);
    return refuse("FilesystemMissing", `${device} was formatted as ${uuid}, but holds ${describe(found)}`);
  }
  // mkfs never began. Any content has another origin, except under the UUID of the intent: then the record was lost.
  if (found.superblock?.uuid === uuid) return interrupted(device, host, uuid);
  const obstacle = obstacleTo(situation);
  if (obstacle !== undefined) return obstacle;
  if (found.content !== "Blank") return wait("DeviceUnreadable", `${host} does not see ${device}`);
  return elected.attached
    ? { kind: "Format", host, uuid }
    : wait("VolumeNotReady", `${host} does not see the volume as the AoeServer serves it`);
}

/**
 * Only the chosen host knows whether mkfs began, and it does not answer. A person who knows that it is off for good may
 * approve another choice for this one format: then the decision is made anew, as if there were no intent.
 */
function outOfReach(situation: FormatSituation, { uuid, host }: Intent, why: string): FormatDecision {
  const { device, looks } = situation;
  if (approvedOf("FormatElsewhere", situation) !== uuid)
    return wait(
      "FormatUnknown",
      `Only ${host} has the record of whether it began to format ${device} as ${uuid}, and ${why}. Bring ${host} back. If ${host} never comes back: make sure that it is off and stays off, look at ${device} on another node ("blkid -p ${device}" must print nothing), and set the annotation xensan.dev/approve=FormatElsewhere:${uuid}: then another node is chosen, which formats ${device} only if it is blank`,
    );
  // An incomplete file system may look like a complete one.
  if (looks.flatMap(seeing).some((look) => look.device.superblock?.uuid === uuid))
    return interrupted(device, host, uuid);
  return begin(situation);
}

const interrupted = (device: string, host: string, uuid: string) =>
  refuse(
    "FormatInterrupted",
    `${host} began to format ${device} as ${uuid} and did not finish. xensan never repeats a format by itself: inspect the volume and /var/lib/xensan/formats/${uuid} on that host`,
  );

/**
 * Nothing was ever done: adopt an existing file system, or prove that the volume is blank and choose a host to format
 * it.
 */
function begin(situation: FormatSituation): FormatDecision {
  const { looks, device, strangers } = situation;
  const pending = looks.filter(({ kind }) => kind === "Pending");
  if (pending.length > 0) return wait("Pending", `Waiting for a probe of ${names(pending)}`);
  for (const look of looks) {
    const record = recordsOf(look).find((one) => one.device === device && one.state !== "Done");
    if (record?.state === "Running")
      return wait("Progressing", `${look.host} is formatting ${device} as ${record.uuid}`);
    if (record !== undefined) return interrupted(device, look.host, record.uuid);
  }
  const seen = looks.flatMap(seeing);
  if (seen.every(({ device: { content } }) => content === "Missing")) return unseen(looks, device);
  const present = seen.filter(({ device: { content } }) => content !== "Missing");
  const [first] = present;
  const obstacle = obstacleTo(situation, first?.device.content === "Ocfs2");
  if (first === undefined || obstacle !== undefined) return obstacle ?? unseen(looks, device);
  const detached = present.filter(({ attached }) => !attached);
  if (detached.length > 0)
    return wait("VolumeNotReady", `${names(detached)} must see the volume as the AoeServer serves it`);
  if (first.device.superblock !== undefined) {
    if (strangers.kind === "Alive") return foreign(device, strangers.numbers);
    if (strangers.kind === "Unsure") return wait("Looking", `Checking whether another host uses ${device}`);
    return { kind: "Record", uuid: first.device.superblock.uuid, adopted: true };
  }
  const able = present.filter(({ online }) => online)[0];
  if (able === undefined) return wait("NotOnline", `Waiting for the cluster to be online on one of ${names(present)}`);
  return { kind: "Intend", host: able.host };
}

const foreign = (device: string, numbers: readonly number[]) =>
  refuse(
    "ForeignHeartbeat",
    `A host that is not a node of this cluster uses ${device}: node number ${numbers.join(", ")} writes a heartbeat. Unmount the device on that host, or add the host to the nodes of this cluster`,
  );

/** Why the volume must not be formatted (or, with `adopting`, taken over) by any node. */
function obstacleTo(situation: FormatSituation, adopting = false): FormatDecision | undefined {
  const { looks, device, sizeBytes, policy, label, cluster, heartbeatMode } = situation;
  const silent = looks.flatMap((look) =>
    look.kind === "Seen" && (look.device === undefined || look.records === undefined) ? [look] : [],
  );
  if (silent.length > 0) return wait("FactsUnknown", `${names(silent)} did not report what ${device} holds`);
  const present = looks.flatMap(seeing).filter((look) => look.device.content !== "Missing");
  const unreadable = present.filter((look) => look.device.content === "Unreadable");
  if (unreadable.length > 0) return wait("DeviceUnreadable", `${names(unreadable)} cannot read ${device}`);
  if (sizeBytes === undefined) return wait("VolumeNotReady", `The expected size of ${device} is unknown`);
  const odd = present.find((look) => look.device.sizeBytes !== sizeBytes);
  if (odd !== undefined)
    return refuse(
      "SizeDiffers",
      `${odd.host} sees ${odd.device.sizeBytes} bytes on ${device}; the volume has ${sizeBytes}`,
    );
  const kinds = new Set(present.map((look) => describe(look.device)));
  if (kinds.size > 1) {
    const said = present.map((look) => `${look.host} finds ${describe(look.device)}`).join(", ");
    return refuse("NodesDisagree", `The nodes see different contents on ${device}: ${said}`);
  }
  const found = present[0]?.device;
  if (found === undefined) return unseen(looks, device);
  if (found.content === "Ocfs2" && adopting) {
    const { superblock } = found;
    const right =
      superblock !== undefined &&
      superblock.stack === "o2cb" &&
      superblock.label === label &&
      // Plain mkfs.ocfs2 writes no cluster name: any cluster that is online may mount it.
      (superblock.cluster === cluster || superblock.cluster === "") &&
      superblock.globalHeartbeat === (heartbeatMode === "Global");
    return right
      ? undefined
      : refuse(
          "ForeignFilesystem",
          `${device} holds ${describe(found)}, not label ${label} of cluster ${cluster}${adoption(found, device, label)}`,
        );
  }
  if (found.content !== "Blank")
    return refuse(
      "NotBlank",
      `${device} holds ${describe(found)}, so xensan does not format it. Use another volume, or erase this one by hand`,
    );
  const unsaid = looks.filter((look) => look.kind === "Seen" && look.entries === undefined);
  if (unsaid.length > 0)
    return wait("FactsUnknown", `${names(unsaid)} did not report what /etc/fstab mounts from ${device}`);
  const entries = looks.flatMap((look) =>
    look.kind === "Seen" ? (look.entries ?? []).map((mountPoint) => `${mountPoint} on ${look.host}`) : [],
  );
  // The status may be lost, but a node has such an entry only if the file system was mounted there.
  if (entries.length > 0)
    return refuse(
      "FilesystemMissing",
      `${device} is blank, but /etc/fstab mounts a file system of this cluster from it: ${entries.join(", ")}. Find out where the file system is. If it is gone for good and a new, empty one is wanted, remove these entries from /etc/fstab`,
    );
  return policy === "Never"
    ? refuse("FormatForbidden", `${device} is blank, and format is Never in the spec`)
    : undefined;
}

/** How the cluster could adopt the file system, if only its label is wrong. */
function adoption({ superblock }: SharedDevice, device: string, label: string): string {
  if (superblock === undefined || superblock.label === label) return "";
  return `. If this is the intended file system, unmount it everywhere and set its label on one node: tunefs.ocfs2 -L ${label} ${device}`;
}

function unseen(looks: readonly NodeLook[], device: string): FormatDecision {
  const away = looks.filter(({ kind }) => kind === "Unreachable");
  const pending = looks.filter(({ kind }) => kind === "Pending");
  const unreadable = looks.flatMap(seeing).filter((look) => look.device.content === "Unreadable");
  if (unreadable.length > 0) return wait("DeviceUnreadable", `${names(unreadable)} cannot read ${device}`);
  if (pending.length > 0) return wait("Pending", `Waiting for a probe of ${names(pending)}`);
  if (away.length === looks.length && away.length > 0)
    return wait("NodeUnreachable", `Cannot determine what ${device} holds: ${names(away)} cannot be reached`);
  return wait("DeviceMissing", `No node sees ${device}`);
}

const seeing = (look: NodeLook): Device[] =>
  look.kind === "Seen" && look.device !== undefined ? [{ ...look, device: look.device }] : [];
const recordsOf = (look: NodeLook): readonly FormatRecord[] => (look.kind === "Seen" ? (look.records ?? []) : []);
const isReadable = (content: SharedDevice["content"]) => content !== "Missing" && content !== "Unreadable";
const names = (looks: readonly { readonly host: string }[]) => looks.map(({ host }) => host).join(", ");

/** What a device holds, as text that is equal for equal content. */
export function describe({ content, signature, superblock }: SharedDevice): string {
  switch (content) {
    case "Blank":
      return "nothing";
    case "Data":
      return "data without a signature";
    case "Signature":
      return signature === "" ? "an unknown signature" : signature;
    case "Missing":
      return "no device";
    case "Unreadable":
      return "an unreadable device";
    case "Ocfs2":
      return superblock === undefined
        ? "an OCFS2 that cannot be read"
        : `an OCFS2 labelled ${superblock.label || "(nothing)"} of ${superblock.stack === "o2cb" ? `cluster ${superblock.cluster || "(none named)"}${superblock.globalHeartbeat ? " with global heartbeat" : ""}` : "no cluster"} with UUID ${superblock.uuid}`;
  }
}
