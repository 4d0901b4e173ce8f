import { describe, expect, it } from "vitest";
import { missingLeases } from "../simulation/leases.ts";
import { at, ocfs2Cluster, sharedFilesystem, xenDomain } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import type { Stage } from "../simulation/stage.ts";
import { commands, domainHost, eventually, message, minutes, rig, status, word } from "./rig.ts";
import { configuration } from "./xen-rig.ts";

const nodes = ["bella", "brutus"];
const ground = sharedFilesystem(nodes);

const running = (stage: Stage, name = "vm") => word(stage, "XenDomain", name, "Running");
const ready = (stage: Stage, name = "vm") => word(stage, "XenDomain", name, "Ready");

/** Where domains execute, by name, `host name`. */
const executing = (stage: Stage) =>
  nodes.flatMap((host) => stage.rack.xen.domains(host).map(({ name }) => `${host} ${name}`));

/** Requests a look at the machine right when a domain has gone from it. */
function lookWhenGone(stage: Stage): void {
  const now = { metadata: { annotations: { "xensan.dev/reconcile-at": "now" } } };
  stage.rack.subscribe((event) => {
    if (event.kind === "DomainEnded") stage.patch("XenHost", at(event.host), now);
  });
}

function room(objects: readonly ReturnType<typeof xenDomain>[]) {
  return rig({ rack: twoServers, objects: [...ground, ...objects] });
}

