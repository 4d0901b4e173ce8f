import { describe, expect, it } from "vitest";
import { ensurePlace } from "../../../../src/controllers/xen-domain/ensure-place.ts";
import { longPath } from "../../../../src/controllers/xen-domain/long-path.ts";
import { release } from "../../../../src/controllers/xen-domain/release.ts";
import { decision } from "../decision.ts";
import { domain } from "./observations.ts";

const filesystem = { label: "DATA", mountPoint: `/srv${"/a".repeat(100)}` };
const below = (length: number) => longPath({ device: "xvda", path: "b/".repeat(length / 2) }, filesystem);
const message =
  "path of xvda has 308 characters, and 513 with the mount point of file system DATA: together they must have at most 512";

describe("a path that is too long with its mount point", () => {
  it("is one that no host takes", () => {
    expect(below(306)).toBeUndefined();
    expect(below(308)).toBe(message);
  });

  it("is said, and keeps nobody from deleting the domain: there is no image", () => {
    const one = domain({}, { deletionPolicy: "Delete" });
    const long = {
      ...one,
      disks: one.disks.map(({ disk }) => ({ disk, filesystem: { state: "TooLong", message } as const })),
    };
    expect(decision(ensurePlace(long)).conditions).toEqual([
      `DisksReady False InvalidSpec: ${message}`,
      `Running False InvalidSpec: ${message}`,
    ]);
    expect(release(long)).toEqual({ kind: "Released" });
  });
});
