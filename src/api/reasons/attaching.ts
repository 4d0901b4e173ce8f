import { nothing, type ReasonEntry } from "./entry.ts";

/** Whether clients see a volume, and what keeps an object from being deleted. */
export const attaching = {
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
    conditions: ["Attached"],
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
    action: "Delete them first, or remove the host from their clientRefs.",
  },
  NotImplemented: {
    conditions: ["ToolstackReady", "RelocationReady", "Drained"],
    meaning: "This version of xensan does not look at this aspect.",
    action: "Nothing.",
  },
} as const satisfies Record<string, ReasonEntry>;
