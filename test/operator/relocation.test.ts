import { describe, expect, it } from "vitest";
import { xenHostSpecSchema } from "../../src/api/xen-host.ts";
import { type ConsolePassword, consolePassword } from "../../src/controllers/xen-host/console-password.ts";
import { planXend } from "../../src/controllers/xen-host/xend.ts";
import type { Toolstack } from "../../src/host/xen-facts.ts";
import type { Secret } from "../../src/runtime/kinds.ts";
import { at, xenHost } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import { commands, eventually, minutes, rig, word } from "./rig.ts";

const nodes = ["bella", "brutus"];

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("dom0s that exchange domains", () => {
  it("open to each other, verify it, and close again when the spec says so", async () => {
    const open = (peer: string) => ({
      relocation: {
        mode: "Enabled",
        address: peer === "brutus" ? "10.98.0.12" : "10.98.0.13",
        allowedSourceHostRefs: [{ name: peer }],
      },
    });
    const stage = rig({
      rack: twoServers,
      objects: [xenHost("bella", 2212, open("brutus")), xenHost("brutus", 2213, open("bella"))],
    });
    for (const name of nodes)
      await eventually(stage, () => word(stage, "XenHost", name, "RelocationReady"), "True/RelocationReady");
    for (const name of nodes) await eventually(stage, () => word(stage, "XenHost", name, "Ready"), "True/Ready");
    const sent = commands(stage);
    await stage.advance(minutes(10));
    expect(sent.filter((line) => !line.endsWith("probe"))).toEqual([]);
    stage.patch("XenHost", at("bella"), { spec: { relocation: { mode: "Disabled" } } });
    await eventually(stage, () => word(stage, "XenHost", "bella", "RelocationReady"), "False/RelocationDisabled");
  });
});

describe("a dom0 of the toolstack of 2010", () => {
  const secret = (password: string) => ({
    ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/basic-auth" },
    metadata: { name: "consoles", namespace: "san" },
    data: { password: base64(password), hosts: base64("brutus, bella") },
  });
  it("gets the password of its consoles, another one when the Secret changes, and nobody hears of it", async () => {
    const heard: string[] = [];
    const rack = twoServers();
    if (rack.hosts.bella !== undefined) rack.hosts.bella.xen = { ...rack.hosts.bella.xen, toolstack: "xm" };
    const relocation = { mode: "Disabled", vncPasswordSecretRef: { name: "consoles" } };
    const stage = rig({
      rack: () => rack,
      objects: [xenHost("bella", 2212, { relocation })],
      log: (line) => heard.push(line),
    });
    const file = () => /^\(vncpasswd .*\)$/m.exec(stage.rack.readFile("bella", "/etc/xen/xend-config.sxp") ?? "")?.[0];
    await eventually(stage, () => word(stage, "XenHost", "bella", "RelocationReady"), "False/SecretNotFound");
    stage.apply(secret("hush-one"));
    await eventually(stage, file, "(vncpasswd 'hush-one')");
    await eventually(stage, () => word(stage, "XenHost", "bella", "RelocationReady"), "False/RelocationDisabled");
    const sent = commands(stage);
    await stage.advance(minutes(10));
    expect(sent.filter((line) => !line.endsWith("probe"))).toEqual([]);
    stage.apply(secret("hush-two"));
    await eventually(stage, file, "(vncpasswd 'hush-two')");
    const events = stage.server.list(stage.server.kindNamed("Event"), {}).items;
    const told = JSON.stringify([heard, stage.find("XenHost", at("bella")), events]);
    expect(told).toContain("xend configured");
    expect(told).not.toContain("hush");
  });
});

