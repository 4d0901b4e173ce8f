import type { ReasonEntry } from "./entry.ts";

/** Reasons for which one host does not receive domains of another. */
export const relocating = {
  PeerUnreachable: {
    conditions: ["RelocationReady", "Admitted"],
    meaning: "The peer does not answer over SSH at its relocation address.",
    action: "Check the network between the hosts and sshd on the peer.",
  },
  PeerRefuses: {
    conditions: ["RelocationReady", "Admitted"],
    meaning: "The peer answers but does not allow the host to migrate domains to it; the message quotes ssh.",
    action:
      "Check allowedSourceHostRefs of the peer, its sshd_config (root logins, AuthorizedKeysFile) and that its host key is the recorded one.",
  },
} as const satisfies Record<string, ReasonEntry>;
