import { describe, expect, it } from "vitest";
import { xenDomainSpecSchema } from "../../../../src/api/xen-domain.ts";
import {
  buildProblem,
  dialectOf,
  isRendered,
  renderConfiguration,
} from "../../../../src/controllers/xen-domain/configuration.ts";

const toolstack = (major: number, minor: number, kind: "xl" | "xm" = "xl") => ({
  kind,
  info: {
    major,
    minor,
    extra: ".1",
    totalMemory: 2047,
    freeMemory: 1000,
    cpus: 1,
    hardwareCapabilities: "",
    virtualisation: [],
  },
});
const kindLine = (version: ReturnType<typeof toolstack>, type: "PV" | "HVM" | "PVH") => {
  const dialect = dialectOf(version);
  if (dialect === undefined) return undefined;
  const boot = type === "HVM" ? {} : { boot: { kernel: "/boot/vmlinuz" } };
  const spec = xenDomainSpecSchema.parse({ hostRefs: [{ name: "bella" }], memory: "128Mi", type, ...boot });
  const { text } = renderConfiguration(
    dialect,
    { name: "vm2", uuid: "37baabc6-98d5-48a2-9634-a38b12e29c45", spec },
    [],
  );
  return text.split("\n").filter((line) => /^(type|builder) =/.test(line));
};

describe("the type of a domain in its configuration", () => {
  it.each([
    [toolstack(4, 1), "PV", ['builder = "generic"']],
    [toolstack(4, 9), "PV", ['builder = "generic"']],
    [toolstack(4, 9), "HVM", ['builder = "hvm"']],
    [toolstack(4, 10), "PV", ['type = "pv"']],
    [toolstack(4, 10), "HVM", ['type = "hvm"']],
    [toolstack(4, 17), "PVH", ['type = "pvh"']],
    [toolstack(5, 0), "PVH", ['type = "pvh"']],
    [toolstack(4, 3, "xm"), "PV", []],
    [toolstack(4, 3, "xm"), "HVM", ['builder = "hvm"']],
  ] as const)("%j %s", (version, type, lines) => {
    expect(kindLine(version, type)).toEqual(lines);
    expect(buildProblem({ type }, version)).toBeUndefined();
  });

  it("is the same domain after a move to a Xen that writes it otherwise", () => {
    const spec = (memory: string) => xenDomainSpecSchema.parse({ hostRefs: [{ name: "bella" }], memory, type: "HVM" });
    const domain = { name: "vm2", uuid: "37baabc6-98d5-48a2-9634-a38b12e29c45", spec: spec("128Mi") };
    const { digest } = renderConfiguration("XlBuilder", domain, []);
    expect(renderConfiguration("Xl", domain, []).digest).not.toBe(digest);
    expect(isRendered(digest, domain, [])).toBe(true);
    expect(isRendered(digest, { ...domain, spec: spec("256Mi") }, [])).toBe(false);
  });

  it("is not guessed while xl does not say of which Xen it is", () => {
    expect(dialectOf({ kind: "xl", info: undefined })).toBeUndefined();
    expect(buildProblem({ type: "PVH" }, { kind: "xl", info: undefined })).toBeUndefined();
  });

  it("is refused where PVH would be built as PV", () => {
    const problem = "spec.type PVH needs xl of Xen 4.10 or newer, and the host has 4.9: PV and HVM would be accepted";
    expect(buildProblem({ type: "PVH" }, toolstack(4, 9))).toBe(problem);
    expect(buildProblem({ type: "PVH" }, toolstack(4, 9, "xm"))).toBe(problem);
    expect(buildProblem({ type: "PVH" }, { kind: "xm", info: undefined })).toBe(
      "spec.type PVH needs xl of Xen 4.10 or newer: PV and HVM would be accepted",
    );
  });

  it("is refused where xm is asked for UEFI", () => {
    const uefi = { type: "HVM", boot: { firmware: "UEFI" } } as const;
    expect(buildProblem(uefi, toolstack(4, 9))).toBeUndefined();
    expect(buildProblem(uefi, toolstack(4, 9, "xm"))).toBe("spec.boot.firmware UEFI needs xl, and the host has xm");
  });
});