describe("a domain on a shared file system", () => {
  it("gets an image, a configuration on every host, and runs on one of them", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toHaveLength(1);
    const { hostRef, configuration } = status(stage, "XenDomain", "vm");
    expect(nodes.map((name) => ({ name }))).toContainEqual(hostRef);
    expect(configuration).toMatch(/^[0-9a-f]{64}$/);
    expect(word(stage, "XenDomain", "vm", "PendingRestart")).toBe("False/UpToDate");
    const sent = commands(stage);
    await stage.advance(minutes(10));
    expect(sent.filter((line) => !line.endsWith("probe"))).toEqual([]);
  });

  it("has the UUID of its object written into its spec, for ever", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const object = stage.find("XenDomain", at("vm"));
    expect(object).toMatchObject({ spec: { uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
  });

  it("is connected to a bridge only where the owner of the host has named it", async () => {
    const stage = room([xenDomain("vm", nodes, { networks: [{ bridge: "xenbr0" }] })]);
    const where = "its allowed.bridges (none) does not list xenbr0; add xenbr0 to allow this";
    await eventually(stage, () => running(stage), "False/NoHostFits");
    expect(message(stage, "XenDomain", "vm", "Running")).toBe(
      `No host can run the domain now. bella: ${where}; brutus: ${where}`,
    );
    expect(executing(stage)).toEqual([]);
    stage.patch("XenHost", at("brutus"), { spec: { allowed: { bridges: ["xenbr*"] } } });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toEqual(["brutus vm"]);
  });

  it("is on a VLAN of Open vSwitch where the owner of the host has named it, and is started nowhere else", async () => {
    const networks = [{ bridge: "ovsbr0", switch: "OpenVSwitch", vlan: 20 }];
    const stage = rig({
      rack: () => {
        const file = twoServers();
        const { bella } = file.hosts;
        if (bella !== undefined) Object.assign(bella.xen, { ovsBridges: ["ovsbr0"] });
        return file;
      },
      objects: [...ground, xenDomain("vm", nodes, { networks })],
    });
    await eventually(stage, () => running(stage), "False/NoHostFits");
    for (const name of nodes) stage.patch("XenHost", at(name), { spec: { allowed: { bridges: ["ovsbr0.2?"] } } });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toEqual(["bella vm"]);
    stage.patch("XenHost", at("bella"), { spec: { maintenance: "Cordon" } });
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => ready(stage), "True/Halted");
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    await eventually(stage, () => running(stage), "False/NoHostFits");
    expect(message(stage, "XenDomain", "vm", "Running")).toBe(
      "No host can run the domain now. bella: it is in maintenance (Cordon); brutus: it has no bridge ovsbr0 of Open vSwitch",
    );
  });

  it("has in its CD-ROM drive only what the owner of the file system has named, beside other domains", async () => {
    const filesystemRef = { clusterRef: { name: "xen" }, label: "data" };
    const cdroms = [{ device: "hdc", filesystemRef, path: "debian.iso" }];
    const guest = (name: string) => xenDomain(name, nodes, { type: "HVM", cdroms });
    const stage = room([guest("vm"), guest("vm2")]);
    await eventually(stage, () => word(stage, "XenDomain", "vm", "DisksReady"), "False/SourceNotTemplate");
    expect(executing(stage)).toEqual([]);
    stage.patch("Ocfs2Cluster", at("xen"), ocfs2Cluster("xen", nodes, {}, { templates: ["*.iso"] }));
    await eventually(stage, () => word(stage, "XenDomain", "vm", "DisksReady"), "False/SourceMissing");
    const { mounts } = stage.rack.host("bella").running;
    await eventually(stage, () => mounts.some(({ mountPoint }) => mountPoint === "/srv/xen"), true);
    stage.rack.writeFile("bella", "/srv/xen/debian.iso", "an installer");
    await eventually(stage, () => ready(stage), "True/Ready");
    await eventually(stage, () => ready(stage, "vm2"), "True/Ready");
    expect(executing(stage)).toHaveLength(2);
  });

  it("has more settings only where the owner of the host has named them", async () => {
    const settings = [{ key: "usbdevice", value: "tablet" }];
    const stage = room([xenDomain("vm", nodes, { type: "HVM", boot: { order: ["Disk"] }, settings })]);
    const where = "its allowed.settings (none) does not list usbdevice=tablet; add usbdevice=tablet to allow this";
    await eventually(stage, () => running(stage), "False/NoHostFits");
    expect(message(stage, "XenDomain", "vm", "Running")).toBe(
      `No host can run the domain now. bella: ${where}; brutus: ${where}`,
    );
    stage.patch("XenHost", at("brutus"), { spec: { allowed: { settings: ["usbdevice=tablet"] } } });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toEqual(["brutus vm"]);
  });

  it("runs as an HVM guest with firmware, screen, serial line and room to grow, on processors that its host has", async () => {
    const guest = {
      ...{ type: "HVM", maxMemory: "256Mi", cpus: "0-7" },
      boot: { order: ["Disk", "Network"], firmware: "UEFI" },
      console: { serial: "Enabled", vnc: "Enabled" },
    };
    const stage = room([xenDomain("vm", nodes, guest)]);
    const where = "the highest processor of the host is number 0, and spec.cpus is 0-7";
    await eventually(stage, () => running(stage), "False/NoHostFits");
    expect(message(stage, "XenDomain", "vm", "Running")).toBe(
      `No host can run the domain now. bella: ${where}; brutus: ${where}`,
    );
    stage.patch("XenDomain", at("vm"), { spec: { cpus: "0" } });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toHaveLength(1);
  });

  it("is halted when the spec says so, and started again", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => ready(stage), "True/Halted");
    expect(executing(stage)).toEqual([]);
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toHaveLength(1);
  });

  it("that reboots is not started beside itself", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const sent = commands(stage);
    stage.rack.xen.shutDown("vm", "reboot");
    await stage.advance(minutes(5));
    expect(sent.filter((line) => line.endsWith("start-domain"))).toEqual([]);
    expect(ready(stage)).toBe("True/Ready");
  });

  it.each(["Cordon", "Drain"] as const)(
    "whose xl waits to start it again is not started elsewhere, however long its host receives another one (%s)",
    async (maintenance) => {
      const stage = room([xenDomain("vm", nodes)]);
      await eventually(stage, () => ready(stage), "True/Ready");
      const home = domainHost(stage, "vm") ?? "";
      const { processes } = stage.rack.host(home).running.xen;
      processes.set(4711, { verb: "migrate-receive", name: "" });
      const sent = commands(stage);
      stage.rack.xen.shutDown("vm", "reboot");
      await stage.advance(3_000);
      stage.patch("XenHost", at(home), { spec: { maintenance } });
      await eventually(stage, () => running(stage), "False/Vanished", 2);
      await stage.advance(minutes(6));
      expect(executing(stage)).toEqual([]);
      expect(message(stage, "XenDomain", "vm", "Running")).toBe(
        `The domain has disappeared, and the xl of ${home} is about to start it again, as it does when a guest reboots`,
      );
      if (maintenance === "Drain") expect(word(stage, "XenHost", home, "Drained")).toBe("False/Draining");
      processes.delete(4711);
      await eventually(stage, () => executing(stage).length, 1, 5);
      expect(executing(stage)).toEqual([`${home} vm`]);
      expect(sent.filter((line) => line.endsWith("start-domain"))).toEqual([]);
      expect(missingLeases(stage)).toEqual([]);
    },
  );

  it("is started although the xl of a host waits for another domain of its name", async () => {
    const stage = room([xenDomain("vm", nodes, { powerState: "Halted" })]);
    await eventually(stage, () => running(stage), "False/Halted");
    stage.rack.xen.createDomain("bella", configuration({ name: "vm", uuid: "37baabc6-98d5-48a2-9634-a38b12e29c46" }));
    await stage.advance(minutes(1));
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    await eventually(stage, () => executing(stage), ["bella vm", "brutus vm"], 5);
  });

  it("that is between two boots of its guest when the operator begins is not started beside itself", async () => {
    for (const before of [3_400, 2_000, 700]) {
      const stage = room([xenDomain("vm", nodes)]);
      await eventually(stage, () => ready(stage), "True/Ready");
      await stage.advance(minutes(30));
      stage.life.end();
      const sent = commands(stage);
      stage.rack.xen.shutDown("vm", "reboot");
      await stage.advance(before);
      stage.startOperator();
      await stage.advance(minutes(5));
      expect([before, sent.filter((line) => line.endsWith("start-domain"))]).toEqual([before, []]);
      expect(ready(stage)).toBe("True/Ready");
      stage.life.end();
    }
  });

  it("is started the first time without waiting for a guest that might reboot", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    const told = new Set<string>();
    stage.server.onChange(() => told.add(running(stage)));
    await eventually(stage, () => ready(stage), "True/Ready");
    expect([...told]).not.toContain("False/Vanished");
  });

  it("has not vanished while its host has not been probed since the start and the other one has", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    stage.rack.faults = ({ host, script, at }) => {
      if (script === "start-domain" && at === "End") return { kind: "Delay", ms: 70_000 };
      return host === "bella" && script === "probe" && at === "Connect" ? { kind: "Delay", ms: 8_000 } : undefined;
    };
    const told = new Set<string>();
    stage.server.onChange(() => told.add(running(stage)));
    await eventually(stage, () => ready(stage), "True/Ready");
    expect([...told]).not.toContain("False/Vanished");
  });

  it("is not given back to a host on which somebody typed reboot before that has rebooted", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const [home = ""] = executing(stage)[0]?.split(" ") ?? [];
    const boot = (host: string) => `${host} ${stage.rack.host(host).running.bootId}`;
    const before = boot(home);
    const started: string[] = [];
    stage.rack.subscribe((event) => {
      if (event.kind === "CommandBegun" && event.script === "start-domain") started.push(boot(event.host));
    });
    lookWhenGone(stage);
    stage.rack.goDown(home, "Reboot");
    await eventually(stage, () => word(stage, "XenHost", home, "ToolstackReady"), "False/HostGoingDown", 1);
    await eventually(stage, () => [executing(stage).length, ready(stage), started.length], [1, "True/Ready", 1], 15);
    expect(started).not.toContain(before);
  });

  it("pinned to a host that goes down waits until it is up again, and says why", async () => {
    const stage = room([xenDomain("vm", ["bella"])]);
    await eventually(stage, () => ready(stage), "True/Ready");
    lookWhenGone(stage);
    stage.rack.goDown("bella", "Reboot");
    await eventually(stage, () => running(stage), "False/NoHostFits", 1);
    expect(message(stage, "XenDomain", "vm", "Running")).toContain("bella: it is shutting down or rebooting");
    await eventually(stage, () => [executing(stage), ready(stage)], [["bella vm"], "True/Ready"], 15);
  });

  it("that powers itself off is started again, once", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const sent = commands(stage);
    stage.rack.xen.shutDown("vm", "poweroff");
    await stage.advance(minutes(1));
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(sent.filter((line) => line.endsWith("start-domain"))).toHaveLength(1);
  });

  it("is not started while a host that may run it cannot be reached", async () => {
    const stage = rig({
      rack: twoServers,
      objects: [...ground, xenDomain("vm", nodes, { powerState: "Halted" })],
    });
    await eventually(stage, () => ready(stage), "True/Halted");
    stage.rack.setManagement("brutus", "Cut");
    await eventually(stage, () => word(stage, "XenHost", "brutus", "Reachable"), "False/HeartbeatHeard");
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    await eventually(stage, () => running(stage), "Unknown/HostUnknown");
    await stage.advance(minutes(20));
    expect(executing(stage)).toEqual([]);
    expect(message(stage, "XenDomain", "vm", "Running")).toContain("XenHost brutus cannot be reached");
    stage.rack.setManagement("brutus", "Connected");
    await eventually(stage, () => ready(stage), "True/Ready");
  });

  it("is not started a second time while a start that outlived the operator is under way, wherever there is more room now", async () => {
    const stage = room([xenDomain("vm", nodes, { powerState: "Halted" })]);
    await eventually(stage, () => ready(stage), "True/Halted");
    let first: string | undefined;
    stage.rack.subscribe((event) => {
      if (event.kind !== "CommandBegun" || event.script !== "start-domain" || first !== undefined) return;
      first = event.host;
      stage.clock.after(700, () => {
        stage.life.end();
        stage.patch("XenHost", at(event.host), { spec: { maintenance: "Cordon" } });
        stage.startOperator();
      });
    });
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Running" } });
    await eventually(stage, () => ready(stage), "True/Ready");
    await stage.advance(minutes(2));
    expect(executing(stage)).toEqual([`${first} vm`]);
  });

  it("comes up on another host when the one it ran on has rebooted and has no room any more", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const first = domainHost(stage, "vm");
    stage.patch("XenHost", at(first), { spec: { maintenance: "Cordon" } });
    stage.rack.reset(first);
    await eventually(stage, () => domainHost(stage, "vm") !== first, true, 30);
    await eventually(stage, () => ready(stage), "True/Ready", 30);
    expect(executing(stage)).toHaveLength(1);
  });

  it("says that a change waits for a restart, and starts with it the next time", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    stage.patch("XenDomain", at("vm"), { spec: { memory: "256Mi" } });
    await eventually(stage, () => word(stage, "XenDomain", "vm", "PendingRestart"), "True/SpecChanged");
    stage.rack.xen.shutDown("vm", "poweroff");
    await stage.advance(minutes(1));
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(word(stage, "XenDomain", "vm", "PendingRestart")).toBe("False/UpToDate");
  });
});

