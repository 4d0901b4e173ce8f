import type { AoeVolumeStatus } from "../../api/aoe-volume.ts";
import type { Reason } from "../../api/reasons.ts";
import { discover, revalidate } from "../../host/actions.ts";
import type { AoeDevice, HostFacts } from "../../host/facts.ts";
import type { Target } from "../../host/values.ts";
import { type Finding, found, no, unknown, yes } from "../finding.ts";
import { initiatorProblem } from "../hosts/aoe-ready.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { type Served, servedExport } from "./ensure-export.ts";
import { targetOf } from "./export-parameters.ts";
import { deviceOf } from "./holders.ts";
import type { ObservedClient, VolumeObservation } from "./observation.ts";

type ClientStatus = NonNullable<AoeVolumeStatus["clients"]>[number];

interface ClientFinding {
  readonly status: ClientStatus;
  /** Reason of the Attached condition while the client is not attached. */
  readonly reason: Reason;
  readonly step?: Step;
}

/** Ensures that every client sees the device: up, from this server, with the right size. */
export function ensureClients(volume: VolumeObservation): Finding {
  const listed = volume.clients.filter((client) => client.listed);
  const looks = listed.map((client) => lookAt(volume, client));
  const steps = looks.flatMap(({ step }) => step ?? []);
  if (listed.length === 0) return found([yes("Attached", "NoClients", "The spec lists no clients")]);
  const missing = looks.filter(({ status }) => status.state !== "Attached");
  if (missing.length === 0)
    return found(
      [yes("Attached", "Attached", `${targetOf(volume.spec)} is seen by ${listed.map(({ name }) => name).join(", ")}`)],
      steps,
    );
  // A client that does not exist certainly does not see the device; one that does not answer may.
  const certain = missing.filter(({ status, reason }) => status.state !== "Unknown" || reason === "ClientNotFound");
  const speaker = certain[0] ?? missing[0];
  const say = certain.length > 0 ? no : unknown;
  const message = missing.map(({ status }) => `${status.hostRef?.name}: ${status.message ?? status.state}`).join("; ");
  return found([say("Attached", speaker?.reason ?? "Pending", message)], steps);
}

/** The clients for the status, including those no longer listed that may still hold the device. */
export function clientStatuses(volume: VolumeObservation): ClientStatus[] {
  const recorded = new Map((volume.recorded.clients ?? []).map((client) => [client.hostRef.name, client]));
  return volume.clients.map((client) => {
    const { status, reason } = lookAt(volume, client);
    // Before the first look the recorded status stands.
    return status.state === "Unknown" && reason === "Pending" ? (recorded.get(client.name) ?? status) : status;
  });
}

function lookAt(volume: VolumeObservation, client: ObservedClient): ClientFinding {
  const say = (reason: Reason, state: ClientStatus["state"], message?: string, step?: Step): ClientFinding => ({
    status: {
      hostRef: { name: client.name },
      state,
      ...(message === undefined ? {} : { message: message.slice(0, 1024) }),
    },
    reason,
    ...(step === undefined ? {} : { step }),
  });
  if (client.state === "NotFound")
    return say(
      "ClientNotFound",
      "Unknown",
      `XenHost ${client.name} does not exist: create it, or remove it from spec.clientRefs`,
    );
  if (client.state === "Invalid")
    return say("ClientNotReady", "Unknown", `XenHost ${client.name} has an invalid spec: ${client.message}`);
  if (client.isServer)
    return say(
      "ClientIsServer",
      "Missing",
      `XenHost ${client.name} is the machine that exports the volume, and the AoE driver receives no frames from its own host: remove it from spec.clientRefs and use the backing itself on that host`,
    );
  if (client.view.state === "Unreachable")
    return say(
      "ClientNotReady",
      "Unknown",
      `XenHost ${client.name} cannot be reached (${client.view.reason}): ${client.view.message}`,
    );
  if (client.view.state === "Pending" || !client.fresh || !client.trusted)
    return say("Pending", "Unknown", `Waiting for a probe of XenHost ${client.name}`);
  const facts = client.view.snapshot.facts;
  if (!client.listed) {
    const users = deviceOf(facts, volume.spec)?.users ?? [];
    return users.length === 0
      ? say("Pending", "Missing")
      : say("Pending", "Attached", `No longer in spec.clientRefs, but still holds the device (${users.join(", ")})`);
  }
  const problem = initiatorProblem(client.spec, facts);
  if (problem !== undefined)
    return say("ClientNotReady", "Missing", `XenHost ${client.name} is not ready as an AoE client: ${problem}`);
  if (facts.aoeDevices.state === "unknown")
    return say(
      "FactsUnknown",
      "Unknown",
      `XenHost ${client.name} did not report its AoE devices: ${facts.aoeDevices.why}`,
    );
  const served = servedExport(volume);
  if (served === undefined) return say("NotExported", "Missing", "The volume is not exported yet");
  const { reason, state, message, command, merge } = attachment(volume, deviceOf(facts, volume.spec), served, facts);
  if (command === undefined) return say(reason, state, message);
  const step = stepOf(xenHost(client.name), command);
  return say(reason, state, message, merge === undefined ? step : { ...step, merge });
}

