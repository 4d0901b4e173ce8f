import { describe, expect, it } from "vitest";
import { blankContent, overwrite } from "../../src/sim/model/content.ts";
import { makeDomain, unpause } from "../../src/sim/model/domain.ts";
import { type DomainConfiguration, parseConfiguration } from "../../src/sim/model/domain-configuration.ts";
import { makeDirectories } from "../../src/sim/model/filesystem.ts";
import { stopRegion } from "../../src/sim/model/heartbeat.ts";
import { mkfsOcfs2 } from "../../src/sim/model/mkfs.ts";
import { onlineFromFiles, unregisterCluster } from "../../src/sim/model/o2cb.ts";
import { mountOcfs2, unmountOcfs2 } from "../../src/sim/model/ocfs2-mount.ts";
import { unpack } from "../../src/sim/model/packages.ts";
import { addBlock, createImage, remove, rename, resizeImage, writeText } from "../../src/sim/model/storage.ts";
import { copyImage } from "../../src/sim/scripts/image.ts";
import { broken, byCommand, stageFor } from "./misdeeds.ts";
import { at, ocfs2Cluster, xenDomain } from "./scenarios/objects.ts";
import type { Stage } from "./stage.ts";
import { toJsonObject } from "./world/kube/json.ts";

const disk = "/dev/vdz";
const uuid = "11111111-1111-4111-8111-111111111111";
const other = "22222222-2222-4222-8222-222222222222";
const configuration = `cluster:
	heartbeat_mode = local
	node_count = 1
	name = data

node:
	number = 0
	cluster = data
	ip_port = 7777
	ip_address = 10.99.0.11
	name = bella
`;

/** The tutorial's world; bella has a blank disk and is online in the cluster `data`. */
function stageWithDisk(): Stage {
  const stage = stageFor();
  const bella = stage.rack.host("bella");
  const fresh = { path: disk, device: "254:400", sizeBytes: 2 ** 31, type: "disk", says: "", links: [] } as const;
  addBlock(bella, { ...fresh, content: blankContent(), holders: new Set() });
  makeDirectories(bella.rootFileSystem, "/srv/xen");
  makeDirectories(bella.rootFileSystem, "/etc/ocfs2");
  unpack(bella, "ocfs2-tools");
  stage.rack.writeFile("bella", "/etc/ocfs2/cluster.conf", configuration);
  onlineFromFiles(stage.rack.world, bella, "data");
  return stage;
}

/** Puts this into the status of the Ocfs2Cluster, before anything is done. */
function recorded(stage: Stage, filesystem: object): void {
  const cluster = ocfs2Cluster("xen", ["bella"]);
  stage.apply(cluster);
  const status = { filesystems: [{ label: "data", ...filesystem }] };
  const kind = stage.server.kindNamed("Ocfs2Cluster");
  stage.server.apply(kind, toJsonObject({ ...cluster, status }), { manager: "xensan", force: true, status: true });
}

/** Runs steps that take time, all at once. */
function atOnce<T>(stage: Stage, steps: Generator<number, T>): T {
  return byCommand(stage, () => {
    for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
  });
}

const intent = (as: string) => ({ uuid: as, hostRef: { name: "bella" }, startTime: "2026-01-01T00:00:00Z" });
const host = (stage: Stage) => [stage.rack.world, stage.rack.host("bella")] as const;

function format(stage: Stage, as: string): void {
  const options = { uuid: as, label: "data", cluster: "data", globalHeartbeat: false, nodeSlots: 2 };
  const ended = atOnce(stage, mkfsOcfs2(...host(stage), disk, { ...options, journalSize: undefined, type: undefined }));
  expect(ended.exitCode).toBe(0);
}

function mount(stage: Stage, mountPoint = "/srv/xen", options = ["nosuid", "nodev", "noexec"]): void {
  expect(atOnce(stage, mountOcfs2(...host(stage), disk, mountPoint, options)).exitCode).toBe(0);
}

