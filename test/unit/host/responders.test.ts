import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

describe.each(shells)("who answers on a segment, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
  });
  afterEach(() => dom0.end());
  const look = () => {
    const { stdout } = dom0.run(probe({ roles: ["Client"], segments: ["eth1", "eth2"], backings: [] }));
    const { responders } = parseProbe(stdout);
    if (responders.state !== "known") return responders;
    const { value, unread } = responders;
    const bytes = stdout.replace(/^(?!responders\t).*\n/gm, "").length;
    return { answers: value.length, bytes, unread };
  };
  const cut = { why: "aoecfg heard more than 1024 answers or 262144 bytes", row: "eth1" };

  it("is told as long as it fits: one who floods a segment costs the rest of that segment", () => {
    dom0.program(
      "aoecfg",
      "#!/bin/sh\nprintf '0.2\\t\\n'\n[ $3 = eth2 ] || while printf '0.1\\tx\\n'; do :; done 2>/dev/null\n[ $3 = eth2 ]\n",
    );
    expect(look()).toMatchObject({ answers: 1025, unread: [cut] });
  });

  it("is told up to 256 KiB of each", () => {
    const row = `0.1\t${"\\".repeat(1000)}\n`;
    dom0.write("answers", row.repeat(300));
    dom0.program("aoecfg", `#!/bin/sh\ncat ${dom0.directory}/answers\n`);
    const { bytes, ...rest } = look() as { bytes: number };
    expect(rest).toEqual({ answers: 2 * 65, unread: [cut, { ...cut, row: "eth2" }] });
    expect(bytes).toBeLessThan(2 * 256 * 1024 + 200);
  });

  it("leaves room for the answers on every interface", () => {
    dom0.program("aoecfg", "#!/bin/sh\nwhile printf '0.1\\tx\\n'; do :; done 2>/dev/null\n");
    const segments = Array.from({ length: 16 }, (_, index) => `eth${index}`);
    const { responders } = parseProbe(dom0.run(probe({ roles: ["Client"], segments, backings: [] })).stdout);
    const why = "aoecfg heard more than 250 answers or 65536 bytes";
    expect(responders).toMatchObject({ state: "known", unread: segments.map((row) => ({ why, row })) });
    expect(responders.state === "known" && responders.value.length).toBe(16 * 250);
  });

  it.each([
    ["echo 'send config query: Network is down' >&2; exit 3", "aoecfg: send config query: Network is down"],
    ["exit 3", "aoecfg: exit code 3"],
  ])("is unknown on an interface where aoecfg fails (%s)", (fails, why) => {
    dom0.program("aoecfg", `#!/bin/sh\nprintf '0.2\\t\\n'\n[ $3 = eth2 ] || { ${fails}; }\n`);
    expect(look()).toMatchObject({ answers: 2, unread: [{ why, row: "eth1" }] });
  });
});
