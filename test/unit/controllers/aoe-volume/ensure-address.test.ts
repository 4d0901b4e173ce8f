import { describe, expect, it } from "vitest";
import { ensureAddress } from "../../../../src/controllers/aoe-volume/ensure-address.ts";
import type { Export } from "../../../../src/host/facts.ts";
import { known } from "../facts.ts";
import { server, volume } from "./observations.ts";

const foreign: Export = {
  ...{ shelf: 0, slot: 1, interface: "eth1", backing: "/srv/other.img", backingIdentity: "file:1:2", recorded: "" },
  ...{ options: [], persistence: "Systemd", instance: "old", owner: "", unitState: "active/running" },
  ...{ pid: 7, runningDiffers: false },
};
const conflict = (reason: string, message: string) => ({
  conditions: [
    { type: "Conflicted", status: "True", reason, message },
    { type: "Exported", status: "False", reason, message },
    { type: "Attached", status: "False", reason, message },
  ],
  steps: [],
  proceed: false,
});
const free = { exports: known([]), responders: known([]), backings: known([]), interfaces: known([]) };

describe("the address of a volume", () => {
  it("is its own where nobody else has it and the server has listened", () => {
    expect(ensureAddress(volume({ server: server(free) }))).toEqual({
      conditions: [
        {
          type: "Conflicted",
          status: "False",
          reason: "NoConflict",
          message: "No other export uses the address or the backing",
        },
      ],
      steps: [],
      proceed: true,
    });
  });

  it("belongs to an older volume that wants the same", () => {
    const rival = { volume: "san/old", over: "Address", what: "e0.1 on segment default" } as const;
    expect(ensureAddress(volume({ server: server(free), rival }))).toEqual(
      conflict(
        "DuplicateAddress",
        "e0.1 on segment default is used by the older AoeVolume san/old: choose another shelf and slot, or delete that volume",
      ),
    );
  });

  it("is taken by an export that xensan did not make", () => {
    expect(ensureAddress(volume({ server: server({ ...free, exports: known([foreign]) }) }))).toEqual(
      conflict(
        "AddressTaken",
        "e0.1 is already served by an export that xensan did not make (e0.1 on eth1, /srv/other.img, vblade@old): choose another shelf and slot, or stop that export and remove its configuration",
      ),
    );
  });

  it("is unknown where the server did not report its exports", () => {
    const exports = { state: "unknown", why: "ps failed" } as const;
    const message = "AoeServer san1 did not report its exports: ps failed";
    expect(ensureAddress(volume({ server: server({ ...free, exports }) }))).toEqual({
      conditions: ["Conflicted", "Exported", "Attached"].map((type) => ({
        ...{ type, status: "Unknown", reason: "FactsUnknown", message },
      })),
      steps: [],
      proceed: false,
    });
  });

  it("is not served before somebody has listened", () => {
    const { conditions, steps, proceed } = ensureAddress(
      volume({ server: server({ ...free, responders: { state: "absent" } }) }),
    );
    expect([conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`), steps, proceed]).toEqual([
      ["Conflicted Unknown AddressUnverified", "Exported False AddressUnverified", "Attached False NotExported"],
      [],
      false,
    ]);
  });
});