/** Changes what is on the disk, without a command of the operator. */
const put = (stage: Stage, found: Parameters<typeof overwrite>[1]) =>
  overwrite(stage.rack.backingOf("bella", disk).content ?? blankContent(), found);

/** The same, with a file system on the disk that is recorded and mounted. */
function stageWithMount(): Stage {
  const stage = stageWithDisk();
  recorded(stage, { uuid });
  format(stage, uuid);
  mount(stage);
  expect(stage.violations).toEqual([]);
  return stage;
}

describe("an operator that formats what it must not", () => {
  it("is caught when no status names the file system before", () => {
    const stage = stageWithDisk();
    format(stage, uuid);
    expect(broken(stage)).toEqual(["formatted at most once"]);
  });

  it("is caught doing it twice on the same bytes, though they are zeros again and a status names both", () => {
    const stage = stageWithDisk();
    recorded(stage, { format: intent(uuid) });
    format(stage, uuid);
    expect(broken(stage)).toEqual([]);
    put(stage, {});
    recorded(stage, { format: intent(other) });
    format(stage, other);
    expect(stage.violations).toEqual([expect.stringContaining(`which was formatted as ${uuid}`)]);
  });

  it("is caught doing it over another file system, and over data without a signature", () => {
    for (const found of [{ signature: "ext4" }, { data: true }]) {
      const stage = stageWithDisk();
      recorded(stage, { format: intent(uuid) });
      put(stage, found);
      format(stage, uuid);
      expect(stage.violations).toEqual([expect.stringContaining(`which holds ${found.signature ?? "data"}`)]);
    }
  });
});

describe("an operator that takes the heartbeat from under a mount", () => {
  it("is caught stopping the region, and taking the cluster down", () => {
    const stage = stageWithMount();
    const [world, bella] = host(stage);
    const [region] = bella.running.o2cb.regions.values();
    byCommand(stage, () => region !== undefined && stopRegion(world, bella, region));
    expect(broken(stage)).toEqual(["the heartbeat stays under a mount"]);
    expect(byCommand(stage, () => unregisterCluster(world, bella))).toBe("Unregistered");
    expect(stage.violations.at(-1)).toContain("cluster data goes offline under /srv/xen");
  });

  it("is in the right once it is unmounted", () => {
    const stage = stageWithMount();
    stage.delete("Ocfs2Cluster", at("xen"));
    atOnce(stage, unmountOcfs2(...host(stage), "/srv/xen"));
    expect(byCommand(stage, () => unregisterCluster(...host(stage)))).toBe("Unregistered");
    expect(stage.violations).toEqual([]);
  });
});

describe("an operator that mounts and unmounts as it likes", () => {
  it("is caught mounting what no status has recorded", () => {
    const stage = stageWithDisk();
    recorded(stage, { format: intent(uuid) });
    format(stage, uuid);
    mount(stage);
    expect(stage.violations).toEqual([expect.stringContaining(`mounts ${uuid}, which no status has recorded`)]);
  });

  it("is caught mounting where the owner of the host does not allow it", () => {
    const stage = stageWithDisk();
    recorded(stage, { uuid });
    format(stage, uuid);
    makeDirectories(stage.rack.host("bella").rootFileSystem, "/home/x");
    mount(stage, "/home/x");
    expect(stage.violations).toEqual([expect.stringContaining("mounts on /home/x, outside the bounds")]);
  });

  it("is caught mounting with what lets files do harm, where the owner of the host does not allow it", () => {
    const stage = stageWithDisk();
    recorded(stage, { uuid });
    format(stage, uuid);
    mount(stage, "/srv/xen", ["nosuid", "nodev"]);
    expect(stage.violations).toEqual([expect.stringContaining("mounts /srv/xen without noexec")]);
  });

  it("is caught unmounting what is declared there", () => {
    const stage = stageWithMount();
    atOnce(stage, unmountOcfs2(...host(stage), "/srv/xen"));
    expect(broken(stage)).toEqual(["mounts are as declared"]);
  });

  it("is in the right once the node is taken out of the spec", () => {
    const stage = stageWithMount();
    stage.apply(ocfs2Cluster("xen", ["brutus"]));
    atOnce(stage, unmountOcfs2(...host(stage), "/srv/xen"));
    expect(stage.violations).toEqual([]);
  });
});

