import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { stopDomain } from "../../../src/host/domain-actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

const vm1 = "11111111-2222-3333-4444-555555555555";
const vm2 = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const heading =
  "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label";
const dom0Row =
  "Domain-0                                     0  4096     4     r-----   12617.7 00000000-0000-0000-0000-000000000000        -                -";
const row = (name: string, rest: string) => `${name.padEnd(40)} ${rest}        -                -`;
const alive = row("vm1", `  21   128     1     -b----       3.1 ${vm1}`);
const live = { id: 21, name: "vm1", uuid: vm1, memory: 128, vcpus: 1, state: "b", shutdownReason: "-", seconds: 3.1 };

describe.each(shells)("xl list, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
  });
  afterEach(() => dom0.end());
  const xl = (stdout: readonly string[], stderr = "", code = 0) => {
    dom0.write("stdout", stdout.map((line) => `${line}\n`).join(""));
    dom0.write("stderr", stderr);
    dom0.program(
      "xl",
      `#!/bin/sh\n[ "$1" = list ] || exit 1\ncat '${dom0.directory}/stdout'\ncat '${dom0.directory}/stderr' >&2\nexit ${code}\n`,
    );
  };
  const domains = () => parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [] })).stdout).domains;

  it.each([
    ["libxl: warning: libxl_dom.c:123:foo: something harmless"],
    ["libxl: error: libxl_utils.c:820:libxl_cpu_bitmap_alloc: failed to retrieve the maximum number of cpus"],
    ["Failed to read config file: /etc/xen/xl.conf: No such file or directory"],
    ["the global config option vifscript is deprecated, please switch to vif.default.script"],
    ["WARNING: xend seems to be running. This may cause problems"],
  ])("is what stdout says, whatever stderr adds: %s", (said) => {
    xl([heading, dom0Row, alive], `${said}\n`);
    expect(domains()).toEqual({ state: "known", value: { domains: [live], processes: [] } });
  });

  it("is read past words before its heading", () => {
    xl(["Parsing config from /etc/xen/foo", heading, dom0Row, alive]);
    expect(domains()).toEqual({ state: "known", value: { domains: [live], processes: [] } });
  });

  it("has names with blanks and of any length, security labels, reasons and stub domains", () => {
    xl([
      heading,
      dom0Row.replace(/-$/, "system_u:system_r:dom0_t"),
      row("a name with blanks", `  23     1     1     -b----       5.0 ${vm1}`).replace(
        /-$/,
        "system_u:system_r:domU_t",
      ),
      row(
        "averyveryverylongnamethatgoesbeyondfortycharacters-web01.example.org",
        `123456 1234567   128     -b----  123456789.1 ${vm2}`,
      ),
      row("hvm1-dm", "   5   112     1     ---sc-       1.0 44444444-2222-3333-4444-555555555555").replace(
        /-( +-)$/,
        "3$1",
      ),
    ]);
    const fact = domains();
    expect(fact.state === "known" && fact.value.domains.map(({ id, name, state }) => [id, name, state])).toEqual([
      [23, "a name with blanks", "b"],
      [123456, "averyveryverylongnamethatgoesbeyondfortycharacters-web01.example.org", "b"],
      [5, "hvm1-dm", "s"],
    ]);
  });

  it("shows what is left of a domain as that, never as a copy, and the live one beside it", () => {
    xl([heading, dom0Row, row("(null)", `  18     0     2     --p--d      30.1 ${vm1}`), alive]);
    const remains = [{ ...live, id: 18, name: "(null)", memory: 0, vcpus: 2, state: "pd", seconds: 30.1 }];
    expect(domains()).toEqual({ state: "known", value: { domains: [live], remains, processes: [] } });
  });

  it("loses a row that it does not understand, and tells which", () => {
    xl([heading, dom0Row, `vm2 nonsense ${vm2}`, alive]);
    expect(domains()).toEqual({
      state: "known",
      value: { domains: [live], processes: [] },
      unread: [{ why: "not a row of a list of domains", row: expect.stringContaining(`vm2 nonsense ${vm2}`) }],
    });
  });

  it.each([
    ["without Domain-0", [heading, alive], 0],
    ["without its heading", [dom0Row, alive], 0],
    ["that failed", [heading, dom0Row, alive], 1],
  ])("is none %s", (_what, lines, code) => {
    xl(lines, "libxl: error: cannot open libxc handle\n", code);
    expect(domains()).toEqual({ state: "unknown", why: "libxl: error: cannot open libxc handle" });
  });

  const stop = { owner: undefined, uuid: vm1, how: "Shutdown", waitSeconds: 0 } as const;

  it("lets a domain that died count as stopped, however long something of it stays", { timeout: 60_000 }, () => {
    dom0.domains([18, "(null)", vm1, "--p--d", 30.1]);
    expect(dom0.act(stopDomain(stop))).toEqual({ kind: "done", detail: "absent" });
  });

  it("with a row that may be the domain lets nobody act on it", () => {
    xl([heading, dom0Row, "garbage of a broken tool"]);
    expect(dom0.act(stopDomain(stop))).toMatchObject({ kind: "failed", message: expect.stringContaining("garbage") });
  });
});
