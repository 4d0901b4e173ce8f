import { correctSpec, nothing, type ReasonEntry } from "./entry.ts";

const used = ["Prepared", "AoeReady", "Exported", "Attached", "DeletionBlocked"];
const asking = ["Reachable", ...used];

/** Reasons that tell whether a host can be reached. A step that ends without an answer has the same reasons. */
export const reaching = {
  Reachable: { conditions: ["Reachable"], meaning: "The last probe of the host succeeded.", action: "Nothing." },
  Unreachable: {
    conditions: asking,
    meaning: "No connection to the host's SSH server. The state of the host is unknown until it is back.",
    action: "Check power, network and spec.ssh; xensan retries.",
  },
  HeartbeatHeard: {
    conditions: ["Reachable", "DeletionBlocked"],
    meaning:
      "The machine cannot be reached, and another node of its cluster sees its heartbeat: the machine and its domains are running.",
    action:
      "Fix its network or SSH, or switch it off. xensan.dev/forget and xensan.dev/abandon are refused while the heartbeat is seen.",
  },
  Dead: {
    conditions: ["Reachable", "AoeReady", "ToolstackReady", "RelocationReady", "WatchdogReady", "Drained", "Ready"],
    meaning:
      "The host cannot be reached, and its storage proves that it is dead: on every file system of its clusters, another node that writes its own heartbeat has seen no heartbeat of the host for twice the dead time, has evicted the host and has replayed its journal; and the host was last seen with a watchdog that resets a hung dom0. Its domains are started elsewhere. Its network address may still answer.",
    action: "Repair the machine, or delete the XenHost.",
  },
  Forgotten: {
    conditions: ["Reachable"],
    meaning:
      "The annotation xensan.dev/forget states that this boot of the machine has ended, and no heartbeat contradicts it. xensan does not wait for the machine.",
    action: "Nothing. When the machine is back, xensan probes it as before.",
  },
  ForgetContradicted: {
    conditions: ["events"],
    meaning:
      "The machine still runs the boot that xensan.dev/forget declared ended. The annotation was removed, so that it has no effect later.",
    action: "Find out why the machine was silent; run `xensan forget` again if it is off next time.",
  },
  MachineChanged: {
    conditions: asking,
    meaning:
      "Another machine answers at the address: its machine-id differs from the recorded one. Nothing is changed on it.",
    action:
      "Correct spec.ssh.host, or, if the machine replaces the old one permanently, set xensan.dev/approve=Machine:ID with its machine-id.",
  },
  Claimed: {
    conditions: ["events"],
    meaning:
      "The machine is claimed for this object: no object of another name or of another management cluster acts there from now on.",
    action: "Nothing.",
  },
  ClaimedElsewhere: {
    conditions: used,
    meaning:
      "Another object, or an object of another management cluster, manages this machine; the message names it. xensan changes nothing there.",
    action:
      "Delete one of the two objects. To move the machine to this one permanently, set xensan.dev/approve=Claim:HOLDER with the holder that the message names as CLUSTER NAMESPACE/NAME.",
  },
  AuthenticationFailed: {
    stalls: true,
    conditions: asking,
    meaning: "The host refused the key.",
    action: "Put the public key into authorized_keys of spec.ssh.user, or correct the Secret.",
  },
  SecretNotFound: {
    conditions: asking,
    meaning: "The Secret of spec.ssh.privateKeySecretRef does not exist.",
    action: "Create a Secret of type kubernetes.io/ssh-auth in the same namespace.",
  },
  SecretInUse: {
    conditions: ["events"],
    meaning:
      "A Secret is being deleted while AoeServers or XenHosts name it. The finalizer xensan.dev/in-use keeps it until they are gone, so that their hosts can be cleaned up.",
    action: "Delete the objects that the note names, or change them to name another Secret.",
  },
  CredentialInvalid: {
    stalls: true,
    conditions: asking,
    meaning: "The Secret is of the wrong type, or its key cannot be read, or needs a passphrase that is missing.",
    action: "Correct the Secret: ssh-privatekey, and ssh-passphrase for an encrypted key.",
  },
  CredentialNotForHost: {
    stalls: true,
    conditions: ["RelocationReady"],
    meaning: "The Secret's key hosts does not name this XenHost, so its password is not sent to the machine.",
    action: "Have the owner of the Secret add the XenHost's name to its key hosts, or name another Secret.",
  },
  HostKeyMismatch: {
    stalls: true,
    conditions: asking,
    meaning: "The host presented a key other than the pinned or recorded one. No command was sent.",
    action:
      "Find out whether the host was reinstalled or a third party intercepts the connection. If the new key is right, declare it in spec.ssh.hostKeys.",
  },
  HostKeyUnknown: {
    stalls: true,
    conditions: asking,
    meaning: "No key of the host is declared and hostKeyPolicy is Pinned.",
    action: "Declare spec.ssh.hostKeys or known_hosts in the Secret, or set hostKeyPolicy to TrustOnFirstUse.",
  },
  AddressNotAllowed: {
    stalls: true,
    conditions: asking,
    meaning: "The operator's configuration does not allow connections to this address.",
    action: "Correct spec.ssh.host, or have the operator's allowed addresses extended.",
  },
  BecomeFailed: {
    stalls: true,
    conditions: asking,
    meaning: "sudo -n did not work for spec.ssh.user.",
    action: "Allow the user to run sudo without a password, or log in as root.",
  },
  TimedOut: {
    conditions: asking,
    meaning: "A command did not end in time and was stopped.",
    action: "Check the load and the disks of the host; xensan retries.",
  },
  ConnectionLost: {
    conditions: asking,
    meaning: "The connection broke while a command ran; xensan determines its effect before it does anything else.",
    action: nothing,
  },
  OutputLimitExceeded: {
    conditions: asking,
    meaning: "A command printed more than xensan reads.",
    action: "Check the host for a login script that prints, or for a broken tool.",
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
    stalls: true,
    conditions: ["every type"],
    meaning: "The host's login shell is not a POSIX shell, or prints output of its own.",
    action: "Give spec.ssh.user a POSIX shell whose start-up files print nothing.",
  },
  InvalidRequest: {
    stalls: true,
    conditions: ["every type"],
    meaning: "A value cannot be sent to a host.",
    action: correctSpec,
  },
  ProbeUnreadable: {
    conditions: asking,
    meaning: "The output of the host could not be parsed.",
    action: "Check for a login script that prints; if there is none, report the output as a bug.",
  },
} as const satisfies Record<string, ReasonEntry>;
