import { describe, expect, it, onTestFinished } from "vitest";
import { overwrite } from "../../src/sim/model/content.ts";
import { anotherManagement, type Management } from "../simulation/management.ts";
import {
  aoeServer,
  aoeVolume,
  at,
  device,
  file,
  keySecret,
  type Manifest,
  ocfs2Cluster,
  xenHost,
} from "../simulation/scenarios/objects.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import { conditionOf, type Stage } from "../simulation/stage.ts";
import type { Backup } from "../simulation/world/kube/api-server.ts";
import { objectAt } from "../simulation/world/kube/json.ts";
import { seeded } from "../simulation/world/random.ts";
import {
  abandon,
  allReady,
  bytes,
  dom0s,
  domainSays,
  executing,
  image,
  kinds,
  otherOf,
  readiness,
  ready,
  tutorialManifests,
} from "./rack-story.ts";
import {
  commands,
  domainHost,
  eventually,
  exportsOf,
  message,
  minutes,
  rig,
  status,
  volumeReady,
  word,
} from "./rig.ts";

/** The management cluster is lost; another operator starts on the backup. */
function restore(stage: Stage, backup: Backup): void {
  stage.life.end();
  stage.server.restore(backup);
  stage.startOperator();
}

/** As a restore by Velero: the objects come back with new uids and without status, in this order and at these times. */
function recreate(stage: Stage, manifests: readonly Manifest[], delay: (index: number) => number = () => 0): void {
  stage.life.end();
  stage.server.restore(new Map());
  stage.apply(keySecret);
  manifests.forEach((object, index) => {
    const wait = delay(index);
    if (wait === 0) stage.apply(object);
    else stage.clock.after(wait, () => stage.apply(object));
  });
  stage.startOperator();
}

const acting = (sent: readonly string[]) => sent.filter((one) => !one.endsWith(" probe"));
const migration = (name: string, target: string, rest: object = {}): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: at(name),
  spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: target }, ...rest },
});
const home = (stage: Stage) => executing(stage)[0]?.split(" ")[0] ?? "";
const stays = async (stage: Stage, time = minutes(15)) => {
  const before = [executing(stage), bytes(stage)];
  await stage.advance(time);
  expect([executing(stage), bytes(stage)]).toEqual(before);
};

describe("a XenHost that is applied later than the rest", () => {
  it("is taken for alive while another node hears it: its domain is started nowhere else", async () => {
    const stage = await ready();
    const host = home(stage);
    const { uuid = "" } = stage.rack.xen.domains(host)[0]?.configuration ?? {};
    // As of a domain that a person started.
    stage.rack.removeFile(host, `/srv/xen/.xensan/${uuid}.lock`);
    const late = (one: Manifest) => one.kind === "XenHost" && one.metadata.name === host;
    const sent = commands(stage);
    recreate(
      stage,
      tutorialManifests().filter((one) => !late(one)),
    );
    await eventually(stage, () => domainSays(stage, "Running"), "Unknown/HostUnknown");
    await stays(stage);
    expect(domainSays(stage, "Running")).toBe("Unknown/HostUnknown");
    expect(message(stage, "XenDomain", "vm-test", "Running")).toMatch(
      new RegExp(`XenHost ${host} does not exist, and XenHost ${otherOf(host)} sees the heartbeat of node \\d`),
    );
    expect(sent.filter((one) => one.endsWith(" start-domain"))).toEqual([]);
    for (const object of tutorialManifests().filter(late)) stage.apply(object);
    await eventually(stage, () => readiness(stage), allReady, 15);
    expect(home(stage)).toBe(host);
  });
});

