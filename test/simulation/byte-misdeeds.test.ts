import { describe, expect, it } from "vitest";
import { blankContent } from "../../src/sim/model/content.ts";
import { endDomain } from "../../src/sim/model/domain.ts";
import { holdLease } from "../../src/sim/model/lease.ts";
import { createImage, remove, rename, resolve } from "../../src/sim/model/storage.ts";
import { startVblade } from "../../src/sim/model/vblade.ts";
import { note } from "../../src/sim/model/world.ts";
import { HostError } from "../../src/ssh/host-session.ts";
import { beatingIsAlive } from "./invariants/beating-is-alive.ts";
import { missingLeases } from "./leases.ts";
import { broken, byCommand, stageFor } from "./misdeeds.ts";
import { at, xenDomain, xenHost } from "./scenarios/objects.ts";
import type { Stage } from "./stage.ts";

const path = "/srv/xen/web.img";
const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c01";
const other = "37baabc6-98d5-48a2-9634-a38b12e29c02";
const text = (name: string, as: string, image = path) =>
  `name = "${name}"\nuuid = "${as}"\nmemory = 128\ndisk = [ "format=raw, vdev=xvda, access=rw, target=${image}" ]\n`;
const host = (stage: Stage, name = "bella") => [stage.rack.world, stage.rack.host(name)] as const;

/** bella and brutus share /srv/xen, and the domain `web` has its image there. */
function stageWithImage(): Stage {
  const stage = stageFor();
  stage.rack.xen.share(["bella", "brutus"], "/srv/xen");
  stage.apply(xenDomain("web", ["bella", "brutus"]));
  byCommand(stage, () => createImage(...host(stage), path, 4096));
  expect(stage.violations).toEqual([]);
  return stage;
}

describe("one image in two domains", () => {
  it("is caught on two hosts, by whatever name and UUID", () => {
    const stage = stageWithImage();
    stage.rack.xen.createDomain("bella", text("web", uuid));
    rename(...host(stage), path, "/srv/xen/moved.img");
    expect(stage.violations).toEqual([]);
    stage.rack.xen.createDomain("brutus", text("db", other, "/srv/xen/moved.img"));
    expect(broken(stage)).toEqual(["bytes have one writer"]);
  });

  it("is none when another file took the name, or the first one has ended", () => {
    const stage = stageWithImage();
    stage.rack.xen.createDomain("bella", text("web", uuid));
    rename(...host(stage), path, "/srv/xen/moved.img");
    createImage(...host(stage), path, 4096);
    stage.rack.xen.createDomain("brutus", text("db", other));
    stage.rack.xen.destroyDomain("bella", "web");
    stage.rack.xen.createDomain("bella", text("web", uuid, "/srv/xen/moved.img"));
    expect(broken(stage).filter((name) => name === "bytes have one writer")).toEqual([]);
  });

  it("is caught for a disk that two vblades serve", () => {
    const stage = stageFor();
    for (const slot of ["1", "7"])
      startVblade(stage.rack.world, stage.rack.host("san"), ["0", slot, "eth1", "/dev/vdb"], {
        by: "None",
        instance: "",
      });
    expect(broken(stage)).toContain("bytes have one writer");
  });
});

