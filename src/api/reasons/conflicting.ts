import type { ReasonEntry } from "./entry.ts";

/** Reasons for other users of an address or a backing. */
export const conflicting = {
  NoConflict: {
    conditions: ["Conflicted"],
    meaning: "No other AoeVolume or server uses the address or the backing.",
    action: "Nothing.",
  },
  DuplicateAddress: {
    stalls: true,
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning:
      "An older AoeVolume holds the same shelf.slot on the same segment or at a client of both; the message names it.",
    action: "Delete one of the two and create it under another address.",
  },
  DuplicateBacking: {
    stalls: true,
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning: "An older AoeVolume exports the same backing, perhaps under another name; the message names it.",
    action: "Delete one of the two.",
  },
  AddressUnverified: {
    conditions: ["Conflicted", "Exported"],
    meaning:
      "Before the first start, the server (with aoetools) or a client must check on the segment that the address is free. None of them has been able to do so yet.",
    action: "See the conditions of the XenHosts that the message names; if it names none, follow the message.",
  },
  UndeclaredResponder: {
    stalls: true,
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning: "A server that no AoeVolume declares answers at this address. Two servers at one address destroy data.",
    action: "Find it by its MAC address and stop it.",
  },
} as const satisfies Record<string, ReasonEntry>;
