import { describe, expect, it } from "vitest";
import { secretFinalizer } from "../../src/api/common.ts";
import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { directHostKey } from "../../src/sim/dialer.ts";
import { type Fault, plannedFaults } from "../../src/sim/faults.ts";
import { aoeServer, aoeVolume, at, device, keySecret, xenHost } from "../simulation/scenarios/objects.ts";
import { clients, commands, eventually, exportsOf, message, minutes, rig, status, volumeReady, word } from "./rig.ts";

const server = aoeServer("san", 2210, ["/dev/vdb"]);
const oldie = aoeServer("oldie", 2211, ["/dev/sdb", "/dev/sdc"]);
const bella = xenHost("bella", 2212);
const brutus = xenHost("brutus", 2213);
const data = aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"]);
const other = aoeVolume("other", "oldie", [0, 2], device("/dev/sdb"), ["brutus"]);
const reach = (stage: ReturnType<typeof rig>, kind: string, name: string) => word(stage, kind, name, "Reachable");

describe("the credentials", () => {
  const held: KubeObject = { ...keySecret, metadata: { ...keySecret.metadata, finalizers: [secretFinalizer] } };

  it("that do not exist are asked for, and picked up when they come", async () => {
    const stage = rig({ objects: [server, bella, brutus, data], secret: null });
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "False/SecretNotFound");
    expect(message(stage, "AoeServer", "san", "Ready")).toContain(
      "Secret san/rack-ssh of type kubernetes.io/ssh-auth does not exist",
    );
    expect(volumeReady(stage, "data")).toBe("Unknown/ServerNotReady");
    stage.apply(keySecret);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready", 1);
  });

  it.each<[string, KubeObject]>([
    ["", keySecret],
    [", and have the finalizer of an operator before", held],
  ])("that came long before the first host are read when it comes%s", async (_how, secret) => {
    const stage = rig({ objects: [], secret });
    await stage.advance(minutes(5));
    stage.apply(server);
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "True/Reachable", 1);
    stage.delete("AoeServer", at("san"));
    await eventually(stage, () => stage.find("AoeServer", at("san")), undefined);
    await stage.advance(minutes(5));
    stage.apply(bella);
    await eventually(stage, () => reach(stage, "XenHost", "bella"), "True/Reachable", 1);
  });

  it("of the wrong type are refused with the right one named", async () => {
    const stage = rig({ objects: [server], secret: { ...keySecret, type: "Opaque" } as typeof keySecret });
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "False/SecretNotFound");
    expect(message(stage, "AoeServer", "san", "Ready")).toContain("kubernetes.io/ssh-auth");
  });

  it("without a key are refused", async () => {
    const empty = { ...keySecret, stringData: { "ssh-privatekey": "" } };
    const stage = rig({ objects: [server], secret: empty });
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "False/CredentialInvalid");
    expect(message(stage, "AoeServer", "san", "Ready")).toContain("ssh-privatekey");
  });
});

describe("the host key", () => {
  const pinned = (key: string) => ({
    ssh: { host: "127.0.0.1", port: 2210, hostKeys: [key], privateKeySecretRef: { name: "rack-ssh" } },
  });

  it("is recorded at the first use and enforced after a restart", async () => {
    const stage = rig({ objects: [server] });
    await eventually(stage, () => status(stage, "AoeServer", "san").hostKey, directHostKey("san"));
    stage.life.end();
    stage.patch("AoeServer", at("san"), { spec: { ssh: { port: 2211 } } });
    stage.startOperator();
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "False/HostKeyMismatch");
    expect(status(stage, "AoeServer", "san").hostKey).toBe(directHostKey("san"));
  });

  it("that is another than the pinned one: no command is sent", async () => {
    const stage = rig({ objects: [aoeServer("san", 2210, ["/dev/vdb"], pinned(directHostKey("bella")))] });
    const sent = commands(stage);
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "False/HostKeyMismatch");
    await stage.advance(minutes(5));
    expect(sent).toEqual([]);
  });

  it("that nobody declared is asked for", async () => {
    const nothing = { ssh: { host: "127.0.0.1", port: 2210, privateKeySecretRef: { name: "rack-ssh" } } };
    const stage = rig({ objects: [aoeServer("san", 2210, ["/dev/vdb"], nothing)] });
    await eventually(stage, () => reach(stage, "AoeServer", "san"), "False/HostKeyUnknown");
    expect(message(stage, "AoeServer", "san", "Ready")).toContain("TrustOnFirstUse");
  });
});

