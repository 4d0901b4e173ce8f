import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { K8s, kind } from "kubernetes-fluent-client";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { AoeServer, AoeVolume, apiVersion, XenHost, XenMigration } from "../../../src/api/index.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { tool } from "../tools.ts";

const namespace = "api-served";
const kubectl = (...args: string[]) => tool("kubectl", inject("kubeconfigPath"), args);

const volume = (name: string, slot: number) => ({
  metadata: { name, namespace },
  spec: { serverRef: { name: "san" }, shelf: 0, slot, backing: { device: "/dev/vdb" } },
});

const exported = {
  type: "Exported",
  status: "True",
  reason: "Exported",
  message: "vblade serves /dev/vdb",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

/** Like the operator: server-side apply to the status. */
async function applyStatus(name: string, status: unknown): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "xensan-api-"));
  const file = join(directory, "object.json");
  await writeFile(file, JSON.stringify({ apiVersion, kind: "AoeVolume", metadata: { name, namespace }, status }));
  await kubectl(
    ...["apply", "--server-side", "--subresource=status", "--field-manager=xensan", "--force-conflicts"],
    ...["--validate=false", "-f", file],
  );
  await rm(directory, { recursive: true });
}

beforeAll(async () => {
  process.env.KUBECONFIG = inject("kubeconfigPath");
  await K8s(kind.Namespace).Apply({ metadata: { name: namespace } });
});

