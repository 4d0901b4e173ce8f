import { beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import {
  removeDomainConfiguration,
  startDomain,
  stopDomain,
  takeDomainLock,
  writeDomainConfiguration,
} from "../../../src/host/domain-actions.ts";
import { deleteImage, ensureImage } from "../../../src/host/image-actions.ts";
import { unmountFilesystem } from "../../../src/host/ocfs2-actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { prepareRelocation, verifyRelocation } from "../../../src/host/relocation-actions.ts";
import { configureXend, prepareToolstack } from "../../../src/host/toolstack-actions.ts";
import { createImage } from "../../../src/sim/model/storage.ts";
import { uuid as clusterFilesystem, mountedStage, mountRequest } from "./cluster-stage.ts";
import { changedRack, known, stage } from "./tutorial.ts";
import {
  configurationText,
  digestOf,
  expectNeverTwice,
  image,
  name,
  onSharedFiles,
  owner,
  uuid,
  type XenStage,
  xenStage,
} from "./xen-stage.ts";

const locks = "/srv/xen/.xensan";
const mountPoint = "/srv/xen";
const mib = 2 ** 20;
const done = (detail: string) => ({ kind: "done", detail });
const refused = (reason: string) => expect.objectContaining({ kind: "refused", reason });

let pair: XenStage;
beforeEach(async () => {
  pair = await xenStage();
});

async function facts(host: "bella" | "brutus", images: readonly string[] = []) {
  const request = { roles: ["Client"], backings: [], segments: [], images, lockDirectories: [locks] } as const;
  return parseProbe((await pair.run(host, probe(request))).stdout);
}

const bootId = (host: string) => pair.rack.host(host).running.bootId;

describe("the toolstack of a dom0", () => {
  it("tells what xl info told on the lab, and is prepared once", async () => {
    const fresh = stage();
    expect(known((await fresh.facts("bella")).toolstack)).toMatchObject({
      kind: "xl",
      dom0: true,
      info: {
        major: 4,
        minor: 17,
        extra: ".7",
        totalMemory: 2047,
        freeMemory: 1000,
        cpus: 2,
        virtualisation: ["pv", "hvm", "hap", "gnttab-v1", "gnttab-v2"],
      },
      automaticDomains: { save: "/var/lib/xen/save", restore: "true", auto: "/etc/xen/auto" },
      bridges: ["xenbr0"],
    });
    expect(await fresh.act("bella", prepareToolstack())).toEqual(done("prepared"));
    expect(await fresh.act("bella", prepareToolstack())).toEqual(done("unchanged"));
    expect(known((await fresh.facts("bella")).toolstack).automaticDomains).toEqual({ save: "", restore: "", auto: "" });
  });

  it("is missing where there is none, and its domains are absent", async () => {
    const none = stage({
      file: changedRack(({ hosts }) => {
        if (hosts.bella !== undefined) hosts.bella.xen = { toolstack: "none" };
      }),
    });
    expect(await none.act("bella", prepareToolstack())).toEqual(refused("ToolMissing"));
    expect((await none.facts("bella")).domains.state).toBe("absent");
  });

  it("of 2010 keeps the other lines of its configuration", async () => {
    const old = stage({
      file: changedRack(({ hosts }) => {
        if (hosts.bella !== undefined) hosts.bella.xen = { toolstack: "xm", version: "4.1.4" };
      }),
    });
    const settings = [
      { key: "xend-relocation-server", value: "yes" },
      { key: "dom0-min-mem", value: "256" },
    ];
    expect(await old.act("bella", configureXend({ settings }))).toEqual(done("configured"));
    expect(await old.act("bella", configureXend({ settings }))).toEqual(done("unchanged"));
    const text = old.rack.readFile("bella", "/etc/xen/xend-config.sxp");
    expect(text).toContain("#(xend-relocation-server no)\n");
    expect(text).toContain("(dom0-min-mem 256)\n");
    expect(known((await old.facts("bella")).toolstack).xendConfiguration?.get("xend-relocation-server")).toBe("yes");
  });
});

describe("the channel between dom0s", () => {
  it("lets in exactly the peers that were named, and is taken back", async () => {
    expect(await pair.act("bella", verifyRelocation({ address: "10.99.0.12" }))).toEqual(done("verified"));
    expect(await pair.act("brutus", prepareRelocation({ senders: [], receivers: [] }))).toEqual(done("prepared"));
    expect(await pair.act("bella", verifyRelocation({ address: "10.99.0.12" }))).toEqual(refused("PeerRefuses"));
  });

  it("is told from a peer that cannot be reached", async () => {
    pair.rack.xen.cutBetween("bella", "brutus");
    expect(await pair.act("bella", verifyRelocation({ address: "10.99.0.12" }))).toEqual(refused("PeerUnreachable"));
    pair.rack.xen.healBetween("bella", "brutus");
    pair.rack.setManagement("brutus", "Cut");
    expect(await pair.act("bella", verifyRelocation({ address: "10.99.0.12" }))).toEqual(done("verified"));
  });

  it("survives a reboot, and leaves other keys of root alone", async () => {
    const before = pair.rack.readFile("brutus", "/root/.ssh/authorized_keys") ?? "";
    pair.rack.writeFile("brutus", "/root/.ssh/authorized_keys", `ssh-ed25519 AAAA admin\n${before}`);
    pair.rack.reset("brutus");
    pair.pass(40);
    expect(await pair.act("bella", verifyRelocation({ address: "10.99.0.12" }))).toEqual(done("verified"));
    await pair.act("brutus", prepareRelocation({ senders: [], receivers: [] }));
    expect(pair.rack.readFile("brutus", "/root/.ssh/authorized_keys")).toBe("ssh-ed25519 AAAA admin\n");
  });
});

describe("a domain", () => {
  it("starts under its lock, is seen, and takes memory", async () => {
    expect(await pair.start("bella")).toEqual(done("started id 1"));
    expect(await pair.start("bella")).toEqual(done("running id 1"));
    const { domains, domainLocks, toolstack, domainConfigurations } = await facts("bella");
    expect(known(domains)).toEqual({
      domains: [
        {
          id: 1,
          name,
          uuid,
          memory: 128,
          vcpus: 1,
          state: "b",
          shutdownReason: "-",
          seconds: expect.any(Number),
        },
      ],
      leases: [{ uuid, until: expect.any(Number) }],
      processes: [{ pid: 100_001, verb: "wait", name: "vm-test" }],
    });
    expect(known(domainLocks)).toEqual([
      { uuid, path: `${locks}/${uuid}.lock`, host: "bella", bootId: bootId("bella") },
    ]);
    expect(known(toolstack).info?.freeMemory).toBe(872);
    expect(known(domainConfigurations)).toEqual([
      { uuid, owner: "vms/vm-test 77", digest: digestOf(configurationText()) },
    ]);
  });

  it("does not start on a second host while the first holds its lease or its lock, and starts there once that is superseded", async () => {
    await pair.start("bella");
    expect(await pair.start("brutus")).toEqual(refused("ImageLeased"));
    const before = bootId("bella");
    pair.rack.powerOff("bella");
    expect(await pair.start("brutus")).toEqual(refused("DomainLocked"));
    const lock = { directory: locks, mountPoint, filesystem: pair.filesystem };
    const request = {
      owner,
      uuid,
      name,
      digest: digestOf(configurationText()),
      lock,
      shares: [{ mountPoint, filesystem: pair.filesystem }],
      supersedes: { host: "bella", bootId: before },
    };
    const bounds = { allowedBootFiles: ["/boot/*"], allowedBridges: ["xenbr*"] };
    expect(await pair.act("brutus", startDomain({ ...request, ...bounds }))).toEqual(done("started id 1"));
    expectNeverTwice(pair);
    expect(pair.rack.xen.executions().map(({ host, until }) => [host, until === undefined])).toEqual([
      ["bella", false],
      ["brutus", true],
    ]);
  });

  it("is stopped by asking, and its lock goes with it", async () => {
    await pair.start("bella");
    expect(await pair.stop("bella")).toEqual(done("stopped"));
    expect(await pair.stop("bella")).toEqual(done("absent"));
    expect(known((await facts("bella")).domainLocks)).toEqual([]);
  });

  it("that ignores the wish is waited for, then destroyed", async () => {
    await pair.start("bella");
    pair.rack.xen.setGuest(uuid, { shutdown: "Ignores" });
    expect(await pair.stop("bella", "Shutdown", 5)).toEqual(done("waiting"));
    expect(await pair.stop("bella", "Destroy")).toEqual(done("stopped"));
  });

  it("that reboots is away for some seconds and has another id; one that crashes is gone", async () => {
    await pair.start("bella");
    pair.rack.xen.shutDown(name, "reboot");
    pair.pass(2);
    expect(pair.seen().bella).toEqual([]);
    pair.pass(15);
    expect(pair.rack.xen.domains("bella").map((domain) => domain.id)).toEqual([2]);
    pair.rack.xen.shutDown(name, "crash");
    expect(known((await facts("bella")).domains).domains[0]).toMatchObject({ state: "s", shutdownReason: "c" });
    pair.pass(5);
    expect(pair.seen().bella).toEqual([]);
  });

  it("ends with its host, and nothing but its records comes back", async () => {
    await pair.start("bella");
    pair.rack.reset("bella");
    pair.pass(40);
    const { domains, domainConfigurations } = await facts("bella");
    expect(known(domains).domains).toEqual([]);
    expect(known(domainConfigurations)).toHaveLength(1);
    expect(pair.happened("DomainEnded")).toMatchObject([{ host: "bella", uuid, why: "reset" }]);
  });

  it.each([
    ["NoMemory", () => pair.start("bella", configurationText({ memory: 4000 }))],
    ["BridgeMissing", () => pair.start("bella", configurationText({ bridge: "xenbr7" }))],
    ["BridgeOutsideBounds", () => pair.start("bella", configurationText({ bridge: "other" }))],
    ["ConfigurationDiffers", () => pair.start("bella", configurationText({ name: "other" }))],
  ] as const)("is refused: %s", async (reason, start) => {
    expect(await start()).toEqual(refused(reason));
    expect(pair.seen().bella).toEqual([]);
    expect(known((await facts("bella")).domainLocks)).toEqual([]);
  });

  it("is refused where another one has its name, where a stranger's file is meant, or nothing is mounted", async () => {
    pair.rack.xen.createDomain("bella", `name = "${name}"\nmemory = 64\n`);
    expect(await pair.start("bella")).toEqual(refused("DomainNameTaken"));
    pair.rack.xen.destroyDomain("bella", name);
    pair.rack.reset("bella");
    pair.pass(40);
    expect(await pair.start("bella")).toEqual(refused("NotMounted"));
  });

  it("keeps its configuration while it is there", async () => {
    await pair.start("bella");
    expect(await pair.act("bella", removeDomainConfiguration({ owner, uuid }))).toEqual(refused("DomainRunning"));
    await pair.stop("bella");
    expect(await pair.act("bella", removeDomainConfiguration({ owner, uuid }))).toEqual(done("removed"));
    expect(await pair.act("bella", removeDomainConfiguration({ owner, uuid }))).toEqual(done("absent"));
    const text = configurationText();
    expect(await pair.act("bella", writeDomainConfiguration({ owner, uuid, text, adopt: false }))).toEqual(
      done("written"),
    );
    expect(await pair.act("bella", writeDomainConfiguration({ owner, uuid, text, adopt: false }))).toEqual(
      done("unchanged"),
    );
  });

  it("takes its lock along when it has moved", async () => {
    await pair.start("bella");
    await pair.migrate();
    pair.pass(20);
    expect(await pair.act("bella", stopDomain({ owner, uuid, how: "Destroy", waitSeconds: 1 }))).toEqual(
      refused("DomainMigrating"),
    );
    pair.pass(40);
    const lock = { directory: locks, mountPoint, filesystem: pair.filesystem };
    expect(await pair.act("brutus", takeDomainLock({ owner, uuid, lock }))).toEqual(done("moved"));
    expect(await pair.act("brutus", takeDomainLock({ owner, uuid, lock }))).toEqual(done("unchanged"));
    expect(await pair.act("bella", takeDomainLock({ owner, uuid, lock }))).toEqual(refused("DomainMissing"));
  });
});

describe("an image", () => {
  const ensure = (change: Partial<Parameters<typeof ensureImage>[0]> = {}) =>
    pair.act(
      "bella",
      ensureImage({
        ...{ owner, uuid, mayFind: false, path: image, mountPoint, filesystem: pair.filesystem, sizeBytes: 32 * mib },
        ...change,
      }),
    );
  const remove = (host: "bella" | "brutus", path = image) =>
    pair.act(host, deleteImage({ owner, path, mountPoint, filesystem: pair.filesystem }));

  it("is made, grown, never shrunk, seen from every host, and deleted for its owner only", async () => {
    expect(await ensure({ sizeBytes: 64 * mib })).toEqual(done("grown"));
    expect(await ensure()).toEqual(done("unchanged"));
    expect(known((await facts("brutus", [image])).images)).toEqual([
      {
        ...{ path: image, kind: "File", sizeBytes: 64 * mib, work: undefined, users: [] },
        identity: expect.stringMatching(/^[0-9]+ 0$/),
        record: { identity: expect.any(String), owner: "vms/vm-test 77", uuid, origin: "Made" },
      },
    ]);
    const other = { namespace: "vms", name: "other", uid: "78" };
    const stranger = deleteImage({ owner: other, path: image, mountPoint, filesystem: pair.filesystem });
    expect(await pair.act("bella", stranger)).toEqual(refused("NotOurs"));
    await pair.start("bella");
    expect(await remove("bella")).toEqual(refused("ImageInUse"));
    await pair.stop("bella");
    expect(await remove("bella")).toEqual(done("deleted"));
    expect(await remove("brutus")).toEqual(done("absent"));
  });

  it("of somebody else is used, but never grown", async () => {
    const path = "/srv/xen/foreign.img";
    pair.rack.writeFile("bella", path, "x".repeat(1024));
    expect(await ensure({ path })).toEqual(refused("ImageForeign"));
    expect(await ensure({ path, sizeBytes: 1024 })).toEqual(refused("ImageForeign"));
    expect(await ensure({ path, sizeBytes: 1024, mayFind: true })).toEqual(done("recorded"));
    expect(await ensure({ path, sizeBytes: 1024 })).toEqual(done("unchanged"));
    expect(await ensure({ path, mayFind: true })).toEqual(refused("ImageForeign"));
  });

  it("that was recorded is never made anew, and another file of its name is not it", async () => {
    const [seen] = known((await facts("bella", [image])).images);
    const recorded = seen?.identity ?? "";
    pair.rack.removeFile("bella", image);
    expect(await ensure()).toEqual(refused("ImageMissing"));
    expect(await ensure({ path: "/srv/xen/other.img", recorded })).toEqual(refused("ImageMissing"));
    pair.rack.writeFile("bella", image, "x".repeat(1024));
    expect(await ensure()).toEqual(refused("ImageChanged"));
    expect(await pair.start("bella")).toEqual(refused("ImageChanged"));
  });

  it("is copied with its progress, and begun anew when its host died over it", async () => {
    const path = "/srv/xen/copy.img";
    createImage(pair.rack.world, pair.rack.host("bella"), "/srv/xen/source.img", 1024 * mib);
    const templates = ["source.img", "none.img"];
    const copy = { path, sizeBytes: 2048 * mib, source: "/srv/xen/source.img", templates };
    expect(await ensure(copy)).toEqual(done("copying"));
    pair.pass(5);
    const [seen] = known((await facts("bella", [path])).images);
    expect(seen).toMatchObject({ kind: "Missing", work: { state: "Copying", bytes: expect.any(Number) } });
    expect(await ensure(copy)).toEqual(done("copying"));
    pair.rack.reset("bella");
    pair.pass(40);
    pair.rack.xen.share(["bella"], mountPoint);
    expect(known((await facts("bella", [path])).images)[0]?.work?.state).toBe("Interrupted");
    expect(await ensure(copy)).toEqual(done("copying"));
    pair.pass(30);
    expect(known((await facts("bella", [path])).images)[0]).toMatchObject({
      kind: "File",
      sizeBytes: 2048 * mib,
      record: { owner: "vms/vm-test 77", uuid, origin: "Made" },
      work: undefined,
    });
    expect(await ensure({ ...copy, source: "/srv/xen/none.img", path: "/srv/xen/3.img" })).toEqual(
      refused("SourceMissing"),
    );
    expect(await ensure({ ...copy, sizeBytes: mib, path: "/srv/xen/4.img" })).toEqual(refused("SourceLarger"));
  });

  it("is copied from nothing but a template, and never from the image of a domain", async () => {
    const host = pair.rack.host("bella");
    createImage(pair.rack.world, host, "/srv/xen/source.img", mib);
    const copy = { path: "/srv/xen/5.img", source: "/srv/xen/source.img" };
    expect(await ensure(copy)).toEqual(refused("SourceNotTemplate"));
    expect(await ensure({ ...copy, templates: ["templates/*"] })).toEqual(refused("SourceNotTemplate"));
    expect(await ensure({ ...copy, source: image, templates: ["*.img"] })).toEqual(refused("SourceInUse"));
    host.running.mounts.at(-1)?.fileSystem.nodes.set("/link.img", { kind: "Symlink", inode: 901, target: image });
    expect(await ensure({ ...copy, source: "/srv/xen/link.img", templates: ["*.img"] })).toEqual(
      refused("SourceNotTemplate"),
    );
  });
});

describe("domains on an OCFS2 over the SAN", () => {
  it("keep it mounted, find their locks on every host, and end with a host that fences itself", async () => {
    const cluster = await onSharedFiles(await mountedStage(), clusterFilesystem);
    expect(await cluster.start("bella")).toEqual(done("started id 1"));
    expect(await cluster.start("brutus")).toEqual(refused("ImageLeased"));
    expect(await cluster.act("bella", unmountFilesystem(mountRequest))).toEqual(refused("FilesystemInUse"));
    await cluster.migrate();
    cluster.pass(60);
    expect(cluster.seen()).toEqual({ bella: [], brutus: [`${name} --`] });
    cluster.rack.setCable("brutus", "eth1", "Pulled");
    cluster.pass(400);
    expect(cluster.seen()).toEqual({ bella: [], brutus: [] });
    expectNeverTwice(cluster);
  });

  it("keep their lease beyond the death of their host, until the others have evicted it", async () => {
    const cluster = await onSharedFiles(await mountedStage(), clusterFilesystem);
    await cluster.start("bella");
    cluster.rack.powerOff("bella");
    expect(await cluster.start("brutus")).toEqual(refused("ImageLeased"));
    cluster.pass(200);
    expect(await cluster.start("brutus")).toEqual(refused("DomainLocked"));
  });
});