describe("an etcd of yesterday", () => {
  it("finds a domain where it has moved to since, and leaves it there", async () => {
    const stage = await ready();
    const yesterday = stage.server.backup();
    const target = otherOf(home(stage));
    stage.apply(migration("move", target));
    await eventually(stage, () => word(stage, "XenMigration", "move", "Succeeded"), "True/Succeeded");
    const before = [executing(stage), bytes(stage)];
    restore(stage, yesterday);
    await stage.advance(minutes(15));
    expect([readiness(stage), [executing(stage), bytes(stage)]]).toEqual([allReady, before]);
    expect([home(stage), domainHost(stage, "vm-test")]).toEqual([target, target]);
  });

  it.each([
    ["whose time is over", 600, "TimeLimitExceeded"],
    ["whose time lasts", 3600, "DomainRestarted"],
  ])("of the middle of an offline migration that ended since, and %s, stops nothing", async (_how, seconds, reason) => {
    const stage = await ready();
    const [source, target] = [home(stage), otherOf(home(stage))];
    stage.apply(migration("move", target, { mode: "Offline", timeoutSeconds: seconds }));
    const stageOf = () => objectAt(objectAt(stage.find("XenMigration", at("move")) ?? {}, "status"), "offline").stage;
    await eventually(stage, stageOf, "Stopping");
    await stage.advance(2_000);
    expect([stageOf(), home(stage)]).toEqual(["Stopping", source]);
    const yesterday = stage.server.backup();
    await eventually(stage, () => word(stage, "XenMigration", "move", "Succeeded"), "True/Succeeded");
    stage.apply(migration("back", source));
    await eventually(stage, () => word(stage, "XenMigration", "back", "Succeeded"), "True/Succeeded");
    await stage.advance(minutes(15));
    const before = [executing(stage), bytes(stage)];
    const sent = commands(stage);
    restore(stage, yesterday);
    await stage.advance(minutes(15));
    expect([executing(stage), bytes(stage)]).toEqual(before);
    expect(sent.filter((one) => one.endsWith(" stop-domain"))).toEqual([]);
    expect(word(stage, "XenMigration", "move", "Succeeded")).toBe(`False/${reason}`);
  });

  it("does not shrink what has grown since", async () => {
    const stage = await ready();
    const yesterday = stage.server.backup();
    stage.patch("AoeVolume", at("scratch"), { spec: { backing: { file: { size: "128Mi" } } } });
    stage.patch("XenDomain", at("vm-test"), { spec: { disks: [disk("256Mi")] } });
    await eventually(
      stage,
      () =>
        bytes(stage)
          .filter((one) => /scratch|vm-test/.test(one))
          .map(sizeOf),
      [128 * 2 ** 20, 256 * 2 ** 20],
    );
    const before = bytes(stage);
    restore(stage, yesterday);
    await stage.advance(minutes(15));
    expect([bytes(stage), domainSays(stage, "Ready")]).toEqual([before, "True/Ready"]);
  });

  it("of before there was a file system records the one that is there, and formats nothing", async () => {
    const stage = await ready({ objects: tutorialObjects(kinds.filter((kind) => kind !== "Ocfs2Cluster")) });
    const yesterday = stage.server.backup();
    for (const object of tutorialObjects(["Ocfs2Cluster"])) stage.apply(object);
    await eventually(stage, () => readiness(stage), allReady, 15);
    const before = [executing(stage), bytes(stage)];
    restore(stage, yesterday);
    await stays(stage);
    for (const object of tutorialObjects(["Ocfs2Cluster"])) stage.apply(object);
    await eventually(stage, () => readiness(stage), allReady, 15);
    expect([executing(stage), bytes(stage)]).toEqual(before);
  });

  it.each(["with", "without"])(
    "of before a host, %s its XenHost, became a node forgets no node that is alive",
    async (how) => {
      const stage = await ready({ objects: [...tutorialObjects(kinds.filter((kind) => kind !== "Ocfs2Cluster"))] });
      const [cluster] = tutorialObjects(["Ocfs2Cluster"]) as [
        Manifest & { spec: { nodes: { hostRef: { name: string } }[] } },
      ];
      const alone = cluster.spec.nodes.filter(({ hostRef }) => hostRef.name === "bella");
      stage.apply({ ...cluster, spec: { ...cluster.spec, nodes: alone } } as Manifest);
      await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready", 15);
      if (how === "without") await abandon(stage, "XenHost", "brutus");
      const yesterday = stage.server.backup();
      for (const object of tutorialManifests()) stage.apply(object);
      await eventually(stage, () => readiness(stage), allReady, 15);
      const names = (host: string) =>
        [...(stage.rack.readFile(host, "/etc/ocfs2/cluster.conf") ?? "").matchAll(/name = (\S+)/g)].map(
          ([, name]) => name,
        );
      const nodes = () => dom0s.map(names);
      const before = nodes();
      expect(before).toEqual([
        ["xen", "bella", "brutus"],
        ["xen", "bella", "brutus"],
      ]);
      const sent = commands(stage);
      restore(stage, yesterday);
      await stays(stage, minutes(20));
      expect(nodes()).toEqual(before);
      expect(sent.filter((one) => /mount-filesystem|remove-cluster|format/.test(one))).toEqual([]);
      expect(word(stage, "Ocfs2Cluster", "xen", "Ready")).toBe("False/ClusterInUse");
      expect(message(stage, "Ocfs2Cluster", "xen", "Configured")).toMatch(
        /^bella: .*node brutus \(number 1\) is no longer declared, but it still writes its heartbeat/,
      );
      for (const object of tutorialManifests()) stage.apply(object);
      await eventually(stage, () => readiness(stage), allReady, 15);
      expect(nodes()).toEqual(before);
    },
  );

  it("of before there was a domain leaves it alone until it is declared again", async () => {
    const stage = await ready({ objects: tutorialObjects(kinds.filter((kind) => kind !== "XenDomain")) });
    const yesterday = stage.server.backup();
    for (const object of tutorialObjects(["XenDomain"])) stage.apply(object);
    await eventually(stage, () => readiness(stage), allReady, 15);
    restore(stage, yesterday);
    await stays(stage);
    const before = [executing(stage), bytes(stage)];
    for (const object of tutorialObjects(["XenDomain"])) stage.apply(object);
    await eventually(stage, () => readiness(stage), allReady, 15);
    expect([executing(stage), bytes(stage)]).toEqual(before);
  });

  it("that brings back a domain whose image was deleted on purpose makes no blank one", async () => {
    const stage = await ready();
    const yesterday = stage.server.backup();
    stage.patch("XenDomain", at("vm-test"), { spec: { deletionPolicy: "Delete" } });
    stage.delete("XenDomain", at("vm-test"));
    await eventually(stage, () => stage.find("XenDomain", at("vm-test")), undefined);
    expect(bytes(stage).filter((one) => one.includes("vm-test"))).toEqual([]);
    restore(stage, yesterday);
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageMissing");
    await stays(stage);
    expect(executing(stage)).toEqual([]);
  });

  it("that brings back a deletion ends nothing that was declared anew since", async () => {
    const stage = await ready();
    stage.patch("XenDomain", at("vm-test"), { spec: { deletionPolicy: "Delete" } });
    await stage.advance(minutes(1));
    stage.rack.setManagement(otherOf(home(stage)), "Cut");
    stage.delete("XenDomain", at("vm-test"));
    await stage.advance(2_000);
    const yesterday = stage.server.backup();
    expect(domainSays(stage, "DeletionBlocked")).toBe("True/Deleting");
    await abandon(stage, "XenDomain", "vm-test");
    stage.rack.setManagement(otherOf(home(stage) || "bella"), "Connected");
    for (const object of tutorialObjects(["XenDomain"])) stage.apply(object);
    await eventually(stage, () => readiness(stage), allReady, 15);
    const before = [executing(stage), bytes(stage)];
    restore(stage, yesterday);
    await eventually(stage, () => domainSays(stage, "DeletionBlocked"), "True/DeclaredAnew");
    await stage.advance(minutes(15));
    expect([executing(stage), bytes(stage)]).toEqual(before);
  });
});