const search = (targets: readonly Target[]) => discover({ targets, waitSeconds: discoverSeconds });
const discoverSeconds = 10;

interface Attachment {
  readonly reason: Reason;
  readonly state: ClientStatus["state"];
  readonly message?: string;
  readonly command?: Step["command"];
  readonly merge?: Step["merge"];
}

function attachment(
  { spec }: VolumeObservation,
  device: AoeDevice | undefined,
  served: Served,
  facts: HostFacts,
): Attachment {
  const target = { shelf: spec.shelf, slot: spec.slot };
  const find = { command: search([target]), merge: { targets: [target], command: search } };
  if (device === undefined)
    return { reason: "TargetMissing", state: "Missing", message: "Does not see the device yet", ...find };
  const users = device.users.join(", ");
  if (device.flags.includes("closewait"))
    return users === ""
      ? { reason: "TargetCloseWait", state: "CloseWait", message: "The driver is releasing the device", ...find }
      : { reason: "TargetCloseWait", state: "CloseWait", message: `The device is dead until ${users} closes it` };
  if (!device.up)
    return {
      reason: "TargetDown",
      state: "Down",
      message: users === "" ? "The device is down" : `The device is down and held by ${users}`,
      ...find,
    };
  if (served.mac !== undefined && device.macs.length > 0 && !device.macs.includes(served.mac))
    return {
      reason: "WrongServer",
      state: "WrongServer",
      message: `Receives answers from ${device.macs.join(", ")} instead of ${served.mac}: ${users === "" ? "find that server and stop its export" : `release the device (${users}) and find that server`}`,
      ...(users === "" ? find : {}),
    };
  if (device.sizeBytes !== served.sizeBytes)
    return {
      reason: "WrongSize",
      state: "WrongSize",
      message: `Sees ${device.sizeBytes} bytes instead of ${served.sizeBytes}${users === "" ? "" : `, and holds the device (${users})`}`,
      ...(users === "" && served.sizeBytes >= 512
        ? { command: revalidate({ ...target, expectBytes: served.sizeBytes }) }
        : {}),
    };
  const slow = payloadNote(device, facts);
  return { reason: "Attached", state: "Attached", ...(slow === undefined ? {} : { message: slow }) };
}

/** A note on a payload that is smaller than the interface's MTU allows: it works, slowly. */
function payloadNote(device: AoeDevice, facts: HostFacts): string | undefined {
  if (device.payload === undefined || facts.interfaces.state !== "known") return undefined;
  const mtus = facts.interfaces.value.filter(({ name }) => device.interfaces.includes(name)).map(({ mtu }) => mtu);
  const possible = Math.floor((Math.min(...mtus) - 36) / 512) * 512;
  if (mtus.length === 0 || device.payload >= possible) return undefined;
  return `Transfers ${device.payload} bytes at a time although the MTU allows ${possible}: raise the MTU of the server and the switch`;
}