describe("the relocation server of xend", () => {
  const { relocation } = xenHostSpecSchema.parse({
    ssh: { host: "192.0.2.1", privateKeySecretRef: { name: "key" } },
    aoe: { interfaces: ["eth1"] },
    relocation: {
      mode: "Enabled",
      address: "192.0.2.1",
      allowedSourceHostRefs: [{ name: "brutus" }],
      dom0MinMemory: "196Mi",
      dom0CPUs: 0,
      networkScript: "network-bridge netdev=eth0",
      vifScript: "vif-bridge",
    },
  });
  const senders = [{ name: "brutus", address: "192.0.2.2", keys: undefined, verified: new Map<string, string>() }];
  const host = (xendConfiguration: ReadonlyMap<string, string>, xendPassword?: string): Toolstack => ({
    kind: "xm",
    dom0: true,
    info: undefined,
    automaticDomains: undefined,
    services: new Map(),
    bridges: [],
    xendConfiguration,
    xendPassword,
  });
  const none = { kind: "None" } as const;
  const bella = { kind: "XenHost", name: "bella" };
  const settings = new Map([
    ["xend-relocation-server", "yes"],
    ["xend-relocation-port", "8002"],
    ["xend-relocation-address", "'192.0.2.1'"],
    ["xend-relocation-hosts-allow", "'^brutus$ ^192[.]0[.]2[.]2$'"],
    ["network-script", "'network-bridge netdev=eth0'"],
    ["vif-script", "'vif-bridge'"],
    ["dom0-min-mem", "196"],
    ["dom0-cpus", "0"],
  ]);

  it("is opened to the peers of allowedSourceHostRefs only", () => {
    const sight = { senders, address: "192.0.2.1" };
    const { steps, condition } = planXend(bella, { relocation }, host(new Map()), sight, none);
    expect(steps.map(({ command }) => command.args)).toEqual([[...settings].map(([key, value]) => `${key}=${value}`)]);
    expect(condition).toMatchObject({ status: "False", reason: "RelocationNotPrepared" });
  });

  it("is left alone when its file says so already", () => {
    const sight = { senders, address: "192.0.2.1" };
    const { steps, condition } = planXend(bella, { relocation }, host(settings), sight, none);
    expect(steps).toEqual([]);
    expect(condition).toMatchObject({ status: "True", reason: "RelocationReady" });
  });

  it("is closed when relocation is disabled", () => {
    const spec = { relocation: { ...relocation, mode: "Disabled" as const } };
    const { steps } = planXend(bella, spec, host(settings), { senders: [], address: "192.0.2.1" }, none);
    expect(steps.map(({ command }) => command.args[0])).toEqual(["xend-relocation-server=no"]);
  });

  describe("and the password of the consoles", () => {
    const sight = { senders, address: "192.0.2.1" };
    const spec = { relocation: { ...relocation, vncPasswordSecretRef: { name: "consoles" } } };
    const secret = (password: string, resourceVersion = "7"): Secret => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "consoles", namespace: "san", uid: "u-1", resourceVersion },
      type: "kubernetes.io/basic-auth",
      data: { password: base64(password), hosts: base64("bella") },
    });
    const found = (password: string, resourceVersion?: string) =>
      consolePassword("bella", spec, () => secret(password, resourceVersion));
    const revisionOf = (password: ConsolePassword) => (password.kind === "Found" ? password.revision : "");

    it("is written once for each revision of its Secret", () => {
      const first = found("hush");
      const written = planXend(bella, spec, host(settings), sight, first);
      expect(written.steps.map(({ command }) => command.args.slice(-2))).toEqual([
        ["vncpasswd='hush'", `vncpasswd-revision=${revisionOf(first)}`],
      ]);
      expect(written.condition).toMatchObject({ status: "False", message: "xend is being configured: vncpasswd" });
      const settled = planXend(bella, spec, host(settings, revisionOf(first)), sight, first);
      expect(settled).toMatchObject({ steps: [], condition: { status: "True" } });
      const changed = planXend(bella, spec, host(settings, revisionOf(first)), sight, found("other", "8"));
      expect(changed.steps).toHaveLength(1);
    });

    it.each([
      [undefined, "lists no hosts"],
      [" ,", "lists no hosts"],
      ["brutus,bella2", "is for other hosts (hosts: brutus, bella2)"],
      ["Hush, \u001b[2J brutus", "is for other hosts (hosts: brutus, …)"],
    ])("is not sent to a host that its Secret does not name: %j", (hosts, words) => {
      const given = secret("hush");
      const data = { ...given.data, hosts: base64(hosts ?? "") };
      const { hosts: _hosts, ...silent } = data;
      expect(consolePassword("bella", spec, () => ({ ...given, data: hosts === undefined ? silent : data }))).toEqual({
        kind: "Problem",
        reason: "CredentialNotForHost",
        message: `spec.relocation.vncPasswordSecretRef: Secret consoles ${words}: its key hosts must list bella (several names are separated by commas)`,
      });
    });

    it.each([
      ["a Secret that is not there", undefined, "SecretNotFound", "Secret consoles does not exist"],
      ["another type", { ...secret("hush"), type: "Opaque" }, "CredentialInvalid", "has type Opaque"],
      ["none", secret(""), "CredentialInvalid", "1 to 8 printable ASCII characters"],
      ["one that VNC would cut", secret("hush-hush"), "CredentialInvalid", "1 to 8 printable ASCII characters"],
      ["one that ends the line", secret("a') (b"), "CredentialInvalid", "without quotes"],
    ])("is refused when it is %s, and the rest is configured", (_what, given, reason, words) => {
      const password = consolePassword("bella", spec, () => given);
      const { steps, condition } = planXend(bella, spec, host(new Map()), sight, password);
      expect(condition).toMatchObject({ status: "False", reason });
      expect(condition.message).toContain(words);
      expect(condition.message).not.toContain("hush-hush");
      expect(steps.map(({ command }) => command.args)).toEqual([
        [...settings].map(([key, value]) => `${key}=${value}`),
      ]);
    });
  });
});
