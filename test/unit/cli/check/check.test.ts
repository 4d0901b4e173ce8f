import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { kubernetesRange } from "../../../../src/api/kubernetes-range.ts";
import { checkHosts } from "../../../../src/cli/check/host-checks.ts";
import { checkPermissions, checkVersion } from "../../../../src/cli/check/kubernetes-checks.ts";
import { readHost } from "../../../../src/cli/entity.ts";
import { defaultMinor, pinnedMinors } from "../../../../src/controlplane/versions.ts";
import { fine, not, type Said, unknown } from "../world.ts";

const text = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");

describe("the range of Kubernetes", () => {
  it("is what the tests run on, and what chart and README say", () => {
    const { oldest, newest } = kubernetesRange;
    expect([pinnedMinors()[0], pinnedMinors().at(-1), defaultMinor]).toEqual([oldest, newest, newest]);
    expect(text("helm/xensan/Chart.yaml")).toContain(`\nkubeVersion: ">=${oldest}.0-0"\n`);
    expect(text("README.md")).toContain(
      `Kubernetes ${oldest} or newer; the tests run on ${newest}, and before a release also on ${oldest}.`,
    );
  });

  it.each([
    ["v1.33.9", "Failed"],
    ["v1.34.0", "Passed"],
    ["v1.37.2", "Passed"],
    ["v1.38.0-alpha.1", "Unknown"],
    ["v1.35.4+k3s1", "Passed"],
    ["2.0", "Unknown"],
  ] as const)("%s: %s", (release, state) => {
    expect(checkVersion("192.0.2.1:6443", release)).toMatchObject({ name: "cluster", state });
  });
});

describe("what the caller may do", () => {
  const askedSchema = z.object({ resourceAttributes: z.object({ verb: z.string(), resource: z.string() }) });
  const may = (allowed: (verb: string, resource: string) => boolean) => ({
    review: async (_kind: unknown, spec: object) => {
      const { verb, resource } = askedSchema.parse(spec).resourceAttributes;
      return { status: { allowed: allowed(verb, resource) } };
    },
  });

  it("is everything", async () => {
    expect(
      await checkPermissions(
        may(() => true),
        "san",
      ),
    ).toMatchObject({ state: "Passed" });
  });

  it("names the roles of the chart that grant what is missing, and no other", async () => {
    expect(
      await checkPermissions(
        may((verb) => verb !== "patch" && verb !== "approve"),
        "san",
      ),
    ).toEqual({
      ...{ name: "permissions", state: "Unknown" },
      message:
        "you have no permission to patch xenmigrations (abort), patch xenhosts (drain, forget), approve xenhosts (forget) in san",
      advice:
        "kubectl -n san create rolebinding xensan-user --clusterrole=xensan-user --user=YOU; kubectl -n san create rolebinding xensan-host-owner --clusterrole=xensan-host-owner --user=YOU",
    });
    expect(
      (
        await checkPermissions(
          may((verb) => verb !== "list"),
          undefined,
        )
      ).advice,
    ).toBe("kubectl create clusterrolebinding xensan-viewer --clusterrole=xensan-viewer --user=YOU");
  });
});

describe("the machines of a namespace", () => {
  const host = (conditions: Readonly<Record<string, Said>>, spec: object = {}) => {
    const said = Object.entries(conditions).map(([type, condition]) => ({
      ...{ type, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 },
      ...condition,
    }));
    const ssh = { host: "192.0.2.2", privateKeySecretRef: { name: "rack-ssh" } };
    return readHost({
      apiVersion: "xensan.dev/v1alpha1",
      kind: "XenHost",
      metadata: { name: "bella", namespace: "san", generation: 1 },
      spec: { ssh, aoe: { interfaces: ["eth1"] }, ...spec },
      status: { lastProbeTime: "2026-01-01T00:00:00Z", conditions: said },
    });
  };
  const advice = "xensan why xenhost/bella -n san";
  const seen = ", seen 2026-01-01T00:00:00Z";

  it.each([
    [host({ Reachable: fine, Ready: fine }), { state: "Passed", message: `answers and is prepared${seen}` }],
    [
      host({ Reachable: not("Unreachable", "SSH connection refused"), Ready: not("NotReachable", "later") }),
      { state: "Failed", message: `Unreachable: SSH connection refused${seen}`, advice },
    ],
    [
      host({ Reachable: fine, Ready: unknown("FactsUnknown", "xl gave no answer") }),
      { state: "Unknown", message: `FactsUnknown: xl gave no answer${seen}`, advice },
    ],
    [host({}), { state: "Unknown", message: "no operator has checked the host yet", advice }],
    [host({ Reachable: fine }, { ssh: {} }), { state: "Failed", message: "its spec is not valid", advice }],
  ])("%#", (machine, expected) => {
    expect(checkHosts([machine])).toMatchObject([{ name: "xenhost/bella", ...expected }]);
  });
});
