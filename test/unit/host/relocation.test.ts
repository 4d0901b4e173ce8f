import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { parseRelocation } from "../../../src/host/parse-relocation.ts";
import { prepareRelocation, verifyRelocation } from "../../../src/host/relocation-actions.ts";
import { configureXend, prepareToolstack } from "../../../src/host/toolstack-actions.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

const keyOf = (letter: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${letter.repeat(44)}`;
const peer = (name: string, last: number) => ({
  name,
  address: `10.99.0.${last}`,
  publicKey: `${keyOf(name.charAt(0).toUpperCase())} made on ${name}`,
  hostKeys: [keyOf("H")],
});
const brutus = peer("brutus", 12);
const cato = peer("cato", 13);

describe("keys that a host reports", () => {
  const told = (...rows: readonly (readonly [string, string])[]) => parseRelocation(rows, () => undefined);

  it("are only those that a peer's command can carry, and few", () => {
    const odd = [
      "foo bar",
      "ssh-dss AAAAB3NzaC1kc3MAAACBAMbdR5mPzNWgYOZZ9VfXGZCQ0vMLEW",
      `ssh-rsa ${"A".repeat(2700)}`,
    ];
    expect(told(...[keyOf("K"), ...odd].map((key) => ["host-key", key] as const)).hostKeys).toEqual([keyOf("K")]);
    expect(told(...Array.from({ length: 4000 }, () => ["host-key", keyOf("K")] as const)).hostKeys).toHaveLength(16);
    expect(told(["key", "foo bar"]).publicKey).toBe("");
  });
});

describe.each(shells)("the channel between hosts, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.domains();
  });
  afterEach(() => dom0.end());
  const prepare = (senders: readonly (typeof brutus)[], receivers: readonly (typeof brutus)[] = []) =>
    dom0.act(prepareRelocation({ senders, receivers }));
  const facts = () => {
    const known = parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [] })).stdout).relocation;
    if (known.state !== "known") throw new Error(JSON.stringify(known));
    return known.value;
  };
  const prepared = { kind: "done", detail: "prepared" };
  const unchanged = { kind: "done", detail: "unchanged" };

  it("has a key of its own, lets in exactly the named peers, and touches no other line", () => {
    const own = "ssh-rsa AAAAB3Nza admin@desk\n# a comment\n";
    dom0.write("root/.ssh/authorized_keys", own);
    expect(prepare([brutus, cato], [brutus])).toEqual(prepared);
    expect(prepare([cato, brutus], [brutus])).toEqual(unchanged);
    const entry = (name: string, last: number, key: string) =>
      `restrict,from="10.99.0.${last}",command="${dom0.directory}/lib/receive-domain" ${keyOf(key)} xensan:${name}\n`;
    expect(dom0.read("root/.ssh/authorized_keys")).toBe(
      `${own}# xensan: peers that may migrate domains to this host\n${entry("brutus", 12, "B")}${entry("cato", 13, "C")}# xensan: end of peers\n`,
    );
    expect(facts()).toMatchObject({
      publicKey: expect.stringMatching(/^ssh-ed25519 AAAA\S+ xensan migration from /),
      peers: [
        { name: "brutus", address: "10.99.0.12", publicKey: keyOf("B") },
        { name: "cato", address: "10.99.0.13", publicKey: keyOf("C") },
      ],
      knownHosts: [{ address: "10.99.0.12", publicKey: keyOf("H") }],
    });
    expect(prepare([])).toEqual(prepared);
    expect(dom0.read("root/.ssh/authorized_keys")).toBe(own);
    expect(facts()).toMatchObject({ peers: [], knownHosts: [] });
  });

  it("takes out what somebody added between its lines, and mends a block that lost its end", () => {
    expect(prepare([brutus])).toEqual(prepared);
    const whole = dom0.read("root/.ssh/authorized_keys");
    dom0.write(
      "root/.ssh/authorized_keys",
      `${whole.replace("# xensan: end of peers\n", "")}ssh-rsa AAAAB3Nza admin@desk\n`,
    );
    expect(facts().peers).toHaveLength(2);
    expect(prepare([brutus])).toEqual(prepared);
    expect(dom0.read("root/.ssh/authorized_keys")).toBe(`ssh-rsa AAAAB3Nza admin@desk\n${whole}`);
    expect(prepare([brutus])).toEqual(unchanged);
  });

  it("keeps its key", () => {
    prepare([]);
    const { publicKey } = facts();
    prepare([brutus]);
    expect(facts().publicKey).toBe(publicKey);
  });

  it.each<[string, string, string, number]>([
    ["brutus: Permission denied (publickey).", "255", "PeerRefuses", 0],
    ["Host key verification failed.", "255", "PeerRefuses", 0],
    ["ssh: connect to host 10.99.0.77 port 22: No route to host", "255", "PeerUnreachable", 0],
    ["this key is for xl migrate-receive only", "126", "PeerRefuses", 0],
  ])("says what is wrong when a peer answers %j", (said, code, reason) => {
    prepare([], [brutus]);
    dom0.program("ssh", `#!/bin/sh\necho '${said}' >&2\nexit ${code}\n`);
    expect(dom0.act(verifyRelocation({ address: "10.99.0.12" }))).toMatchObject({ kind: "refused", reason });
  });

  it("is verified by an answer in the words that were agreed, whatever else is said", () => {
    expect(dom0.act(verifyRelocation({ address: "10.99.0.12" }))).toMatchObject({ reason: "PeerRefuses" });
    prepare([], [brutus]);
    dom0.program("ssh", "#!/bin/sh\necho 'xensan relocation 1 '$(cat /proc/sys/kernel/random/boot_id)\n");
    expect(dom0.act(verifyRelocation({ address: "10.99.0.12" }))).toEqual({ kind: "done", detail: "verified" });
    dom0.program("ssh", "#!/bin/sh\necho Welcome\n");
    expect(dom0.act(verifyRelocation({ address: "10.99.0.12" }))).toMatchObject({ reason: "PeerRefuses" });
  });

  it("receives domains and answers the check, and runs nothing else", () => {
    prepare([brutus]);
    const receive = (command: string) =>
      dom0.sh(`SSH_ORIGINAL_COMMAND='${command}' ${dom0.directory}/lib/receive-domain`);
    expect(receive("xensan verify-relocation").stdout).toMatch(/^xensan relocation 1 [0-9a-f-]{36}\n$/);
    for (const command of ["", "sh", "xl migrate-receive; id", "xl list", "xl migrate-receive -d"]) {
      expect(receive(command)).toMatchObject({ stdout: "", status: 126 });
    }
  });
});

