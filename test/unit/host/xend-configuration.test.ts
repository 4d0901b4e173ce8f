import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { configureXend } from "../../../src/host/toolstack-actions.ts";
import { withXendSettings, xendRows } from "../../../src/sim/model/xend.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

const key = "xend-relocation-hosts-allow";
const wanted = "'^10[.]99[.]0[.]12$'";

/** The content of the file, the printed hosts-allow (undefined: none), and the file with the wanted value. */
const cases: readonly (readonly [what: string, text: string, told: string | undefined, after: string])[] = [
  ["one line", `(${key} '')\n`, "''", `(${key} ${wanted})\n`],
  [
    "several lines",
    `(xend-http-server yes)\n(${key}\n   '')\n(dom0-min-mem 196)\n`,
    "''",
    `(xend-http-server yes)\n(${key} ${wanted})\n(dom0-min-mem 196)\n`,
  ],
  ["a line end before its end", `(${key} ''\n)\n# end\n`, "''", `(${key} ${wanted})\n# end\n`],
  ["a line end after the parenthesis", `(\n${key} '')\n`, "''", `(${key} ${wanted})\n`],
  ["a comment inside", `(${key} # everybody (still)\n  '')\n`, "''", `(${key} ${wanted})\n`],
  ["a comment behind it", `  (${key} '') # (everybody)\n`, "''", `  (${key} ${wanted}) # (everybody)\n`],
  ["double quotes", `(${key} "")\n`, '""', `(${key} ${wanted})\n`],
  ["a quoted key", `('${key}' '')\n`, "''", `(${key} ${wanted})\n`],
  ["parentheses in quotes", `(${key} '^(a|b)$ ) (')\n`, "'^(a|b)$ ) ('", `(${key} ${wanted})\n`],
  ["a comment only", `#(${key} '')\n`, undefined, `#(${key} '')\n(${key} ${wanted})\n`],
  ["two of them", `(${key}\n '')\n(a b)\n  (${key} 'x')\n(c d)\n`, "'' 'x'", `(${key} ${wanted})\n(a b)\n(c d)\n`],
  ["two in a line", `(${key} '')(a b) (${key} 'x') # two\n`, "'' 'x'", `(${key} ${wanted})(a b)  # two\n`],
  ["the wanted one twice", `(${key} ${wanted})\n(${key} '')\n`, `${wanted} ''`, `(${key} ${wanted})\n`],
  ["no final line end", `(${key}\n'')`, "''", `(${key} ${wanted})\n`],
  ["line ends of DOS", `(a b)\r\n(${key}\r\n'')\r\n`, "''", `(a b)\r\n(${key} ${wanted})\r\n`],
  ["lists inside of another", `(a (${key} '')\n (b c))\n`, undefined, `(a (${key} '')\n (b c))\n(${key} ${wanted})\n`],
  ["a backslash", `(${key} '^localhost\\\\.x$')\n`, "'^localhost\\\\.x$'", `(${key} ${wanted})\n`],
  ["nothing", "", undefined, `(${key} ${wanted})\n`],
];

describe.each(shells)("xend-config.sxp, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.sh(`rm -f ${dom0.directory}/bin/xl`);
    dom0.program("xm", "#!/bin/sh\nexit 0\n");
    dom0.write("init.d/xend", "#!/bin/sh\nexit 0\n");
    dom0.sh(`chmod 755 ${dom0.directory}/init.d/xend`);
  });
  afterEach(() => dom0.end());
  const settings = [{ key, value: wanted }];
  const told = () => {
    const { toolstack } = parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [] })).stdout);
    if (toolstack.state !== "known") throw new Error(JSON.stringify(toolstack));
    return toolstack.value.xendConfiguration;
  };

  it.each(cases)("with %s is read as xend reads it, and gets the wanted value", (_what, text, value, after) => {
    dom0.write("xen/xend-config.sxp", text);
    expect(told()?.get(key)).toBe(value);
    expect(dom0.act(configureXend({ settings }))).toEqual({ kind: "done", detail: "configured" });
    expect(dom0.read("xen/xend-config.sxp")).toBe(after);
    expect(told()?.get(key)).toBe(wanted);
    expect(dom0.act(configureXend({ settings }))).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("never tells the password, however it is written", () => {
    dom0.write("xen/xend-config.sxp", '(vncpasswd\n  "secret")\n');
    expect(told()).toEqual(new Map([["vncpasswd", "'...'"]]));
  });

  it("in which a list does not end is left as it is", () => {
    const text = `(a b)\n(${key} ''\n(c d)\n`;
    dom0.write("xen/xend-config.sxp", text);
    expect(dom0.act(configureXend({ settings }))).toMatchObject({
      kind: "failed",
      message: expect.stringContaining("the list that begins in line 2 is not closed"),
    });
    expect(dom0.read("xen/xend-config.sxp")).toBe(text);
  });
});

describe("xend-config.sxp of a simulated host", () => {
  it.each(cases)("with %s is read and written in the same way", (_what, text, value, after) => {
    const values = xendRows(text).flatMap(([one, told]) => (one === key ? [told] : []));
    expect(values.length === 0 ? undefined : values.join(" ")).toBe(value);
    expect(withXendSettings(text, new Map([[key, wanted]]))).toBe(after);
  });
});