describe("an operator that is careless with images", () => {
  const path = "/srv/xen/web.img";

  /** bella has /srv/xen, and the domain `web` its image on it. */
  function stageWithImage(domain: object = {}): Stage {
    const stage = stageFor();
    stage.rack.xen.share(["bella"], "/srv/xen");
    stage.apply(xenDomain("web", ["bella"], domain));
    byCommand(stage, () => createImage(...host(stage), path, 4096));
    expect(stage.violations).toEqual([]);
    return stage;
  }

  const misdeeds: Record<string, (stage: Stage) => unknown> = {
    "making a file that nobody asks for": (stage) => createImage(...host(stage), "/srv/xen/x.img", 4096),
    "deleting an image": (stage) => remove(...host(stage), path),
    "moving it out of the way": (stage) => rename(...host(stage), path, `${path}.xensan-deleted`),
    "giving it the name of another": (stage) => rename(...host(stage), path, "/srv/xen/db.img"),
    "shrinking it": (stage) => resizeImage(...host(stage), path, 512),
    "making another in its place": (stage) => createImage(...host(stage), path, 4096),
    "writing a text in its place": (stage) => writeText(...host(stage), path, "name = web\n"),
  };
  for (const [misdeed, act] of Object.entries(misdeeds))
    it(`is caught ${misdeed}`, () => {
      const stage = stageWithImage();
      stage.apply(xenDomain("db", ["bella"]));
      byCommand(stage, () => act(stage));
      expect(broken(stage)).toContain("images stay");
    });

  const copied = (source: string, templates: readonly string[]) => {
    const stage = stageWithImage();
    stage.apply(ocfs2Cluster("xen", ["bella"], {}, { templates }));
    const disk = { device: "xvda", filesystemRef: { clusterRef: { name: "xen" }, label: "data" }, size: "64Mi" };
    stage.apply(xenDomain("db", ["bella"], { disks: [{ ...disk, path: "db.img", sourcePath: source }] }));
    makeDirectories(stage.rack.host("bella").running.mounts.at(-1)?.fileSystem ?? fail(), "/gold");
    createImage(...host(stage), "/srv/xen/gold/debian.img", 4096);
    const [from, path] = [`/srv/xen/${source}`, "/srv/xen/db.img"];
    byCommand(stage, () => copyImage(...host(stage), { owner: "4 san/db", uuid, path, source: from, bytes: 4096 }));
    return stage.violations.map((text) => text.replace(/^.* bella: /, ""));
  };

  it("is caught copying what is no template, and what a domain has for a disk although a glob names it", () => {
    expect(copied("gold/debian.img", ["gold/*"])).toEqual([]);
    expect(copied("gold/debian.img", [])).toEqual(["copies /srv/xen/gold/debian.img, which is no template"]);
    expect(copied("gold/debian.img", ["*"])).toEqual(["copies /srv/xen/gold/debian.img, which is no template"]);
    expect(copied("web.img", ["*"])).toEqual(["copies /srv/xen/web.img, which a XenDomain has for a disk"]);
  });

  it("is in the right when the domain is deleted and its policy says so, and only then", () => {
    for (const [deletionPolicy, verdict] of [
      ["Delete", []],
      ["Retain", ["images stay"]],
    ] as const) {
      const stage = stageWithImage({ deletionPolicy });
      stage.patch("XenDomain", at("web"), { metadata: { finalizers: ["xensan.dev/cleanup"] } });
      stage.delete("XenDomain", at("web"));
      byCommand(stage, () => remove(...host(stage), path));
      expect(broken(stage)).toEqual(verdict);
    }
  });

  it("may write its notes, and what other people do is not its doing", () => {
    const stage = stageWithImage();
    makeDirectories(stage.rack.host("bella").running.mounts.at(-1)?.fileSystem ?? fail(), "/.xensan/images");
    byCommand(stage, () => writeText(...host(stage), "/srv/xen/.xensan/images/web.img", "4 san/web\n"));
    remove(...host(stage), path);
    expect(stage.violations).toEqual([]);
  });
});