describe("a domain that is started without the lease on its image", () => {
  const start = (stage: Stage, name: string) => {
    note(...host(stage, name), { kind: "CommandBegun", id: 1, script: "start-domain", args: ["san/web 1", uuid] });
    byCommand(stage, () => stage.rack.xen.createDomain(name, text("web", uuid)));
  };
  const hold = (stage: Stage, name: string, how: "Alone" | "Beside") => {
    const { node } = resolve(stage.rack.host(name), path);
    const files = node?.kind === "File" ? [{ path, file: node, readOnly: false }] : [];
    return holdLease(...host(stage, name), { uuid, how, until: 0, files, nodeOf: () => undefined });
  };

  it("is caught when nobody holds it, and when another host holds one beside it", () => {
    const stage = stageWithImage();
    start(stage, "bella");
    expect(stage.violations).toEqual([expect.stringContaining(`${path} is opened on bella, and leased by nobody`)]);
    const second = stageWithImage();
    for (const name of ["bella", "brutus"]) expect(hold(second, name, "Beside")).toBeUndefined();
    start(second, "bella");
    expect(second.violations).toEqual([expect.stringContaining("leased by bella and brutus")]);
  });

  it("is in the right with it, and at rest no host holds one for a domain that is elsewhere", () => {
    const stage = stageWithImage();
    expect(hold(stage, "bella", "Alone")).toBeUndefined();
    expect(hold(stage, "brutus", "Alone")).toBe(path);
    start(stage, "bella");
    expect(stage.violations).toEqual([]);
    expect(missingLeases(stage)).toEqual([]);
    expect(hold(stage, "brutus", "Beside")).toBeUndefined();
    expect(missingLeases(stage)).toEqual([`brutus holds a lease for the domain ${uuid}, which is not there`]);
  });
});

describe("what was recorded", () => {
  it("is caught being made anew after somebody took it away", () => {
    const stage = stageWithImage();
    rename(...host(stage), path, "/srv/xen/kept.img");
    expect(stage.violations).toEqual([]);
    byCommand(stage, () => createImage(...host(stage), path, 4096));
    expect(broken(stage)).toContain("recorded is never re-created");
  });

  it("may be made again where a command deleted it", () => {
    const stage = stageWithImage();
    byCommand(stage, () => remove(...host(stage), path));
    byCommand(stage, () => createImage(...host(stage), path, 4096));
    expect(broken(stage)).not.toContain("recorded is never re-created");
  });

  it("is caught being deleted when somebody else made it", () => {
    const stage = stageWithImage();
    createImage(...host(stage), "/srv/xen/theirs.img", 4096);
    byCommand(stage, () => remove(...host(stage), "/srv/xen/theirs.img"));
    expect(broken(stage)).toContain("recorded is never re-created");
  });
});

describe("a domain that xensan did not start", () => {
  const end = (stage: Stage) => {
    const [domain] = stage.rack.xen.domains("bella");
    if (domain !== undefined) byCommand(stage, () => endDomain(...host(stage), domain, "test"));
  };

  it("is caught being ended, unless the owner of the host allows it", () => {
    const stage = stageWithImage();
    stage.rack.xen.createDomain("bella", text("web", uuid));
    end(stage);
    expect(broken(stage)).toEqual(["what others declared is left alone"]);
    stage.apply(xenHost("bella", 2210, { allowed: { domains: [uuid] } }));
    stage.rack.xen.createDomain("bella", text("web", uuid));
    end(stage);
    expect(stage.violations).toHaveLength(1);
  });

  it("is caught being ended for another object than it was started for", () => {
    const stage = stageWithImage();
    const begun = (id: number, script: string, owner: string) =>
      note(...host(stage), { kind: "CommandBegun", id, script, args: [owner, uuid] });
    begun(1, "start-domain", "san/web 1");
    stage.rack.xen.createDomain("bella", text("web", uuid));
    begun(1, "stop-domain", "san/rival 2");
    end(stage);
    expect(stage.violations).toEqual([expect.stringContaining("which was started for san/web")]);
    stage.rack.xen.createDomain("bella", text("web", uuid));
    begun(1, "stop-domain", "san/web 3");
    end(stage);
    expect(stage.violations).toHaveLength(1);
  });
});

/** The host writes its heartbeat on a file system of its own, mounted on /srv/xen. */
function beats(stage: Stage, name: string, node: number): void {
  const { o2cb } = stage.rack.host(name).running;
  const [content, close] = [blankContent("ocfs2"), () => undefined];
  const common = { device: "/dev/etherd/e0.1", content, node, close };
  o2cb.regions.set("F5", {
    ...{ ...common, uuid: "F5", aoe: undefined, hungSince: undefined, armedAt: 0, failed: false, errors: false },
  });
  o2cb.mounts.push({
    ...common,
    mountPoint: "/srv/xen",
    uuid: "f5",
    slot: node,
    backing: "san block:254:16",
    users: [],
  });
}

