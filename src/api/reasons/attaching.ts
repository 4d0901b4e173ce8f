import { nothing, type ReasonEntry } from "./entry.ts";

/** Reasons that tell whether clients see a volume, and what keeps an object from being deleted. */
export const attaching = {
  Attached: {
    conditions: ["Attached"],
    meaning: "Every client sees the volume: up, with the right size, from the right server.",
    action: "Nothing.",
  },
  NoClients: { conditions: ["Attached"], meaning: "The volume declares no clients.", action: "Nothing." },
  NotExported: {
    conditions: ["Attached"],
    meaning: "Clients are checked once the volume is exported.",
    action: "See the condition Exported.",
  },
  ClientNotFound: {
    conditions: ["Attached"],
    meaning: "A client names a XenHost that does not exist.",
    action: "Create it, or remove the client from the volume.",
  },
  ClientNotReady: {
    conditions: ["Attached"],
    meaning: "A client is not reachable or its AoE driver is not ready.",
    action: "See the conditions of the XenHost.",
  },
  ClientIsServer: {
    stalls: true,
    conditions: ["Attached"],
    meaning: "A client is the server itself: a host does not receive its own AoE frames.",
    action: "Remove the client; the server has the backing itself.",
  },
  TargetMissing: {
    conditions: ["Attached"],
    meaning: "A client does not find the volume on its interfaces.",
    action: "Check that server and client are on the same layer-2 network, and check aoe.interfaces of the XenHost.",
  },
  TargetDown: {
    conditions: ["Attached"],
    meaning: "A client has discovered the volume, but the volume does not answer.",
    action: "Check the network between server and client.",
  },
  TargetCloseWait: {
    conditions: ["Attached"],
    meaning: "The device died while it was open on a client, and stays dead until its last user closes it.",
    action: "Unmount or stop what the message names; xensan attaches it again.",
  },
  WrongServer: {
    stalls: true,
    conditions: ["Attached", "Formatted"],
    meaning: "A server other than the volume's answers at its address, or more than one server does.",
    action: "Find the other server by its MAC address and stop its export.",
  },
  WrongSize: {
    conditions: ["Attached"],
    meaning: "A client sees a size that differs from the exported size.",
    action: nothing,
  },
  ClientHoldsDevice: {
    conditions: ["DeletionBlocked", "Exported"],
    meaning: "A client has the device open; the message names its users.",
    action: "Unmount the device or stop its users; xensan then continues.",
  },
  ClientUnknown: {
    conditions: ["DeletionBlocked", "Exported"],
    meaning: "A client cannot be reached, so it is unknown whether it holds the device.",
    action: "Bring the client back; if it is permanently gone, set the annotation xensan.dev/abandon.",
  },
  ReferencedByVolumes: {
    conditions: ["DeletionBlocked"],
    meaning: "AoeVolumes use the host; the message names them.",
    action: "Delete them first, or remove the host from their clientRefs.",
  },
} as const satisfies Record<string, ReasonEntry>;
