import { loadRack, type RackFile, tutorialRack } from "../../src/sim/rack-file.ts";
import { at, type Manifest } from "../simulation/scenarios/objects.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, type RigOptions, rig, word } from "./rig.ts";

/** Stories of the tutorial's rack, with a domain that runs on one of two hosts. */

export const kinds = ["Namespace", "AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain"];
export const dom0s = ["bella", "brutus"] as const;
export const image = "/srv/xen/vm-test.img";
export const tutorialManifests = (): Manifest[] => tutorialObjects(kinds);
export const otherOf = (host: string): string => (host === "bella" ? "brutus" : "bella");

/** The tutorial's rack, with a watchdog of so many seconds on its dom0s. */
export function guarded(seconds: number): RackFile {
  const file = structuredClone(loadRack(tutorialRack));
  for (const host of Object.values(file.hosts))
    if (seconds > 0 && host.roles.includes("dom0")) host.xen.watchdog = seconds;
  return file;
}

/** The rack with everything of the tutorial Ready, or as much of it as is declared. */
export async function ready(options: Partial<RigOptions> = {}): Promise<Stage> {
  const objects = options.objects ?? tutorialManifests();
  const stage = rig({ rack: () => loadRack(tutorialRack), ...options, objects });
  const declared = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  // A domain waits for its file system.
  if (![...declared].some((one) => one.startsWith("Ocfs2Cluster/"))) declared.delete("XenDomain/vm-test");
  const of = (all: readonly string[]) => all.filter((one) => declared.has(one.split(" ")[0] ?? ""));
  await eventually(stage, () => of(readiness(stage)), of(allReady), 15);
  return stage;
}

const readyKinds = [
  ["AoeServer", "san"],
  ["XenHost", "bella"],
  ["XenHost", "brutus"],
  ["AoeVolume", "data"],
  ["AoeVolume", "scratch"],
  ["Ocfs2Cluster", "xen"],
  ["XenDomain", "vm-test"],
] as const;

/** `Kind/name Status/Reason` of the Ready condition of everything that the tutorial declares. */
export const readiness = (stage: Stage): string[] =>
  readyKinds.map(([kind, name]) => `${kind}/${name} ${word(stage, kind, name, "Ready")}`);
export const allReady: string[] = readyKinds.map(([kind, name]) => `${kind}/${name} True/Ready`);

export const domainSays = (stage: Stage, type: string): string => word(stage, "XenDomain", "vm-test", type);

/** Domains by host, `bella vm-test`, with the inode that each has open. */
export function executing(stage: Stage): string[] {
  stage.rack.settle();
  return dom0s.flatMap((host) =>
    stage.rack.xen
      .domains(host)
      .map(({ name, disks }) => `${host} ${name} ${disks.map(({ file }) => `inode ${file?.inode ?? "none"}`).join()}`),
  );
}

/**
 * All data of the rack except notes: disks, logical volumes and files of the SAN with their contents, and the images of
 * the shared file system by inode and size.
 */
export function bytes(stage: Stage): string[] {
  stage.rack.settle();
  const san = stage.rack.host("san");
  const disks = [...san.blocks.values()].map(
    ({ path, sizeBytes, content }) => `${path} ${sizeBytes} ${content.signature} ${content.uuid} ${content.data}`,
  );
  const files = [...san.rootFileSystem.nodes].flatMap(([path, node]) =>
    node.kind === "File" && node.text === undefined ? [`${path} ${node.inode} ${node.sizeBytes}`] : [],
  );
  const shared = [...san.blocks.values()].flatMap(({ content }) =>
    [...(content.ocfs2?.files.nodes ?? [])].flatMap(([path, node]) =>
      node.kind === "File" && node.text === undefined ? [`share ${path} ${node.inode} ${node.sizeBytes}`] : [],
    ),
  );
  return [...disks, ...files, ...shared].sort();
}

/** Deletes an object and leaves everything on the hosts as it is. */
export async function abandon(stage: Stage, kind: string, name: string): Promise<void> {
  stage.patch(kind, at(name), { metadata: { annotations: { "xensan.dev/abandon": name } } });
  stage.delete(kind, at(name));
  await eventually(stage, () => stage.find(kind, at(name)), undefined);
}
