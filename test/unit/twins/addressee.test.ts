import { expect, it } from "vitest";
import { claimMachine } from "../../../src/host/actions.ts";
import { type Addressee, addressed, type Claim } from "../../../src/host/addressee.ts";
import { settleMigration } from "../../../src/host/migration-actions.ts";
import { type TwinBench, twins } from "./bench.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const file = "/var/lib/xensan/claims/XenHost";
const claim = (cluster: string, [namespace, name]: readonly [string, string], kind: Claim["kind"] = "XenHost") =>
  ({ kind, cluster, namespace, name }) as const;

const cases = (dom0: TwinBench) => {
  const settle = (addressee: Addressee) => {
    dom0.domains([7, "vm2--incoming", uuid, "--p---", 0]);
    return dom0.act(
      addressed(settleMigration({ owner: undefined, uuid, name: "vm2", action: "DestroyIncoming" }), addressee),
    );
  };

  it("is another machine: nothing is done", async () => {
    expect(await settle({ machineId: "0123456789abcdef0123456789abcdef" })).toMatchObject({
      kind: "refused",
      reason: "MachineChanged",
    });
    expect(dom0.listed()).toEqual(["vm2--incoming --p---"]);
  });

  it("is claimed by the first that acts, and then only that one acts", async () => {
    const first = { claims: [claim("aaaa", ["san", "bella"])] };
    expect(await settle(first)).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.read(file)).toBe("aaaa san/bella\n");
    expect(await settle(first)).toEqual({ kind: "done", detail: "destroyed" });
    const others = [
      claim("bbbb", ["san", "bella"]),
      claim("aaaa", ["prod", "bella"]),
      claim("bbbb", ["san", "san"], "AoeServer"),
    ];
    for (const other of others) {
      expect(await settle({ claims: [other] })).toEqual({
        kind: "refused",
        reason: "ClaimedElsewhere",
        message: `${file} says that XenHost san/bella of the management cluster aaaa has this machine`,
      });
    }
    expect(dom0.read(file)).toBe("aaaa san/bella\n");
  });

  it("is an AoeServer and a XenHost of one management cluster", async () => {
    const both = [claim("aaaa", ["san", "bella"]), claim("aaaa", ["san", "box"], "AoeServer")];
    expect(await settle({ claims: both })).toEqual({ kind: "done", detail: "destroyed" });
    expect(await settle({ claims: both })).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.read("/var/lib/xensan/claims/AoeServer")).toBe("aaaa san/box\n");
  });

  it("goes to another one only by the name of its holder", async () => {
    dom0.write(file, "aaaa san/bella\n");
    const claims = [claim("bbbb", ["lab", "bella"])];
    expect(await settle({ claims, takes: "aaaa san/brutus" })).toMatchObject({ reason: "ClaimedElsewhere" });
    expect(await settle({ claims, takes: "aaaa san/bella" })).toEqual({ kind: "done", detail: "destroyed" });
    expect(dom0.read(file)).toBe("bbbb lab/bella\n");
    // The same argument again changes nothing.
    expect(await settle({ claims, takes: "aaaa san/bella" })).toEqual({ kind: "done", detail: "destroyed" });
  });
};

twins(["settle-migration"], "the machine that a command is meant for", cases);

twins(["claim-machine"], "a machine to which nothing is to be done", (dom0) => {
  it("is claimed all the same, and by one only", async () => {
    const claims = [claim("aaaa", ["san", "bella"])];
    expect(await dom0.act(addressed(claimMachine(), { claims }))).toEqual({ kind: "done", detail: "claimed" });
    expect(await dom0.act(addressed(claimMachine(), { claims }))).toEqual({ kind: "done", detail: "claimed" });
    expect(dom0.read(file)).toBe("aaaa san/bella\n");
    const other = { claims: [claim("bbbb", ["san", "bella"])] };
    expect(await dom0.act(addressed(claimMachine(), other))).toMatchObject({ reason: "ClaimedElsewhere" });
  });
});