describe("an etcd from while a volume was being deleted", () => {
  const [server, host] = [aoeServer("san", 2210, ["/srv/aoe/*.img"]), xenHost("bella", 2212)];
  const scratch = aoeVolume("scratch", "san", [0, 2], file("/srv/aoe/scratch.img", "64Mi"), ["bella"], {
    deletionPolicy: "Delete",
  });
  const served = (stage: Stage) => [exportsOf(stage, "san"), bytes(stage)];
  /** A deletion that waited for a client was restored after it was done. */
  async function restored(change?: (stage: Stage) => Promise<void>): Promise<Stage> {
    const stage = rig({ objects: [server, host, scratch] });
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready");
    await change?.(stage);
    const release = stage.hold("bella", "e0.2", "process 99 dd");
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => word(stage, "AoeVolume", "scratch", "DeletionBlocked"), "True/ClientHoldsDevice");
    const yesterday = stage.server.backup();
    release?.();
    await eventually(stage, () => stage.find("AoeVolume", at("scratch")), undefined);
    expect(exportsOf(stage, "san")).toEqual([]);
    stage.apply(scratch);
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready", 15);
    const before = served(stage);
    restore(stage, yesterday);
    await eventually(stage, () => word(stage, "AoeVolume", "scratch", "DeletionBlocked"), "True/DeclaredAnew");
    await stage.advance(minutes(15));
    expect(served(stage)).toEqual(before);
    return stage;
  }

  it("deletes nothing of a volume of this name that was made since", async () => {
    const stage = await restored();
    await abandon(stage, "AoeVolume", "scratch");
    stage.apply(scratch);
    await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready", 15);
    stage.delete("AoeVolume", at("scratch"));
    await eventually(stage, () => stage.find("AoeVolume", at("scratch")), undefined);
    expect(exportsOf(stage, "san")).toEqual([]);
  });

  it("deletes nothing of it either where the deleted one had taken over the backing of an earlier one", async () => {
    await restored(async (stage) => {
      stage.life.end();
      stage.server.restore(new Map());
      for (const object of [keySecret, server, host, scratch]) stage.apply(object);
      stage.startOperator();
      await eventually(stage, () => volumeReady(stage, "scratch"), "True/Ready", 15);
      expect(status(stage, "AoeVolume", "scratch").formerUIDs).toHaveLength(1);
    });
  });
});