const unreachable = new HostError("Unreachable", "no route to host", { started: false });

describe("a node that beats", () => {
  const sent = (stage: Stage, script: string, changes: boolean, host = "bella") => ({
    ...{ life: stage.life, host, script, args: [], changes },
  });
  const watched = (stage: Stage, violations: string[]) =>
    beatingIsAlive.watch({
      rack: stage.rack,
      server: stage.server,
      now: () => stage.clock.now(),
      violated: (message) => violations.push(message),
    });

  it("is not passed over by a start or a deletion because it cannot be reached", () => {
    const stage = stageFor();
    const violations: string[] = [];
    const watcher = watched(stage, violations);
    for (const [node, name] of ["bella", "brutus"].entries()) beats(stage, name, node);
    watcher.onSent?.(sent(stage, "start-domain", true));
    watcher.onAnswered?.(sent(stage, "probe", false, "brutus"), unreachable);
    watcher.onSent?.(sent(stage, "delete-image", true));
    expect(violations).toEqual([
      "bella: start-domain while brutus beats and has not been seen",
      "bella: delete-image while brutus beats and has not been seen",
    ]);
    watcher.onAnswered?.(sent(stage, "probe", false, "brutus"), {
      exitCode: 0,
      stdout: "",
      stderr: "",
      milliseconds: 1,
    });
    watcher.onSent?.(sent(stage, "start-domain", true));
    stage.rack.host("brutus").running.o2cb.regions.clear();
    watcher.onAnswered?.(sent(stage, "probe", false, "brutus"), unreachable);
    watcher.onSent?.(sent(stage, "start-domain", true));
    expect(violations).toHaveLength(2);
  });
});

describe("a node that was counted as dead", () => {
  it("is caught executing what is on the file system, until it has rebooted", () => {
    const stage = stageWithImage();
    beats(stage, "bella", 0);
    stage.rack.xen.createDomain("bella", text("web", uuid));
    note(...host(stage, "brutus"), { kind: "NodeRecovered", uuid: "f5", node: 0 });
    expect(broken(stage)).toEqual(["the dead do not write"]);
    stage.rack.xen.createDomain("bella", text("db", other, "/srv/xen/none.img"));
    expect(broken(stage)).toEqual(["the dead do not write", "the dead do not write", "the dead do not write"]);
  });

  it("is not taken for dead because it empties its own slot of before a reboot", () => {
    const stage = stageWithImage();
    beats(stage, "bella", 0);
    note(...host(stage), { kind: "NodeRecovered", uuid: "f5", node: 0 });
    stage.rack.xen.createDomain("bella", text("web", uuid));
    expect(broken(stage)).toEqual([]);
  });
});

/** Records the proof that bella is dead, as the operator does. */
function prove(stage: Stage, bootID: string): void {
  const kind = stage.server.kindNamed("XenHost");
  const proof = { kind: "StorageDeath", bootID, message: "nobody sees it", time: "2026-11-28T12:00:00Z" };
  const claimed = { apiVersion: "xensan.dev/v1alpha1", kind: "XenHost", metadata: at("bella"), status: { proof } };
  stage.server.apply(kind, claimed, { manager: "xensan", force: true, status: true });
}

describe("a boot that the status of a XenHost calls dead", () => {
  it("is caught beating and executing", () => {
    const stage = stageWithImage();
    beats(stage, "bella", 0);
    stage.rack.xen.createDomain("bella", text("web", uuid));
    expect(stage.violations).toEqual([]);
    const { bootId } = stage.rack.host("bella").running;
    prove(stage, bootId);
    expect(broken(stage)).toEqual(["the dead do not write", "the dead do not write"]);
  });

  it("is another one after a reboot", () => {
    const stage = stageWithImage();
    const { bootId } = stage.rack.host("bella").running;
    stage.rack.reset("bella");
    prove(stage, bootId);
    expect(broken(stage)).toEqual([]);
  });
});
