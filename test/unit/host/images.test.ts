import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { probe } from "../../../src/host/actions.ts";
import { deleteImage, ensureImage } from "../../../src/host/image-actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, filesystem, shells } from "./fake-dom0.ts";

const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const mib = 2 ** 20;
const done = (detail: string) => ({ kind: "done", detail });

describe.each(shells)("an image on the share, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
  });
  afterEach(() => {
    dom0.end();
    execFileSync("rm", ["-rf", "/dev/shm/.xensan"]);
  });
  const at = (name: string) => `${dom0.share}/${name}`;
  const place = (name: string) => ({ owner, path: at(name), mountPoint: dom0.mountPoint, filesystem });
  const ensure = (name: string, sizeBytes: number, source?: string) =>
    dom0.act(ensureImage({ ...place(name), sizeBytes, ...copied(source) }));
  const copied = (source: string | undefined, templates = ["xensan-share-*/template.img"]) =>
    source === undefined ? {} : { source: at(source), templates };
  const remove = (name: string) => dom0.act(deleteImage(place(name)));
  const look = (name: string) => {
    const request = { roles: ["Client" as const], backings: [], segments: [], images: [at(name)] };
    const facts = parseProbe(dom0.run(probe(request)).stdout).images;
    if (facts.state !== "known") throw new Error(JSON.stringify(facts));
    return facts.value[0];
  };

  it("is made sparse, grows, never shrinks, and goes with its owner only", () => {
    expect(look("a.img")).toMatchObject({ kind: "Missing", owner: "", work: undefined });
    expect(ensure("a.img", 8 * mib)).toEqual(done("created"));
    expect(look("a.img")).toMatchObject({
      kind: "File",
      sizeBytes: 8 * mib,
      owner: "xen/vm2 1111-aa",
      work: undefined,
    });
    expect(statSync(at("a.img")).blocks * 512).toBeLessThan(mib);
    expect(ensure("a.img", 8 * mib)).toEqual(done("unchanged"));
    expect(ensure("a.img", 16 * mib)).toEqual(done("grown"));
    expect(ensure("a.img", 8 * mib)).toEqual(done("unchanged"));
    expect(look("a.img")).toMatchObject({ sizeBytes: 16 * mib, owner: "xen/vm2 1111-aa" });
    const stranger = { ...owner, uid: "2222-bb" };
    expect(dom0.act(deleteImage({ ...place("a.img"), owner: stranger }))).toMatchObject({ reason: "NotOurs" });
    expect(remove("a.img")).toEqual(done("deleted"));
    expect(remove("a.img")).toEqual(done("absent"));
  });

  it("is made in a directory that is not there yet", () => {
    expect(ensure("guests/a.img", mib)).toEqual(done("created"));
    expect(look("guests/a.img")).toMatchObject({ owner: "xen/vm2 1111-aa" });
  });

  it("is a whole copy of its source, and as large as it should be", async () => {
    writeFileSync(at("template.img"), Buffer.concat([Buffer.alloc(3 * mib, "x"), Buffer.alloc(mib)]));
    const first = ensure("a.img", 6 * mib, "template.img");
    expect(["copying", "copied"]).toContain(first.kind === "done" ? first.detail : first);
    const deadline = systemClock.monotonic() + 20_000;
    while (look("a.img")?.kind !== "File" && systemClock.monotonic() < deadline) await systemClock.sleep(50);
    expect(look("a.img")).toMatchObject({ sizeBytes: 6 * mib, owner: "xen/vm2 1111-aa", work: undefined });
    execFileSync("cmp", ["-n", String(4 * mib), at("template.img"), at("a.img")]);
    expect(ensure("a.img", 6 * mib, "template.img")).toEqual(done("unchanged"));
    expect(remove("a.img")).toEqual(done("deleted"));
  });

  it("is copied from nothing but a template, and never from the image of a domain", () => {
    const copy = (source: string, templates: string[]) =>
      dom0.act(ensureImage({ ...place("copy.img"), sizeBytes: mib, ...copied(source, templates) }));
    writeFileSync(at("template.img"), "t".repeat(4096));
    symlinkSync("/etc/shadow", at("link.img"));
    mkdirSync(at("dir"));
    symlinkSync(at("dir"), at("way"));
    writeFileSync(at("dir/template.img"), "t");
    expect(ensure("a.img", mib)).toEqual(done("created"));
    const everything = ["xensan-share-*/*.img", "xensan-share-*/*/*.img"];
    expect(copy("template.img", [])).toMatchObject({ reason: "SourceNotTemplate" });
    expect(copy("template.img", ["*.img"])).toMatchObject({ reason: "SourceNotTemplate" });
    expect(copy("link.img", everything)).toMatchObject({ reason: "SourceNotTemplate" });
    expect(copy("way/template.img", everything)).toMatchObject({ reason: "SourceNotTemplate" });
    expect(copy("a.img", everything)).toMatchObject({
      reason: "SourceInUse",
      message: `${at("a.img")} was made for a domain`,
    });
    expect(copy("template.img", everything)).toEqual(done("copied"));
  });

  it("begins anew after a copy that was cut off", () => {
    const host = execFileSync("uname", ["-n"], { encoding: "utf8" }).trim().split(".")[0];
    writeFileSync(at("template.img"), "t".repeat(4096));
    writeFileSync(at(`a.img.xensan-copy.${host}`), "half");
    expect(look("a.img")).toMatchObject({ kind: "Missing", work: { state: "Interrupted", bytes: 4 } });
    expect(ensure("a.img", 4096, "template.img")).toEqual(done("copied"));
    expect(look("a.img")).toMatchObject({ kind: "File", sizeBytes: 4096, work: undefined });
  });

  it("may be somebody else's when it is large enough, and is then never grown, replaced or deleted", () => {
    writeFileSync(at("a.img"), "");
    truncateSync(at("a.img"), 4 * mib);
    expect(ensure("a.img", 4 * mib)).toEqual(done("unchanged"));
    expect(ensure("a.img", 8 * mib)).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(remove("a.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
    expect(look("a.img")).toMatchObject({ sizeBytes: 4 * mib, owner: "" });
  });

  it("is no longer ours once somebody put another file there", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    linkSync(at("a.img"), at("kept"));
    execFileSync("rm", [at("a.img")]);
    writeFileSync(at("a.img"), "another");
    expect(look("a.img")?.owner).toBe("");
    expect(remove("a.img")).toMatchObject({ reason: "NotOurs" });
  });

  it("is not deleted while a process has it open", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    const holder = execFileSync("sh", ["-c", `sleep 60 <"$1" >/dev/null 2>&1 & echo $!`, "sh", at("a.img")], {
      encoding: "utf8",
    });
    expect(remove("a.img")).toMatchObject({ reason: "ImageInUse", message: expect.stringContaining(holder.trim()) });
    process.kill(Number(holder), "SIGKILL");
  });

  it.each<[string, (name: (name: string) => string) => void, string]>([
    ["is a symbolic link", (name) => symlinkSync("/etc/passwd", name("a.img")), "ImageForeign"],
    ["is reached over a symbolic link", (name) => symlinkSync("/tmp", name("out")), "ImageForeign"],
    ["has no source", (name) => name("template.img"), "SourceMissing"],
    ["is smaller than its source", (name) => writeFileSync(name("template.img"), "x".repeat(2 * mib)), "SourceLarger"],
  ])("is refused when it %s", (how, given, reason) => {
    given(at);
    const name = how.includes("over") ? "out/a.img" : "a.img";
    const source = how.includes("source") ? "template.img" : undefined;
    expect(ensure(name, mib, source)).toMatchObject({ kind: "refused", reason });
  });

  it("is not made where another file system is mounted", () => {
    const elsewhere = { ...place("a.img"), filesystem: "00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c", sizeBytes: mib };
    expect(dom0.act(ensureImage(elsewhere))).toMatchObject({ kind: "refused", reason: "NotMounted" });
    expect(dom0.act(ensureImage({ ...elsewhere, filesystem, sizeBytes: 2 ** 50 }))).toMatchObject({
      kind: expect.stringMatching(/refused|failed|done/),
    });
  });
});