const disk = (size: string) => ({
  device: "xvda",
  filesystemRef: { clusterRef: { name: "xen" }, label: "data" },
  path: "vm-test.img",
  size,
});
const sizeOf = (line: string) => Number(line.split(" ").at(-1));

describe("a restore without status and with new uids", () => {
  it("adopts everything: nothing is started, stopped, made or formatted", async () => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    const sent = commands(stage);
    recreate(stage, tutorialManifests());
    await eventually(stage, () => readiness(stage), allReady, 15);
    await stage.advance(minutes(10));
    expect([executing(stage), bytes(stage)]).toEqual(before);
    // Only the marks in fstab are written anew: what is mounted stays.
    const others = acting(sent).filter((one) => !one.endsWith(" mount-filesystem"));
    expect(others.filter((one) => /start-|stop-|format|mount|restart|delete|remove/.test(one))).toEqual([]);
  });

  it.each(Array.from({ length: 12 }, (_, index) => index))("in any order, over minutes (seed %i)", async (seed) => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    const random = seeded(`restore ${seed}`);
    const shuffled = [...tutorialManifests()].sort(() => random.next() - 0.5);
    recreate(stage, shuffled, () => 1 + random.next() * minutes(6));
    await stage.advance(minutes(6));
    await eventually(stage, () => readiness(stage), allReady, 20);
    expect([executing(stage), bytes(stage)]).toEqual(before);
  });

  it("while a domain does not run makes no second image of it", async () => {
    const stage = await ready();
    const host = home(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => executing(stage), []);
    stage.rack.removeFile(host, image);
    recreate(stage, tutorialManifests());
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageMissing", 15);
    await stays(stage);
    expect(executing(stage)).toEqual([]);
  });
});

