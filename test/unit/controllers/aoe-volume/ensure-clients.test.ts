import { describe, expect, it } from "vitest";
import { ensureClients } from "../../../../src/controllers/aoe-volume/ensure-clients.ts";
import type { ObservedClient, VolumeObservation } from "../../../../src/controllers/aoe-volume/observation.ts";
import type { HostFacts } from "../../../../src/host/facts.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import { card, client, seen, server, sound, volume } from "./observations.ts";

const serving = server(sound);
const look = (one: ObservedClient | undefined, rest: Partial<VolumeObservation> = {}) =>
  decision(ensureClients(volume({ server: serving, clients: one === undefined ? [] : [one], ...rest })));
const says = (condition: string, ...steps: string[]) => ({
  ...{ conditions: [`Attached ${condition}`], steps, proceed: true },
});
const discover = "XenHost bella discover 10 e0.1";

describe("the clients of a volume", () => {
  it.each<[string, ObservedClient | undefined]>([
    ["True NoClients: The spec lists no clients", undefined],
    ["True NoClients: The spec lists no clients", client(seen(), { listed: false })],
    ["True Attached: e0.1 is seen by bella", client()],
  ])("have nothing to do where it says %s", (condition, one) => {
    expect(look(one)).toEqual(says(condition));
  });

  it.each<[string, Partial<HostFacts>, string]>([
    ["False TargetMissing: bella: Does not see the device yet", { aoeDevices: known([]) }, discover],
    ["False TargetDown: bella: The device is down", seen({ up: false }), discover],
    [
      "False TargetCloseWait: bella: The driver is releasing the device",
      seen({ up: false, flags: ["closewait"] }),
      discover,
    ],
    [
      "False WrongServer: bella: Receives answers from 00:00:00:00:00:09 instead of 00:16:3e:00:00:01: find that server and stop its export",
      seen({ macs: ["00:00:00:00:00:09"] }),
      discover,
    ],
    [
      "False WrongSize: bella: Sees 512 bytes instead of 1073741824",
      seen({ sizeBytes: 512 }),
      "XenHost bella revalidate e0.1 1073741824",
    ],
  ])("look again where it says %s", (condition, given, step) => {
    expect(look(client(given))).toEqual(says(condition, step));
  });

  it.each<[string, ObservedClient]>([
    [
      "False TargetCloseWait: bella: The device is dead until mount /srv/x closes it",
      client(seen({ flags: ["closewait"], users: ["mount /srv/x"] })),
    ],
    [
      "False WrongServer: bella: Receives answers from 00:00:00:00:00:09 instead of 00:16:3e:00:00:01: release the device (mount /srv/x) and find that server",
      client(seen({ macs: ["00:00:00:00:00:09"], users: ["mount /srv/x"] })),
    ],
    [
      "False WrongSize: bella: Sees 512 bytes instead of 1073741824, and holds the device (mount /srv/x)",
      client(seen({ sizeBytes: 512, users: ["mount /srv/x"] })),
    ],
    [
      "False ClientNotFound: bella: XenHost bella does not exist: create it, or remove it from spec.clientRefs",
      { name: "bella", listed: true, state: "NotFound", heard: undefined },
    ],
    [
      "Unknown ClientNotReady: bella: XenHost bella has an invalid spec: no ssh",
      { name: "bella", listed: true, state: "Invalid", message: "no ssh" },
    ],
    [
      "False ClientIsServer: bella: XenHost bella is the machine that exports the volume, and the AoE driver receives no frames from its own host: remove it from spec.clientRefs and use the backing itself on that host",
      client(seen(), { isServer: true }),
    ],
    [
      "Unknown ClientNotReady: bella: XenHost bella cannot be reached (Unreachable): no route to host",
      client(seen(), { view: unreachable }),
    ],
    ["Unknown Pending: bella: Waiting for a probe of XenHost bella", client(seen(), { fresh: false })],
    ["Unknown Pending: bella: Waiting for a probe of XenHost bella", client(seen(), { trusted: false })],
    [
      "False ClientNotReady: bella: XenHost bella is not ready as an AoE client: Network interface eth1 is down",
      client({ ...seen(), interfaces: known([{ ...card, adminUp: false }]) }),
    ],
    [
      "Unknown FactsUnknown: bella: XenHost bella did not report its AoE devices: sysfs",
      client({ aoeDevices: { state: "unknown", why: "sysfs" } }),
    ],
  ])("are left alone where it says %s", (condition, one) => {
    expect(look(one)).toEqual(says(condition));
  });

  it("wait for an export", () => {
    expect(look(client(), { server: server({ exports: known([]) }) })).toEqual(
      says("False NotExported: bella: The volume is not exported yet"),
    );
  });
});
