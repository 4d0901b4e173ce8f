import type { Manifest } from "../../../src/cli/manifests.ts";
import type { Words } from "../scenario.ts";

/** An object of ours in the tutorial's namespace. */
export const object = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind,
  metadata: { name, namespace: "san" },
  ...{ spec },
});

/** A manifest of the tutorial with other fields in its spec. */
export async function tutorial({ examples }: Words, kind: string, name: string, change: object): Promise<Manifest> {
  const found = (await examples("tutorial")).find(
    (manifest) => manifest.kind === kind && manifest.metadata.name === name,
  );
  if (found === undefined) throw new Error(`the tutorial has no ${kind} ${name}`);
  return { ...found, ...{ spec: { ...specOf(found), ...change } } };
}

/** The tutorial's domain under another name, with a copy of the template as its disk, which holds a pattern. */
export async function guest(words: Words, name: string): Promise<Manifest> {
  const disk = { device: "xvda", filesystemRef: { clusterRef: { name: "xen" }, label: "data" } };
  const disks = [{ ...disk, path: `${name}.img`, size: "64Mi", sourcePath: "templates/guest.img" }];
  const domain = await tutorial(words, "XenDomain", "vm-test", { disks });
  return { ...domain, metadata: { ...domain.metadata, name } };
}

/** The spec of a manifest; empty where it has none. */
export const specOf = (manifest: Manifest): object =>
  "spec" in manifest && typeof manifest.spec === "object" && manifest.spec !== null ? manifest.spec : {};

/** The tutorial's dom0s without Xen: no peer could answer, so relocation is disabled. */
export const plainHosts = (words: Words): Promise<Manifest[]> =>
  Promise.all(
    ["bella", "brutus"].map((host) => tutorial(words, "XenHost", host, { relocation: { mode: "Disabled" } })),
  );

/** A logical volume of the SAN server's volume group, seen by both dom0s. */
export const logicalVolume = (name: string, slot: number, size: string): Manifest =>
  object("AoeVolume", name, {
    serverRef: { name: "san" },
    ...{ shelf: 0, slot },
    backing: { logicalVolume: { volumeGroup: "san", name, size } },
    sync: "Enabled",
    clientRefs: [{ name: "bella" }, { name: "brutus" }],
    deletionPolicy: "Delete",
  });

/** The SAN server, which may export its logical volumes too. */
export const serverOfVolumes = (words: Words): Promise<Manifest> =>
  tutorial(words, "AoeServer", "san", { allowedBackings: ["/dev/vdb", "/srv/aoe/*.img", "san/*"] });

/** A small file system on a volume of the same name. */
export const filesystem = (label: string) => ({
  label,
  volumeRef: { name: label },
  mountPoint: `/srv/${label}`,
  nodeSlots: 2,
  journalSize: "8Mi",
});