describe("a cluster that is restored without status", () => {
  const nodes = ["bella", "brutus", "caesar"];
  const machinesAndVolume = [
    aoeServer("san", 2210, ["/dev/vdb"]),
    ...nodes.map((name, index) => xenHost(name, 2212 + index)),
    aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
  ];
  const two = ocfs2Cluster("xen", ["bella", "brutus"]);
  const three = ocfs2Cluster("xen", nodes);
  const says = (stage: Stage, type: string) => word(stage, "Ocfs2Cluster", "xen", type);
  const clusterReady = (stage: Stage) => eventually(stage, () => says(stage, "Ready"), "True/Ready", 15);
  const uidOf = (stage: Stage) => String(objectAt(stage.find("Ocfs2Cluster", at("xen")) ?? {}, "metadata").uid);
  const mounts = (stage: Stage): string[] => {
    stage.rack.settle();
    return nodes.flatMap((name) => stage.rack.host(name).running.o2cb.mounts.map((one) => `${name} ${one.mountPoint}`));
  };
  const onAll = (place: string, names: readonly string[] = nodes) => names.map((name) => `${name} ${place}`);
  /** Uids in the marks of cluster.conf and fstab, by node. */
  const marks = (stage: Stage): string[] =>
    nodes.flatMap((name) =>
      ["/etc/ocfs2/cluster.conf", "/etc/fstab"].flatMap((path) =>
        [...(stage.rack.readFile(name, path) ?? "").matchAll(/^# xensan: san\/xen (.*)$/gm)].map(
          ([, uid]) => `${name} ${path} ${uid}`,
        ),
      ),
    );
  const marksOf = (uid: string, names: readonly string[] = nodes) =>
    names.flatMap((name) => ["/etc/ocfs2/cluster.conf", "/etc/fstab"].map((path) => `${name} ${path} ${uid}`));

  async function formed(manifest: Manifest): Promise<Stage> {
    const stage = rig({ objects: [...machinesAndVolume, manifest] });
    await clusterReady(stage);
    return stage;
  }
  async function restored(manifest: Manifest): Promise<Stage> {
    const stage = await formed(manifest);
    const former = uidOf(stage);
    recreate(stage, [...machinesAndVolume, manifest]);
    await clusterReady(stage);
    expect(uidOf(stage)).not.toBe(former);
    return stage;
  }

  it("writes its marks anew and leaves what is mounted", async () => {
    const stage = await restored(three);
    expect(marks(stage)).toEqual(marksOf(uidOf(stage)));
    expect(mounts(stage)).toEqual(onAll("/srv/xen"));
  });

  it("gains a node", async () => {
    const stage = await restored(two);
    stage.apply(three);
    await eventually(stage, () => mounts(stage), onAll("/srv/xen"));
    await clusterReady(stage);
  });

  it("gains a node that only the manifest of the restore lists", async () => {
    const stage = await formed(two);
    recreate(stage, [...machinesAndVolume, three]);
    await eventually(stage, () => mounts(stage), onAll("/srv/xen"), 15);
    await clusterReady(stage);
  });

  it("loses a node", async () => {
    const stage = await restored(three);
    stage.apply(two);
    await eventually(stage, () => stage.rack.readFile("caesar", "/etc/ocfs2/cluster.conf"), undefined);
    await clusterReady(stage);
    expect(marks(stage)).toEqual(marksOf(uidOf(stage), ["bella", "brutus"]));
    expect(mounts(stage)).toEqual(onAll("/srv/xen", ["bella", "brutus"]));
  });

  it("moves a file system", async () => {
    const stage = await restored(three);
    stage.apply(ocfs2Cluster("xen", nodes, {}, { mountPoint: "/srv/other" }));
    await eventually(stage, () => mounts(stage), onAll("/srv/other"));
    await clusterReady(stage);
  });

  it("formats nothing where the volume has lost its file system, until a person removes the entries of fstab", async () => {
    const stage = await formed(two);
    const content = () => stage.rack.backingOf("san", "/dev/vdb").content?.signature;
    for (const host of ["bella", "brutus"]) stage.rack.powerOff(host);
    await stage.advance(minutes(1));
    const backing = stage.rack.backingOf("san", "/dev/vdb").content;
    if (backing === undefined) throw new Error("the rack has no /dev/vdb");
    overwrite(backing, {});
    for (const host of ["bella", "brutus"]) stage.rack.powerOn(host);
    const sent = commands(stage);
    const formats = () => sent.filter((one) => one.endsWith(" format-filesystem"));
    recreate(stage, [...machinesAndVolume, two]);
    await eventually(stage, () => says(stage, "Formatted"), "False/FilesystemMissing", 15);
    await stage.advance(minutes(15));
    expect([formats(), content()]).toEqual([[], ""]);
    expect(message(stage, "Ocfs2Cluster", "xen", "Formatted")).toContain("/srv/xen on bella, /srv/xen on brutus.");
    for (const host of ["bella", "brutus"]) stage.rack.writeFile(host, "/etc/fstab", "");
    await clusterReady(stage);
    expect([formats().length, content()]).toEqual([1, "ocfs2"]);
    expect(mounts(stage)).toEqual(onAll("/srv/xen", ["bella", "brutus"]));
    // Here a person wanted the second one.
    expect(stage.violations.splice(0)).toEqual([expect.stringContaining("formatted at most once")]);
  });

  it("drops a file system, and is deleted", async () => {
    const stage = await restored(three);
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { filesystems: [] } });
    await eventually(stage, () => mounts(stage), []);
    await clusterReady(stage);
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
    expect(marks(stage)).toEqual([]);
  });

  it("is deleted while mounted", async () => {
    const stage = await restored(three);
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
    expect([mounts(stage), marks(stage)]).toEqual([[], []]);
  });

  /** A node keeps the marks of the former object, because it does not answer before the cluster is changed. */
  async function restoredWithout(host: string): Promise<{ stage: Stage; former: string }> {
    const stage = await formed(three);
    const former = uidOf(stage);
    stage.rack.setManagement(host, "Cut");
    recreate(stage, [...machinesAndVolume, three]);
    const others = nodes.filter((name) => name !== host);
    await eventually(stage, () => marks(stage), [...marksOf(uidOf(stage), others), ...marksOf(former, [host])], 15);
    expect(status(stage, "Ocfs2Cluster", "xen").formerUIDs).toEqual([former]);
    return { stage, former };
  }

  it("is deleted where a node still has the marks of the former object", async () => {
    const { stage } = await restoredWithout("caesar");
    stage.delete("Ocfs2Cluster", at("xen"));
    await stage.advance(minutes(5));
    stage.rack.setManagement("caesar", "Connected");
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
    expect([mounts(stage), marks(stage)]).toEqual([[], []]);
  });

  it("loses a node that still has the marks of the former object", async () => {
    const { stage } = await restoredWithout("caesar");
    stage.apply(two);
    await stage.advance(minutes(5));
    stage.rack.setManagement("caesar", "Connected");
    await eventually(stage, () => mounts(stage), onAll("/srv/xen", ["bella", "brutus"]), 15);
    await clusterReady(stage);
    expect(marks(stage)).toEqual(marksOf(uidOf(stage), ["bella", "brutus"]));
  });

  it("is not touched by a deletion of its former object that a backup brings back", async () => {
    const stage = await formed(three);
    stage.rack.setManagement("caesar", "Cut");
    stage.rack.host("bella").running.o2cb.mounts[0]?.users.push("process 77 vi");
    stage.rack.host("brutus").running.o2cb.mounts[0]?.users.push("process 78 vi");
    stage.delete("Ocfs2Cluster", at("xen"));
    await stage.advance(minutes(2));
    const yesterday = stage.server.backup();
    expect(says(stage, "DeletionBlocked")).toMatch(/^True\//);
    await abandon(stage, "Ocfs2Cluster", "xen");
    for (const host of ["bella", "brutus"]) stage.rack.host(host).running.o2cb.mounts[0]?.users.pop();
    stage.rack.setManagement("caesar", "Connected");
    stage.apply(three);
    await clusterReady(stage);
    const before = [mounts(stage), marks(stage)];
    expect(before).toEqual([onAll("/srv/xen"), marksOf(uidOf(stage))]);
    restore(stage, yesterday);
    await eventually(stage, () => says(stage, "DeletionBlocked"), "True/DeclaredAnew");
    await stage.advance(minutes(15));
    expect([mounts(stage), marks(stage)]).toEqual(before);
    await abandon(stage, "Ocfs2Cluster", "xen");
    stage.apply(three);
    await clusterReady(stage);
    stage.delete("Ocfs2Cluster", at("xen"));
    await eventually(stage, () => stage.find("Ocfs2Cluster", at("xen")), undefined);
    expect([mounts(stage), marks(stage)]).toEqual([[], []]);
  });
});