describe.each(shells)("a host that would bring its domains back by itself, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.domains();
  });
  afterEach(() => dom0.end());
  // Debian 12's file without comments.
  const debian = `# what is saved\nXENDOMAINS_MIGRATE=""\nXENDOMAINS_SAVE=/var/lib/xen/save\n# XENDOMAINS_RESTORE\nXENDOMAINS_RESTORE=true\nXENDOMAINS_AUTO=/etc/xen/auto\nXENDOMAINS_STOP_MAXWAIT=300\n`;
  const automatic = () => {
    const known = parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [] })).stdout).toolstack;
    return known.state === "known" ? known.value.automaticDomains : known;
  };

  it("no longer does, and keeps every other line", () => {
    expect(automatic()).toBeUndefined();
    dom0.write("default/xendomains", debian);
    expect(automatic()).toEqual({ save: "/var/lib/xen/save", restore: "true", auto: "/etc/xen/auto" });
    expect(dom0.act(prepareToolstack())).toEqual({ kind: "done", detail: "prepared" });
    expect(dom0.read("default/xendomains")).toBe(
      `# what is saved\nXENDOMAINS_MIGRATE=""\nXENDOMAINS_SAVE=""\n# XENDOMAINS_RESTORE\nXENDOMAINS_RESTORE=""\nXENDOMAINS_AUTO=""\nXENDOMAINS_STOP_MAXWAIT=300\n`,
    );
    expect(automatic()).toEqual({ save: "", restore: "", auto: "" });
    expect(dom0.act(prepareToolstack())).toEqual({ kind: "done", detail: "unchanged" });
  });
});

