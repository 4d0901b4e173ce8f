import { describe, expect, it } from "vitest";
import { ensureServer } from "../../../../src/controllers/aoe-volume/ensure-server.ts";
import { unreachable } from "../facts.ts";
import { server, volume } from "./observations.ts";

const finding = (exported: "False" | "Unknown", reason: string, message: string) => ({
  conditions: [
    { type: "Exported", status: exported, reason, message },
    { type: "Attached", status: "Unknown", reason, message },
    { type: "Conflicted", status: "Unknown", reason, message },
  ],
  steps: [],
  proceed: false,
});

describe("the server of a volume", () => {
  it("lets the volume go on once it was probed", () => {
    expect(ensureServer(volume())).toEqual({ conditions: [], steps: [], proceed: true });
  });

  it.each([
    [
      { state: "NotFound", name: "san1" },
      finding("False", "ServerNotFound", "AoeServer san1 does not exist in this namespace: create it"),
    ],
    [
      { state: "Invalid", name: "san1", message: "spec.ssh.port must be at most 65535" },
      finding("False", "ServerNotReady", "AoeServer san1 has an invalid spec: spec.ssh.port must be at most 65535"),
    ],
    [
      server({}, { view: unreachable }),
      finding("Unknown", "ServerNotReady", "AoeServer san1 cannot be reached (Unreachable): no route to host"),
    ],
    [server({}, { fresh: false }), finding("Unknown", "Pending", "Waiting for a probe of AoeServer san1")],
    [
      server({}, { trusted: false }),
      finding("Unknown", "Pending", "Waiting for the host key of AoeServer san1 to be recorded"),
    ],
  ] as const)("stops it where it cannot be used: $1.conditions.0.message", (seen, said) => {
    expect(ensureServer(volume({ server: seen }))).toEqual(said);
  });

  it("keeps it on the interfaces of the server", () => {
    const { conditions, steps, proceed } = ensureServer(volume({}, { interface: "eth7" }));
    expect([conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`), steps, proceed]).toEqual([
      [
        "Exported False InterfaceOutsideBounds",
        "Attached False NotExported",
        "Conflicted Unknown InterfaceOutsideBounds",
      ],
      [],
      false,
    ]);
  });
});