const machines = [
  ["AoeServer", "san", "Prepared"],
  ["XenHost", "bella", "AoeReady"],
  ["XenHost", "brutus", "AoeReady"],
] as const;

function second(stage: Stage, id: string): Management & { claims(): string[]; messages(): string[] } {
  const other = anotherManagement(stage, id);
  onTestFinished(() => other.end());
  for (const object of [keySecret, ...tutorialManifests()]) other.apply(object);
  const condition = (kind: string, name: string, type: string) =>
    conditionOf(other.server.get(other.server.kindNamed(kind), at(name)), type);
  return {
    ...other,
    claims: () => machines.map(([kind, name, type]) => `${name} ${condition(kind, name, type).reason}`),
    messages: () => machines.map(([kind, name, type]) => condition(kind, name, type).message),
  };
}
const refused = machines.map(([, name]) => `${name} ClaimedElsewhere`);

describe("a second management cluster with the same manifests", () => {
  it("beside the first one: every machine is refused by name, the first goes on", async () => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    const other = second(stage, "second");
    await eventually(stage, () => other.claims(), refused);
    await stage.advance(minutes(15));
    expect([other.claims(), readiness(stage)]).toEqual([refused, allReady]);
    expect(other.messages().map((text) => text.includes("management"))).toEqual([true, true, true]);
    // Both operators see all events: the first one's work goes on.
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
    await eventually(stage, () => executing(stage), []);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await eventually(stage, () => readiness(stage), allReady);
    expect(bytes(stage)).toEqual(before[1]);
  });

  it("after the first one is gone takes over by one word per machine, and adopts everything", async () => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    stage.life.end();
    const other = second(stage, "second");
    await eventually(stage, () => other.claims(), refused);
    for (const [kind, name] of machines)
      other.server.mergePatch(
        other.server.kindNamed(kind),
        at(name),
        { metadata: { annotations: { "xensan.dev/approve": `Claim:management san/${name}` } } },
        "kubectl",
      );
    const readyThere = () =>
      conditionOf(other.server.get(other.server.kindNamed("XenDomain"), at("vm-test")), "Ready").reason;
    await eventually(stage, readyThere, "Ready", 20);
    await stage.advance(minutes(10));
    expect([executing(stage), bytes(stage)]).toEqual(before);
    // The first operator comes back: it is refused now, and does nothing.
    stage.startOperator();
    await stage.advance(minutes(10));
    expect(machines.map(([kind, name, type]) => `${name} ${word(stage, kind, name, type)}`)).toEqual(
      machines.map(([, name]) => `${name} False/ClaimedElsewhere`),
    );
    expect([executing(stage), bytes(stage)]).toEqual(before);
    // It takes the machines back by the same word. The second one's word stands, and was used.
    for (const [kind, name] of machines)
      stage.patch(kind, at(name), { metadata: { annotations: { "xensan.dev/approve": `Claim:second san/${name}` } } });
    await eventually(stage, () => readiness(stage), allReady, 20);
    await eventually(stage, () => other.claims(), refused);
    await stage.advance(minutes(15));
    expect([other.claims(), readiness(stage)]).toEqual([refused, allReady]);
    const used = "; an approval counts once: first remove one of the same value";
    expect(other.messages().filter((text) => text.endsWith(used))).toHaveLength(machines.length);
    expect([executing(stage), bytes(stage)]).toEqual(before);
    // Removed and set anew, it counts again.
    const say = (word: string | null) =>
      other.server.mergePatch(
        other.server.kindNamed("AoeServer"),
        at("san"),
        { metadata: { annotations: { "xensan.dev/approve": word } } },
        "kubectl",
      );
    say(null);
    await stage.advance(minutes(2));
    say("Claim:management san/san");
    await eventually(stage, () => word(stage, "AoeServer", "san", "Prepared"), "False/ClaimedElsewhere");
  });
});