const fail = (): never => {
  throw new Error("bella has nothing mounted");
};

describe("a domain that executes twice", () => {
  const text = 'name = "web"\nuuid = "37baabc6-98d5-48a2-9634-a38b12e29c01"\nmemory = 128\nvcpus = 1\n';

  it("is caught when it starts where it does not run yet", () => {
    const stage = stageFor();
    stage.rack.xen.createDomain("bella", text);
    stage.rack.xen.createDomain("brutus", text, "Paused");
    expect(broken(stage)).toEqual([]);
    stage.rack.xen.unpauseDomain("brutus", "web");
    expect(broken(stage)).toEqual(["never twice"]);
  });

  it("is caught when the former one goes on after a pause", () => {
    const stage = stageFor();
    stage.rack.xen.createDomain("bella", text);
    stage.rack.xen.pauseDomain("bella", "web");
    stage.rack.xen.createDomain("brutus", text);
    expect(broken(stage)).toEqual([]);
    stage.rack.xen.unpauseDomain("bella", "web");
    expect(broken(stage)).toEqual(["never twice"]);
  });

  it("is none when the host of the former one went down, or the former one ended", () => {
    const stage = stageFor();
    stage.rack.xen.createDomain("bella", text);
    stage.rack.powerOff("bella");
    stage.rack.xen.createDomain("brutus", text);
    stage.rack.xen.destroyDomain("brutus", "web");
    stage.rack.xen.createDomain("brutus", text);
    expect(stage.violations).toEqual([]);
  });
});

describe("an operator that starts domains as it likes", () => {
  const started = (change: Partial<DomainConfiguration>) => {
    const stage = stageFor();
    const bella = stage.rack.host("bella");
    stage.rack.xen.share(["bella"], "/srv/xen");
    createImage(stage.rack.world, bella, "/srv/xen/vm.img", 2 ** 20);
    createImage(stage.rack.world, bella, "/srv/other.img", 2 ** 20);
    const text = `name = "vm"\nuuid = "${uuid}"\ntype = "pvh"\nmemory = 128\n`;
    const configuration = parseConfiguration(text);
    if (configuration === undefined) throw new Error("not a configuration");
    byCommand(stage, () => {
      const domain = makeDomain(bella, { ...configuration, ...change });
      unpause(stage.rack.world, bella, domain);
    });
    return stage.violations.filter((violation) => violation.includes("nothing outside the bounds"));
  };
  const disks = (path: string) => [{ path, readOnly: false, cdrom: false, format: "raw" }];

  it("is left alone within the bounds", () => {
    const bootFiles = ["/boot/vmlinuz-guest"];
    expect(started({ bridges: ["xenbr0"], bootFiles, disks: disks("/srv/xen/vm.img") })).toEqual([]);
  });

  it.each([
    [{ bridges: ["lan0"] }, "on the bridge lan0, outside the bounds"],
    [{ bootFiles: ["/etc/passwd"] }, "from /etc/passwd, outside the bounds"],
    [{ disks: disks("/srv/other.img") }, "on /srv/other.img, which is on no shared file system"],
  ])("is caught with %j", (change, words) => {
    expect(started(change)).toEqual([expect.stringContaining(`bella: starts ${uuid} ${words}`)]);
  });
});
