import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { interfaceProblem } from "../../../src/controllers/hosts/aoe-ready.ts";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

describe.each(shells)("a network interface of a bridge or bond, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
  });
  afterEach(() => dom0.end());
  const facts = () => {
    const command = probe({ roles: ["Server"], backings: [], segments: [] });
    const text = command.script.text.replaceAll("/sys/class/net", `${dom0.directory}/net`);
    return parseProbe(dom0.run({ ...command, script: { ...command.script, text } }).stdout);
  };
  const nic = (name: string, master?: string) => {
    dom0.write(`net/${name}/address`, "52:54:00:99:01:10\n");
    dom0.write(`net/${name}/mtu`, "1500\n");
    dom0.write(`net/${name}/flags`, "0x1003\n");
    dom0.write(`net/${name}/carrier`, "1\n");
    if (master !== undefined) dom0.sh(`ln -s ../${master} ${dom0.directory}/net/${name}/master`);
  };

  it.each([
    ["br0", "bridge", "network interface eth1 is a port of br0 and receives no AoE frames: use br0"],
    ["bond0", "bonding", "network interface eth1 is a port of bond0 and receives no AoE frames: use bond0"],
    [
      "ovs-system",
      "none",
      "network interface eth1 is a port of Open vSwitch and receives no AoE frames: use its bridge",
    ],
  ])("%s is said to be deaf, and what it is a port of is not", (master, kind, message) => {
    nic("eth1", master);
    nic(master);
    dom0.sh(`mkdir ${dom0.directory}/net/${master}/${kind}`);
    const about = { mac: "52:54:00:99:01:10", mtu: 1500, adminUp: true, carrier: true };
    const known = facts();
    expect(known.interfaces).toEqual({
      state: "known",
      value: [
        { name: "eth1", ...about, master },
        { name: master, ...about },
      ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    });
    expect(interfaceProblem(known, "eth1")).toEqual({ reason: "InterfaceIsPort", message });
    expect(interfaceProblem(known, master)).toBeUndefined();
  });

  it("of a VRF hears all that arrives", () => {
    nic("eth1", "vrf1");
    nic("vrf1");
    expect(interfaceProblem(facts(), "eth1")).toBeUndefined();
  });
});