describe("a host that is called otherwise", () => {
  it("by hostname: what is mounted and runs stays, and the cluster says why it is not served", async () => {
    const stage = await ready();
    const host = home(stage);
    stage.rack.ocfs2.setHostname(host, "renamed");
    await stays(stage, minutes(20));
    expect(word(stage, "Ocfs2Cluster", "xen", "Ready")).toBe("False/HostNameMismatch");
    expect(message(stage, "Ocfs2Cluster", "xen", "Ready")).toMatch(/renamed/);
  });

  it("by its object: the machine is its former object's until that one is gone", async () => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    const host = otherOf(home(stage));
    const [declared] = tutorialObjects(["XenHost"]).filter(({ metadata }) => metadata.name === host);
    if (declared === undefined) throw new Error(`no XenHost ${host}`);
    stage.apply({ ...declared, metadata: at("other-name") } as Manifest);
    await eventually(stage, () => word(stage, "XenHost", "other-name", "AoeReady"), "False/ClaimedElsewhere");
    await stage.advance(minutes(10));
    expect([readiness(stage), executing(stage), bytes(stage)]).toEqual([allReady, ...before]);
  });
});

describe("another machine under the name of a host", () => {
  it("proves nothing of the domains of the old one, which runs on at another address", async () => {
    const stage = await ready();
    await stage.advance(minutes(3));
    const host = home(stage);
    // The new machine answers at the address of the old one, which is still on the share and writes its heartbeat.
    stage.rack.swapAddresses(host, "san", "Cloned");
    await eventually(stage, () => word(stage, "XenHost", host, "Reachable"), "False/MachineChanged");
    await stays(stage);
    const approve = `Machine:${stage.rack.host("san").machineId}`;
    stage.patch("XenHost", at(host), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await stays(stage, minutes(20));
    expect(domainSays(stage, "Ready")).toBe("Unknown/HostUnknown");
    expect(message(stage, "XenDomain", "vm-test", "Running")).toContain(
      `XenHost ${host} answers and writes no heartbeat, but another machine may be running in its place: XenHost ${otherOf(host)} sees the heartbeat`,
    );
  });

  it("that died with its domain: nothing starts until a person says that the old one is gone", async () => {
    const stage = await ready();
    const host = home(stage);
    stage.rack.powerOff(host);
    stage.rack.replaceMachine(host, "0123456789abcdef0123456789abcdef");
    stage.rack.powerOn(host);
    await eventually(stage, () => word(stage, "XenHost", host, "Reachable"), "False/MachineChanged");
    await stage.advance(minutes(15));
    expect(executing(stage)).toEqual([]);
    const approve = "Machine:0123456789abcdef0123456789abcdef";
    stage.patch("XenHost", at(host), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => readiness(stage), allReady, 30);
  });
});

describe("two hosts that got each other's address", () => {
  it.each(["Own", "Cloned"] as const)("are told apart, with host keys that are %s", async (keys) => {
    const stage = await ready();
    const sent = commands(stage);
    stage.rack.swapAddresses("bella", "brutus", keys);
    await eventually(stage, () => ["bella", "brutus"].map((host) => word(stage, "XenHost", host, "Reachable")), [
      `False/${keys === "Own" ? "HostKeyMismatch" : "MachineChanged"}`,
      `False/${keys === "Own" ? "HostKeyMismatch" : "MachineChanged"}`,
    ]);
    await stays(stage);
    expect(acting(sent)).toEqual([]);
    stage.rack.swapAddresses("bella", "brutus", keys);
    await eventually(stage, () => readiness(stage), allReady, 15);
  });

  it("are told apart by their claims when the status is lost at the same time", async () => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    stage.rack.swapAddresses("bella", "brutus", "Cloned");
    recreate(stage, tutorialManifests());
    await eventually(stage, () => ["bella", "brutus"].map((host) => word(stage, "XenHost", host, "AoeReady")), [
      "False/ClaimedElsewhere",
      "False/ClaimedElsewhere",
    ]);
    await stage.advance(minutes(15));
    expect([executing(stage), bytes(stage)]).toEqual(before);
    expect(volumeReady(stage, "data")).toBe("True/Ready");
  });

  it("with the SAN among them: nothing is exported, formatted or mounted anew", async () => {
    const stage = await ready();
    const sent = commands(stage);
    stage.rack.swapAddresses("san", "brutus", "Cloned");
    await stays(stage);
    expect(acting(sent)).toEqual([]);
  });
});
