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
    const bytes = value.map(({ config }) => config.length + "0.1\t\n".length).reduce((sum, one) => sum + one, 0);
    return { answers: value.length, bytes, unread };
  };
  const cut = { why: "aoecfg heard more than 1024 answers or 256 KiB", row: "eth1" };

  it("is told as long as it fits: one who floods a segment costs the rest of that segment", () => {
    dom0.program(
      "aoecfg",
      "#!/bin/sh\nprintf '0.2\\t\\n'\n[ $3 = eth2 ] || while printf '0.1\\tx\\n'; do :; done 2>/dev/null\n[ $3 = eth2 ]\n",
    );
    expect(look()).toMatchObject({ answers: 1025, unread: [cut] });
  });

  it("is told up to 256 KiB of each", () => {
    const config = "c".repeat(1023);
    dom0.program("aoecfg", `#!/bin/sh\nfor i in $(seq 300); do printf '0.1\\t${config}\\n'; done\n`);
    expect(look()).toEqual({ answers: 510, bytes: 510 * 1028, unread: [cut, { ...cut, row: "eth2" }] });
  });

  it("is unknown where aoecfg fails", () => {
    dom0.program("aoecfg", "#!/bin/sh\nprintf '0.2\\t\\n'\n[ $3 = eth2 ] || { echo down >&2; exit 3; }\n");
    expect(look()).toEqual({ state: "unknown", why: expect.stringMatching(/^eth1: down/) });
  });
});