describe.each(shells)("the configuration of xend, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.program("xm", "#!/bin/sh\nexit 0\n");
    dom0.write("init.d/xend", `#!/bin/sh\necho "xend $1" >>${dom0.directory}/calls\n`);
    dom0.sh(`chmod 755 ${dom0.directory}/init.d/xend`);
  });
  afterEach(() => dom0.end());
  const settings = [
    { key: "xend-relocation-server", value: "yes" },
    { key: "xend-relocation-hosts-allow", value: "'^localhost$ ^10[.]99[.]0[.]12$'" },
    { key: "dom0-min-mem", value: "196" },
  ];

  it("holds the settings, each once, and keeps other lines and comments", () => {
    dom0.write(
      "xen/xend-config.sxp",
      "# -*- sh -*-\n#(xend-relocation-server no)\n(xend-relocation-server no)\n(xend-http-server yes)\n(dom0-min-mem 256)\n  (dom0-min-mem 512)\n",
    );
    expect(dom0.act(configureXend({ settings }))).toEqual({ kind: "done", detail: "configured" });
    expect(dom0.read("xen/xend-config.sxp")).toBe(
      "# -*- sh -*-\n#(xend-relocation-server no)\n(xend-relocation-server yes)\n(xend-http-server yes)\n(dom0-min-mem 196)\n(xend-relocation-hosts-allow '^localhost$ ^10[.]99[.]0[.]12$')\n",
    );
    expect(dom0.act(configureXend({ settings }))).toEqual({ kind: "done", detail: "unchanged" });
    expect(dom0.calls()).toEqual(["xend restart"]);
  });

  it("takes a password, and tells which one it is until somebody else changes the file", () => {
    dom0.sh(`rm -f ${dom0.directory}/bin/xl`);
    dom0.write("xen/xend-config.sxp", "(vncpasswd '')\n");
    const told = () => {
      const { toolstack } = parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [] })).stdout);
      if (toolstack.state !== "known") throw new Error(JSON.stringify(toolstack));
      return [toolstack.value.xendPassword, toolstack.value.xendConfiguration?.get("vncpasswd")];
    };
    expect(told()).toEqual([undefined, "''"]);
    const password = { text: "hu sh$1", revision: "0123456789abcdef" };
    expect(dom0.act(configureXend({ settings, password }))).toEqual({ kind: "done", detail: "configured" });
    expect(dom0.read("xen/xend-config.sxp")).toContain("(vncpasswd 'hu sh$1')\n");
    expect(dom0.read("xen/xend-config.sxp")).not.toContain("revision");
    expect(told()).toEqual([password.revision, "'...'"]);
    // The Secret has the same value in a new revision.
    const again = { text: "hu sh$1", revision: "fedcba9876543210" };
    expect(dom0.act(configureXend({ settings, password: again }))).toEqual({ kind: "done", detail: "unchanged" });
    expect(dom0.calls()).toEqual(["xend restart"]);
    expect(told()).toEqual([again.revision, "'...'"]);
    dom0.sh(`touch -d '+1 minute' ${dom0.directory}/xen/xend-config.sxp`);
    expect(told()).toEqual([undefined, "'...'"]);
  });

  it("is left alone without xm", () => {
    dom0.sh(`rm ${dom0.directory}/bin/xm`);
    expect(dom0.act(configureXend({ settings }))).toMatchObject({ reason: "ToolMissing" });
  });
});
