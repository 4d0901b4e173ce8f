import { describe, expect, it } from "vitest";
import { createImage, resolve } from "../../src/sim/model/storage.ts";
import { at, xenDomain } from "../simulation/scenarios/objects.ts";
import { tutorialObjects } from "../simulation/scenarios/tutorial.ts";
import type { Stage } from "../simulation/stage.ts";
import { abandon, allReady, bytes, domainSays, executing, image, otherOf, readiness, ready } from "./rack-story.ts";
import { commands, eventually, message, minutes, status, word } from "./rig.ts";

const declare = (stage: Stage) => {
  for (const object of tutorialObjects(["XenDomain"])) stage.apply(object);
};
const home = (stage: Stage) => executing(stage)[0]?.split(" ")[0] ?? "";
const halt = async (stage: Stage) => {
  stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Halted" } });
  await eventually(stage, () => executing(stage), []);
};
const making = (sent: readonly string[]) => sent.filter((one) => /ensure-image|start-domain|start-migration/.test(one));

describe("a XenDomain that is abandoned and applied again", () => {
  it("is the same domain: one copy, on the same bytes", async () => {
    const stage = await ready();
    const before = [executing(stage), bytes(stage)];
    await abandon(stage, "XenDomain", "vm-test");
    declare(stage);
    await eventually(stage, () => readiness(stage), allReady);
    await stage.advance(minutes(10));
    expect([executing(stage), bytes(stage)]).toEqual(before);
  });
});

describe("a domain that another hand runs from an image", () => {
  it("is named, with its host, and no second copy is started", async () => {
    const stage = await ready();
    await halt(stage);
    await abandon(stage, "XenDomain", "vm-test");
    stage.rack.xen.createDomain(
      "brutus",
      `name = "oldvm"\nuuid = "37baabc6-98d5-48a2-9634-a38b12e29c01"\ntype = "pvh"\nmemory = 128\nvcpus = 1\nkernel = "/boot/vmlinuz-guest"\ndisk = [ "format=raw, vdev=xvda, access=rw, target=${image}" ]\n`,
    );
    const before = [executing(stage), bytes(stage)];
    declare(stage);
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageInUse");
    await stage.advance(minutes(10));
    expect([executing(stage), bytes(stage)]).toEqual(before);
    expect(message(stage, "XenDomain", "vm-test", "DisksReady")).toMatch(/domain oldvm \(id \d+.*\) on brutus/);
    // Once the foreign domain is gone, the image may be used again.
    stage.rack.xen.destroyDomain("brutus", "oldvm");
    await eventually(stage, () => domainSays(stage, "Ready"), "True/Ready");
  });
});