describe("a host that cannot be used", () => {
  const cases: readonly (readonly [string, Fault, string])[] = [
    ["is unreachable", { kind: "Refuse" }, "False/Unreachable"],
    ["hangs", { kind: "Hang" }, "False/TimedOut"],
    ["cuts the connection", { kind: "Drop" }, "False/ConnectionLost"],
    ["prints garbage", { kind: "Garbage" }, "False/ProbeUnreadable"],
    ["prints 100 MB", { kind: "Flood", bytes: 100e6 }, "False/OutputLimitExceeded"],
    ["prints half of an answer and says that it failed", { kind: "ExitCode", exitCode: 1 }, "False/ProbeUnreadable"],
  ];
  for (const [what, fault, expected] of cases) {
    it(`because it ${what}: its volumes say so, the others go on, and it comes back`, async () => {
      const stage = rig({
        objects: [server, oldie, bella, brutus, data, other],
        prepare: ({ rack }) => {
          rack.faults = plannedFaults([
            {
              fault,
              host: "san",
              script: "probe",
              times: 6,
              at: fault.kind === "Refuse" || fault.kind === "Hang" || fault.kind === "Drop" ? "Connect" : "End",
            },
          ]);
        },
      });
      await eventually(stage, () => reach(stage, "AoeServer", "san"), expected, 2);
      await eventually(stage, () => volumeReady(stage, "other"), "True/Ready", 1);
      expect(volumeReady(stage, "data")).toMatch(/^Unknown\/(ServerNotReady|Pending)$/);
      expect(exportsOf(stage, "san")).toEqual([]);
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready", 10);
    });
  }

  it("because it is slow delays nobody else", async () => {
    const stage = rig({
      objects: [server, oldie, bella, brutus, data, other],
      prepare: ({ rack }) => {
        rack.faults = ({ host, at }) => (host === "san" && at === "Connect" ? { kind: "Delay", ms: 8_000 } : undefined);
      },
    });
    await eventually(stage, () => volumeReady(stage, "other"), "True/Ready", 0.5);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready", 10);
  });

  it("because it dies in the middle of a command: nothing is lost, and the work is finished later", async () => {
    const stage = rig({
      objects: [server, bella, brutus, data],
      prepare: ({ rack }) => {
        rack.faults = plannedFaults([
          {
            fault: { kind: "Event", name: "reset", act: () => rack.reset("san") },
            host: "san",
            script: "ensure-export",
            at: "Step",
            step: 1,
          },
        ]);
      },
    });
    await eventually(stage, () => [volumeReady(stage, "data"), exportsOf(stage, "san")], [
      "True/Ready",
      ["e0.1 eth1 /dev/vdb"],
    ]);
  });

  it("keeps facts of before for people, and acts on none of them", async () => {
    const stage = rig({ objects: [server, bella, brutus, data] });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.rack.setManagement("bella", "Cut");
    await eventually(stage, () => [word(stage, "AoeVolume", "data", "Attached"), clients(stage, "data")], [
      "Unknown/ClientNotReady",
      { bella: "Unknown", brutus: "Attached" },
    ]);
    expect(word(stage, "AoeVolume", "data", "Exported")).toBe("True/Exported");
    expect(status(stage, "XenHost", "bella").facts).toMatchObject({ hostname: "bella" });
    stage.rack.setManagement("bella", "Connected");
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
  });
});

describe("packages", () => {
  it("are only reported with Observe", async () => {
    const stage = rig({ objects: [aoeServer("san", 2210, ["/dev/vdb"], { packages: "Observe" })] });
    await eventually(stage, () => word(stage, "AoeServer", "san", "Prepared"), "False/PackagesMissing");
    expect(message(stage, "AoeServer", "san", "Ready")).toContain("apt-get install vblade");
    const sent = commands(stage);
    await stage.advance(minutes(3));
    expect(new Set(sent)).toEqual(new Set(["san probe"]));
  });
});