describe("a domain that is deleted", () => {
  for (const deletionPolicy of ["Retain", "Delete"] as const)
    it(`is shut down; with ${deletionPolicy} its image ${deletionPolicy === "Delete" ? "goes too" : "stays"}`, async () => {
      const stage = room([xenDomain("vm", nodes, { deletionPolicy })]);
      await eventually(stage, () => ready(stage), "True/Ready");
      stage.delete("XenDomain", at("vm"));
      await eventually(stage, () => stage.find("XenDomain", at("vm")), undefined);
      expect(executing(stage)).toEqual([]);
      const kind = stage.rack.backingOf("bella", "/srv/xen/vm.img").kind;
      expect(kind).toBe(deletionPolicy === "Delete" ? "Missing" : "File");
    });

  it("waits for a guest that does not listen, and names it", async () => {
    const stage = room([xenDomain("vm", nodes, { shutdown: { timeoutSeconds: 60 } })]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const [domain] = nodes.flatMap((host) => stage.rack.xen.domains(host));
    stage.rack.xen.setGuest(domain?.configuration.uuid ?? "", { shutdown: "Ignores" });
    stage.delete("XenDomain", at("vm"));
    await eventually(stage, () => word(stage, "XenDomain", "vm", "DeletionBlocked"), "True/ShutdownTimedOut");
    expect(executing(stage)).toHaveLength(1);
    stage.patch("XenDomain", at("vm"), { spec: { shutdown: { onTimeout: "Destroy" } } });
    await eventually(stage, () => stage.find("XenDomain", at("vm")), undefined);
  });
});

describe("a guest that ignores a shutdown, with onTimeout Destroy", () => {
  const deaf = async () => {
    const stage = room([xenDomain("vm", nodes, { shutdown: { timeoutSeconds: 120, onTimeout: "Destroy" } })]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const [domain] = nodes.flatMap((host) => stage.rack.xen.domains(host));
    stage.rack.xen.setGuest(domain?.configuration.uuid ?? "", { shutdown: "Ignores" });
    return stage;
  };
  const annotate = (stage: Stage, paused: string | null) =>
    stage.patch("XenDomain", at("vm"), { metadata: { annotations: { "xensan.dev/paused": paused } } });

  it("has its time from when it was asked, not from a deletion that was paused", async () => {
    const stage = await deaf();
    annotate(stage, "true");
    stage.delete("XenDomain", at("vm"));
    await stage.advance(minutes(10));
    expect(status(stage, "XenDomain", "vm").shutdownTime).toBeUndefined();
    annotate(stage, null);
    await stage.advance(minutes(1.9));
    expect(executing(stage)).toHaveLength(1);
    await eventually(stage, () => stage.find("XenDomain", at("vm")), undefined, 2);
  });

  it("has its time anew after a restart of the operator: the time in the status may come from a backup", async () => {
    const stage = await deaf();
    stage.patch("XenDomain", at("vm"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => running(stage), "True/Stopping");
    stage.life.end();
    await stage.advance(minutes(60));
    stage.startOperator();
    await stage.advance(minutes(1.9));
    expect(executing(stage)).toHaveLength(1);
    await eventually(stage, () => executing(stage), [], 2);
  });
});

describe("two domains that want the same image", () => {
  it("the older has it, the newer says so and is not started", async () => {
    const stage = room([xenDomain("vm", nodes)]);
    await eventually(stage, () => ready(stage), "True/Ready");
    const disks = [
      { device: "xvda", filesystemRef: { clusterRef: { name: "xen" }, label: "data" }, path: "vm.img", size: "64Mi" },
    ];
    stage.apply(xenDomain("thief", nodes, { disks }));
    await eventually(stage, () => ready(stage, "thief"), "False/DomainTaken");
    await stage.advance(minutes(5));
    expect(executing(stage)).toHaveLength(1);
  });
});

describe("a UUID that somebody in another namespace wrote into an object", () => {
  it("takes the domain from nobody while that object has never run", async () => {
    const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
    const stage = room([]);
    const squatter = xenDomain("squatter", ["nope"], { uuid });
    stage.apply({ ...squatter, metadata: { namespace: "elsewhere", name: "squatter" } });
    await stage.advance(minutes(1));
    stage.apply(xenDomain("vm", nodes, { uuid }));
    await eventually(stage, () => ready(stage), "True/Ready");
    expect(executing(stage)).toHaveLength(1);
  });
});

describe("domains that are paused while they are being started", () => {
  it("take no turn from others", async () => {
    const small = { memory: "64Mi" };
    const stage = room([xenDomain("one", ["bella"], small), xenDomain("two", ["bella"], small)]);
    let begun = 0;
    stage.rack.subscribe((event) => {
      if (event.kind === "CommandBegun" && event.script === "start-domain") begun += 1;
    });
    await eventually(stage, () => begun, 2);
    for (const name of ["one", "two"])
      stage.patch("XenDomain", at(name), { metadata: { annotations: { "xensan.dev/paused": "true" } } });
    await eventually(stage, () => executing(stage).sort(), ["bella one", "bella two"], 5);
    stage.apply(xenDomain("three", ["bella"], small));
    await eventually(stage, () => ready(stage, "three"), "True/Ready");
  });
});