describe("the API on a real API server", () => {
  it("has every condition Unknown/Pending before the operator has seen an object", async () => {
    await K8s(AoeVolume).Apply(volume("fresh", 1));
    const { status } = await K8s(AoeVolume).InNamespace(namespace).Get("fresh");
    expect(status).toEqual({
      conditions: ["Exported", "Attached", "Conflicted", "Ready"].map((type) => ({
        type,
        status: "Unknown",
        lastTransitionTime: "1970-01-01T00:00:00Z",
        reason: "Pending",
        message: "Waiting for the operator",
      })),
    });
  });

  it("keeps the other conditions when a status names one of them", async () => {
    await K8s(AoeVolume).Apply(volume("judged", 2));
    await applyStatus("judged", { target: "e0.2", conditions: [exported] });
    const { status } = await K8s(AoeVolume).InNamespace(namespace).Get("judged");
    expect(status?.target).toBe("e0.2");
    expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ["Exported", "Exported"],
      ["Attached", "Pending"],
      ["Conflicted", "Pending"],
      ["Ready", "Pending"],
    ]);
  });

  it("lets a status take back the last entry of a list and the last field of an object", async () => {
    await K8s(AoeVolume).Apply(volume("emptied", 4));
    const clients = [{ hostRef: { name: "bella" }, state: "Attached" }];
    await applyStatus("emptied", { conditions: [exported], clients, server: { run: "17" } });
    await applyStatus("emptied", { conditions: [exported], clients: [] });
    const { status } = await K8s(AoeVolume).InNamespace(namespace).Get("emptied");
    expect([status?.clients, status?.server]).toEqual([[], undefined]);
  });

  it("refuses an empty message, and says where", async () => {
    await K8s(AoeVolume).Apply(volume("silent", 3));
    await expect(applyStatus("silent", { conditions: [{ ...exported, message: "" }] })).rejects.toThrow(
      'status.conditions[0].message: Invalid value: "": conditions[0].message in body should be at least 1 chars long',
    );
  });

  it("fills in the defaults, down to objects that were left out", async () => {
    const ssh = { host: "bella.example", privateKeySecretRef: { name: "rack-ssh" } };
    await K8s(XenHost).Apply({
      metadata: { name: "bella", namespace },
      spec: { ssh, aoe: { interfaces: ["eth1"] } },
    });
    const { spec } = await K8s(XenHost).InNamespace(namespace).Get("bella");
    expect(spec).toEqual({
      ssh: { ...ssh, port: 22, user: "root", hostKeyPolicy: "Pinned", become: "None" },
      aoe: { interfaces: ["eth1"] },
      toolstack: "Auto",
      management: "Manage",
      packages: "Manage",
      allowed: {
        mountPoints: ["/mnt/*", "/srv/*"],
        mountOptions: [],
        bridges: [],
        bootFiles: ["/boot/initrd.img-*", "/boot/vmlinuz-*"],
        settings: [],
        domains: [],
        images: [],
      },
      relocation: { mode: "Disabled", port: 8002, allowedSourceHostRefs: [] },
      maintenance: "None",
    });
  });

  it("refuses what a schema without CEL can refuse", async () => {
    await expect(K8s(AoeVolume).Apply(volume("too-high", 255))).rejects.toMatchObject({
      data: { message: expect.stringContaining("spec.slot") },
    });
    await expect(
      K8s(AoeServer).Apply({
        metadata: { name: "san", namespace },
        spec: {
          ssh: { host: "san.example", privateKeySecretRef: { name: "rack-ssh" } },
          interfaces: [{ name: "eth1" }],
          allowedBackings: ["/dev/vdb", "/dev/vdb"],
        },
      }),
    ).rejects.toMatchObject({
      data: { message: expect.stringContaining(".spec.allowedBackings: duplicate entries for key") },
    });
  });

  it.each(Object.values(definitions))("prints $kind by its short name, plural and category", async (definition) => {
    const columns = definition.columns.filter(({ priority }) => priority === undefined).map(({ name }) => name);
    await kubectl("get", definition.shortName, "-n", namespace);
    await kubectl("get", "xensan", "-n", namespace);
    const json = await kubectl("get", "crd", `${definition.plural}.xensan.dev`, "-o", "json");
    expect(columns.every((name) => json.includes(`"name": "${name}"`))).toBe(true);
  });

  it("takes a size as Kubernetes writes it, and compares what it is worth", async () => {
    const sized = (size: string | number) => ({
      metadata: { name: "sized", namespace },
      spec: { serverRef: { name: "san" }, shelf: 0, slot: 9, backing: { file: { path: "/srv/aoe/sized.img", size } } },
    });
    const sizes = ["1073741824", "1e9", "0.5Gi", 536870912, "1.5Gi", 1610612736, "2Gi", "2Gi"];
    const taken: unknown[] = [];
    for (const size of sizes) {
      const written = await K8s(AoeVolume)
        .Apply(sized(size), { force: true })
        .then(
          ({ spec }) => spec?.backing.file?.size,
          (error: { data?: { message?: string } }) => /must[^.]*/.exec(error.data?.message ?? "")?.[0],
        );
      taken.push(written);
    }
    const shrinks = "must not shrink: the data beyond the new size would be lost";
    expect(taken).toEqual(["1073741824", shrinks, shrinks, shrinks, "1.5Gi", 1610612736, "2Gi", "2Gi"]);
  });

  it("has no two columns of which one is always empty", async () => {
    const to = { targetHostRef: { name: "brutus" } };
    const source = { sourceHostRef: { name: "bella" } };
    const specs = { named: { domain: "vm", ...to }, referred: { domainRef: { name: "vm" }, ...source, ...to } };
    for (const [name, spec] of Object.entries(specs))
      await K8s(XenMigration).Apply({ metadata: { name, namespace }, spec });
    const lines = (await kubectl("get", "xmig", "-n", namespace, "--no-headers")).trim().split("\n");
    expect(lines.map((line) => line.split(/\s+/).slice(0, 4))).toEqual([
      ["named", "vm", "brutus", "Unknown"],
      ["referred", "vm", "bella", "brutus"],
    ]);
  });

  it("explains its fields to kubectl explain", async () => {
    expect(await kubectl("explain", "aoevolume.spec.shelf")).toContain("AoE shelf (major) address");
  });
});
