import { expect, it } from "vitest";
import { discover, prepareInitiator, probe, revalidate } from "../../../src/host/actions.ts";
import { twins } from "./bench.ts";

const e01 = { shelf: 0, slot: 1 };
const mib = 2 ** 20;

twins(
  ["prepare-initiator", "discover", "revalidate"],
  "a client of the SAN",
  (dom0) => {
    const prepare = (...interfaces: string[]) => dom0.act(prepareInitiator({ interfaces }));
    const find = () => dom0.act(discover({ targets: [e01], waitSeconds: 1 }));
    const again = () => dom0.act(revalidate({ ...e01, expectBytes: 64 * mib }));

    it("says which target does not answer", async () => {
      await prepare("eth1");
      expect(await find()).toMatchObject({ kind: "refused", reason: "TargetMissing" });
      expect(await again()).toMatchObject({ kind: "refused", reason: "TargetMissing" });
      dom0.aoeDevice("e0.1", "down", 64 * mib);
      expect(await again()).toMatchObject({ kind: "refused", reason: "TargetMissing" });
    });

    it("reads the size of a target anew", async () => {
      await prepare("eth1");
      dom0.aoeDevice("e0.1", "up", 64 * mib);
      expect(await find()).toEqual({ kind: "done", detail: "found" });
      expect(await again()).toEqual({ kind: "done", detail: `bytes ${64 * mib}` });
    });

    it.each(["Server", "Client"] as const)("hears who answers on the segments of a %s", async (role) => {
      dom0.served("e0.1", 64 * mib);
      const request = probe({ roles: [role], segments: ["eth1"], backings: [] });
      expect(await dom0.look(request, ["responders"])).toBe("responders\teth1\t0.1\t\nend\tresponders\tknown\t0\t\n");
    });

    it("hears so many answers, and says that there are more", async () => {
      dom0.served("e0.1", 64 * mib);
      dom0.flood("e0.1", 2000);
      const told = await dom0.look(probe({ roles: ["Client"], segments: ["eth1"], backings: [] }), ["responders"]);
      const heard = "responders\teth1\t0.1\t\n".repeat(1024);
      const more = "responders\t?\taoecfg heard more than 1024 answers or 262144 bytes\teth1\n";
      expect(told).toBe(`${heard}${more}end\tresponders\tknown\t0\t\n`);
    });

    it("hears on one interface what it does not hear on another", async () => {
      dom0.served("e0.1", 64 * mib);
      const request = probe({ roles: ["Client"], segments: ["eth1", "eth9"], backings: [] });
      const told = await dom0.look(request, ["responders"]);
      const silent = "responders\t?\taoecfg: bind funky: No such device\teth9\n";
      expect(told).toBe(`responders\teth1\t0.1\t\n${silent}end\tresponders\tknown\t0\t\n`);
    });
  },
  { packages: ["aoetools"] },
);

twins(
  ["prepare-initiator", "discover", "revalidate"],
  "a client without the driver",
  (dom0) => {
    it("is prepared once, for now and for the next boot", async () => {
      const prepare = (...interfaces: string[]) => dom0.act(prepareInitiator({ interfaces }));
      const missing = { kind: "refused", reason: "ModuleMissing" };
      expect(await dom0.act(discover({ targets: [e01], waitSeconds: 1 }))).toMatchObject(missing);
      expect(await dom0.act(revalidate({ ...e01, expectBytes: mib }))).toMatchObject(missing);
      expect(await prepare("eth1")).toEqual({ kind: "done", detail: "prepared" });
      expect(await prepare("eth1")).toEqual({ kind: "done", detail: "unchanged" });
      expect(await prepare("eth9")).toMatchObject({ kind: "refused", reason: "InterfaceMissing" });
    });
  },
  { toolstack: "none" },
);