describe("a recorded image that vanishes", () => {
  it("under a running domain: an alarm, nothing is made, nothing moves, and the guest runs on", async () => {
    const stage = await ready();
    const [at0 = ""] = executing(stage);
    const host = home(stage);
    stage.rack.removeFile(host, image);
    const sent = commands(stage);
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageMissing");
    stage.apply({
      apiVersion: "xensan.dev/v1alpha1",
      kind: "XenMigration",
      metadata: at("move"),
      spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: otherOf(host) } },
    } as never);
    await stage.advance(minutes(15));
    expect(executing(stage)).toEqual([at0]);
    expect(making(sent)).toEqual([]);
    expect(word(stage, "XenMigration", "move", "Succeeded")).toBe("Unknown/ImageMissing");
    expect(message(stage, "XenMigration", "move", "Admitted")).toContain(image);
  });

  it("of a halted one: it is not started, and nothing is put in its place", async () => {
    const stage = await ready();
    const host = home(stage);
    await halt(stage);
    stage.rack.removeFile(host, image);
    await stage.advance(minutes(2));
    const before = bytes(stage);
    const sent = commands(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageMissing");
    await stage.advance(minutes(10));
    expect([executing(stage), bytes(stage), making(sent)]).toEqual([[], before, []]);
    expect(message(stage, "XenDomain", "vm-test", "DisksReady")).toContain(image);
  });

  it("of a halted one: another is made once a person has given up the very file, and no third one by the same word", async () => {
    const stage = await ready();
    const host = home(stage);
    await halt(stage);
    const says = () => domainSays(stage, "DisksReady");
    const lose = async () => {
      stage.rack.removeFile(host, image);
      await eventually(stage, says, "False/ImageMissing");
    };
    await lose();
    const text = message(stage, "XenDomain", "vm-test", "DisksReady");
    const word = /xensan\.dev\/approve="(ReplaceImage:[^"]*)"/.exec(text)?.[1];
    expect(word).toMatch(/^ReplaceImage:\d+ \d+ \/srv\/xen\/vm-test\.img$/);
    stage.patch("XenDomain", at("vm-test"), { metadata: { annotations: { "xensan.dev/approve": word } } });
    await eventually(stage, says, "True/DisksReady");
    const made = bytes(stage).filter((one) => one.includes("vm-test"));
    expect(made).toHaveLength(1);
    await lose();
    await stage.advance(minutes(5));
    expect([bytes(stage).filter((one) => one.includes("vm-test")), says()]).toEqual([[], "False/ImageMissing"]);
  });

  it("that is there when it is given up is not made anew when it is lost later", async () => {
    const stage = await ready();
    const host = home(stage);
    const identity = stage.rack.xen.domains(host).flatMap(({ disks }) => disks.map(({ file }) => `${file?.inode} 0`));
    const approve = `ReplaceImage:${identity.join()} ${image}`;
    stage.patch("XenDomain", at("vm-test"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => status(stage, "XenDomain", "vm-test").endedApproval, approve, 2);
    await halt(stage);
    stage.rack.removeFile(host, image);
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageMissing");
    const before = bytes(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await stage.advance(minutes(10));
    expect([executing(stage), bytes(stage)]).toEqual([[], before]);
  });

  it("under a running domain: it stays open there, and nothing takes its name while it runs", async () => {
    const stage = await ready();
    const host = home(stage);
    const identity = stage.rack.xen.domains(host).flatMap(({ disks }) => disks.map(({ file }) => `${file?.inode} 0`));
    stage.rack.removeFile(host, image);
    const approve = `ReplaceImage:${identity.join()} ${image}`;
    stage.patch("XenDomain", at("vm-test"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageMissing");
    const before = [executing(stage), bytes(stage)];
    await stage.advance(minutes(5));
    expect([executing(stage), bytes(stage)]).toEqual(before);
  });
});

describe("a recorded image that has lost its end", () => {
  const fileOn = (stage: Stage, host: string) => {
    const { node } = resolve(stage.rack.host(host), image);
    if (node?.kind !== "File") throw new Error(`no file ${image}`);
    return node;
  };

  it("is not grown under a running domain, and its domain is not started again", async () => {
    const stage = await ready();
    const host = home(stage);
    const file = fileOn(stage, host);
    const whole = file.sizeBytes;
    file.sizeBytes = whole / 2;
    const [before, sent] = [executing(stage), commands(stage)];
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageChanged");
    await stage.advance(minutes(5));
    expect([executing(stage), file.sizeBytes, making(sent)]).toEqual([before, whole / 2, []]);
    await halt(stage);
    stage.patch("XenDomain", at("vm-test"), { spec: { powerState: "Running" } });
    await stage.advance(minutes(5));
    expect([executing(stage), file.sizeBytes, making(sent)]).toEqual([[], whole / 2, []]);
    file.sizeBytes = whole;
    await eventually(stage, () => domainSays(stage, "Ready"), "True/Ready");
  });

  it("is grown once a person has given up the rest, and not a second time by the same word", async () => {
    const stage = await ready();
    const file = fileOn(stage, home(stage));
    const whole = file.sizeBytes;
    await halt(stage);
    file.sizeBytes = whole / 2;
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageChanged");
    const text = message(stage, "XenDomain", "vm-test", "DisksReady");
    const approve = /xensan\.dev\/approve="(ReplaceImage:[^"]*)"/.exec(text)?.[1];
    stage.patch("XenDomain", at("vm-test"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => domainSays(stage, "DisksReady"), "True/DisksReady");
    expect(file.sizeBytes).toBe(whole);
    file.sizeBytes = whole / 2;
    await eventually(stage, () => domainSays(stage, "DisksReady"), "False/ImageChanged");
    await stage.advance(minutes(5));
    expect(file.sizeBytes).toBe(whole / 2);
  });
});

describe("a XenDomain that is deleted while its template is copied", () => {
  const path = "/srv/xen/web.img";
  const disk = {
    ...{ device: "xvda", path: "web.img", size: "64Mi" },
    filesystemRef: { clusterRef: { name: "xen" }, label: "data" },
  };
  const declared = (sourcePath: string, deletionPolicy: string) =>
    xenDomain("web", ["bella", "brutus"], { disks: [{ ...disk, sourcePath }], memory: "64Mi", deletionPolicy });
  const nodeAt = (stage: Stage, file: string) => {
    const { node } = resolve(stage.rack.host("bella"), file);
    return node?.kind === "File" ? node : undefined;
  };
  const says = (stage: Stage, type: string) => word(stage, "XenDomain", "web", type);

  /** The copy of 64 MiB takes four minutes; the deletion comes in its middle. */
  async function deletedMidway(deletionPolicy: string): Promise<Stage> {
    const stage = await ready();
    for (const name of ["debian-11", "debian-12"]) {
      createImage(stage.rack.world, stage.rack.host("bella"), `/srv/xen/${name}.img`, 64 * 2 ** 20);
      const node = nodeAt(stage, `/srv/xen/${name}.img`);
      if (node !== undefined) node.content.label = name;
    }
    Object.assign(stage.rack.world.timings, { copyMebibyte: 4_000 });
    const [filesystem] = Object(stage.find("Ocfs2Cluster", at("xen"))).spec.filesystems;
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { filesystems: [{ ...filesystem, templates: ["debian-*.img"] }] } });
    stage.apply(declared("debian-11.img", deletionPolicy));
    await eventually(stage, () => message(stage, "XenDomain", "web", "DisksReady").includes("is being copied"), true);
    stage.delete("XenDomain", at("web"));
    await eventually(stage, () => says(stage, "DeletionBlocked"), "True/ImageInUse", 2);
    expect(message(stage, "XenDomain", "web", "DeletionBlocked")).toContain(`${path} is being copied`);
    expect(nodeAt(stage, path)).toBeUndefined();
    return stage;
  }

  it("with Delete goes with the image of the copy, and the next one gets its own template", async () => {
    const stage = await deletedMidway("Delete");
    await eventually(stage, () => stage.find("XenDomain", at("web")), undefined);
    expect(nodeAt(stage, path)).toBeUndefined();
    stage.apply(declared("debian-12.img", "Delete"));
    await eventually(stage, () => says(stage, "Ready"), "True/Ready", 15);
    expect(nodeAt(stage, path)?.content.label).toBe("debian-12");
  });

  it("with Retain is released only after the copy, and leaves the finished image", async () => {
    const stage = await deletedMidway("Retain");
    await eventually(stage, () => stage.find("XenDomain", at("web")), undefined);
    const left = nodeAt(stage, path);
    expect([left?.sizeBytes, left?.content.label]).toEqual([64 * 2 ** 20, "debian-11"]);
    await stage.advance(minutes(5));
    expect(nodeAt(stage, path)).toBe(left);
  });

  it("on a host that then dies is released once that is confirmed, and the next one gets its own template", async () => {
    const stage = await deletedMidway("Retain");
    const copier = ["bella", "brutus"].find((host) => stage.rack.host(host).running.xen.copies.has(path)) ?? "";
    const { bootID } = Object(status(stage, "XenHost", copier).facts);
    stage.rack.powerOff(copier);
    await eventually(stage, () => says(stage, "DeletionBlocked"), "True/HostUnknown");
    stage.patch("XenHost", at(copier), { metadata: { annotations: { "xensan.dev/forget": bootID } } });
    await eventually(stage, () => stage.find("XenDomain", at("web")), undefined);
    stage.apply(declared("debian-12.img", "Retain"));
    await eventually(stage, () => says(stage, "Ready"), "True/Ready", 15);
    const { node } = resolve(stage.rack.host(otherOf(copier)), path);
    expect(node?.kind === "File" ? node.content.label : undefined).toBe("debian-12");
  });
});
