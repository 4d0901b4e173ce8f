import { execFileSync, spawn } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { probe } from "../../../src/host/actions.ts";
import { deleteImage, ensureImage } from "../../../src/host/image-actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, filesystem, shells } from "./fake-dom0.ts";

const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c01";
const record = (origin: string) => ({ owner: "xen/vm2 1111-aa", uuid, origin });
const mib = 2 ** 20;
const done = (detail: string) => ({ kind: "done", detail });

/** Where the fake dom0 has its shared file system. */
const records = "/dev/shm/.xensan/images";

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
  const place = (name: string) => ({
    owner,
    uuid,
    mayFind: false,
    path: at(name),
    mountPoint: dom0.mountPoint,
    filesystem,
  });
  const ensure = (name: string, sizeBytes: number, source?: string, more: object = {}) =>
    dom0.act(ensureImage({ ...place(name), sizeBytes, ...copied(source), ...more }));
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
    expect(look("a.img")).toMatchObject({ kind: "Missing", record: undefined, work: undefined });
    expect(ensure("a.img", 8 * mib)).toEqual(done("created"));
    expect(look("a.img")).toMatchObject({
      kind: "File",
      sizeBytes: 8 * mib,
      record: record("Made"),
      work: undefined,
    });
    expect(statSync(at("a.img")).blocks * 512).toBeLessThan(mib);
    expect(ensure("a.img", 8 * mib)).toEqual(done("unchanged"));
    expect(ensure("a.img", 16 * mib)).toEqual(done("grown"));
    expect(ensure("a.img", 8 * mib)).toEqual(done("unchanged"));
    expect(look("a.img")).toMatchObject({ sizeBytes: 16 * mib, record: record("Made") });
    const stranger = { ...owner, name: "vm3" };
    expect(dom0.act(deleteImage({ ...place("a.img"), owner: stranger }))).toMatchObject({ reason: "NotOurs" });
    expect(remove("a.img")).toEqual(done("deleted"));
    expect(remove("a.img")).toEqual(done("absent"));
  });

  it("is made in a directory that is not there yet", () => {
    expect(ensure("guests/a.img", mib)).toEqual(done("created"));
    expect(look("guests/a.img")).toMatchObject({ record: record("Made") });
  });

  it("is a whole copy of its source, and as large as it should be", async () => {
    writeFileSync(at("template.img"), Buffer.concat([Buffer.alloc(3 * mib, "x"), Buffer.alloc(mib)]));
    const first = ensure("a.img", 6 * mib, "template.img");
    expect(["copying", "copied"]).toContain(first.kind === "done" ? first.detail : first);
    const deadline = systemClock.monotonic() + 20_000;
    while (look("a.img")?.kind !== "File" && systemClock.monotonic() < deadline) await systemClock.sleep(50);
    expect(look("a.img")).toMatchObject({ sizeBytes: 6 * mib, record: record("Made"), work: undefined });
    execFileSync("cmp", ["-n", String(4 * mib), at("template.img"), at("a.img")]);
    expect(ensure("a.img", 6 * mib, "template.img")).toEqual(done("unchanged"));
    expect(remove("a.img")).toEqual(done("deleted"));
  });

  it("is never the inode that a person gave up, used again", () => {
    const moved = `${dom0.directory}/moved`;
    dom0.program(
      "stat",
      `#!/bin/sh\ncase "$1 $2" in "-c %W") echo 0 ;; "-c %i") [ -e ${moved} ] && echo 8 || echo 7 ;; *) exec /usr/bin/stat "$@" ;; esac\n`,
    );
    dom0.program("mv", `#!/bin/sh\ncase $* in *.same) : >${moved} ;; esac\nexec /bin/mv "$@"\n`);
    expect(ensure("a.img", mib, undefined, { replaces: "7 0" })).toEqual(done("created"));
    expect(look("a.img")).toMatchObject({ record: { identity: "8 0" } });
    expect(readdirSync(dom0.share)).toEqual(["a.img"]);
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

  it("is never a copy that another run has begun under the same name", async () => {
    writeFileSync(at("template.img"), "t".repeat(4096));
    const [go, begun] = ["go", "begun"].map((name) => `${dom0.directory}/${name}`);
    dom0.program(
      "cp",
      `#!/bin/sh\ncase "$*" in --help*) echo sparse; exit 0 ;; *reflink*) exit 1 ;; esac\nfor last; do :; done\nprintf half >"$last"\necho >>${begun}\nwhile [ ! -e ${go}$(wc -l <${begun}) ]; do sleep 0.1; done\nexec /bin/cp "$@"\n`,
    );
    expect(ensure("a.img", 4096, "template.img")).toEqual(done("copying"));
    // A blank image instead is not made beside it.
    expect(ensure("a.img", 4096)).toEqual(done("copying"));
    execFileSync("sh", ["-c", `rm ${dom0.directory}/run/copy.*.pid`]);
    expect(look("a.img")).toMatchObject({ work: { state: "Interrupted" } });
    expect(ensure("a.img", 4096, "template.img")).toEqual(done("copying"));
    const [first, second] = [1, 2].map((run) => () => writeFileSync(`${go}${run}`, ""));
    // Both runs count two of them by now, so this ends the wait of both.
    first?.();
    second?.();
    const deadline = systemClock.monotonic() + 20_000;
    while (look("a.img")?.kind !== "File" && systemClock.monotonic() < deadline) await systemClock.sleep(50);
    expect(readFileSync(at("a.img"), "latin1")).toBe("t".repeat(4096));
    expect(look("a.img")).toMatchObject({ record: record("Made") });
  });

  it("may be somebody else's where the owner of the host says so, and is then never grown, replaced or deleted", () => {
    writeFileSync(at("a.img"), "");
    truncateSync(at("a.img"), 4 * mib);
    expect(ensure("a.img", 4 * mib)).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(look("a.img")).toMatchObject({ sizeBytes: 4 * mib, record: undefined });
    expect(ensure("a.img", 4 * mib, undefined, { mayFind: true })).toEqual(done("recorded"));
    expect(ensure("a.img", 4 * mib)).toEqual(done("unchanged"));
    expect(ensure("a.img", 8 * mib, undefined, { mayFind: true })).toMatchObject({ reason: "ImageForeign" });
    expect(remove("a.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
    expect(look("a.img")).toMatchObject({ sizeBytes: 4 * mib, record: record("Found") });
  });

  it("of another domain or another XenDomain is not taken without that word", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    const other = { owner: { ...owner, name: "vm3" } };
    expect(ensure("a.img", mib, undefined, other)).toMatchObject({
      reason: "ImageForeign",
      message: `${at("a.img")} is recorded for xen/vm2 1111-aa, domain ${uuid}`,
    });
    expect(ensure("a.img", mib, undefined, { uuid: uuid.replace("37", "38") })).toMatchObject({
      reason: "ImageForeign",
    });
    // The same manifest, applied again.
    expect(ensure("a.img", mib, undefined, { owner: { ...owner, uid: "2222-bb" } })).toEqual(done("recorded"));
    expect(look("a.img")?.record).toMatchObject({ owner: "xen/vm2 2222-bb", origin: "Made" });
  });

  it("that was recorded is never made anew, whoever remembers it", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    const identity = look("a.img")?.identity ?? "";
    renameSync(at("a.img"), at("b.img"));
    expect(look("a.img")).toMatchObject({ kind: "Missing", record: { ...record("Made"), identity } });
    expect(ensure("a.img", mib)).toMatchObject({ kind: "refused", reason: "ImageMissing" });
    execFileSync("rm", ["-r", records]);
    expect(ensure("a.img", mib, undefined, { recorded: identity })).toMatchObject({ reason: "ImageMissing" });
    writeFileSync(at("a.img"), Buffer.alloc(mib));
    expect(ensure("a.img", mib, undefined, { recorded: identity, mayFind: true })).toMatchObject({
      reason: "ImageChanged",
    });
    renameSync(at("b.img"), at("a.img"));
    expect(ensure("a.img", mib, undefined, { recorded: identity })).toEqual(done("recorded"));
  });

  it("is made to its end when a crash left only its record", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    const [file = ""] = readdirSync(records);
    const path = `${records}/${file}`;
    writeFileSync(path, readFileSync(path, "utf8").replace("Made", "Making"));
    expect(ensure("a.img", mib)).toEqual(done("recorded"));
    writeFileSync(path, readFileSync(path, "utf8").replace("Made", "Making"));
    execFileSync("rm", [at("a.img")]);
    expect(ensure("a.img", mib)).toEqual(done("created"));
  });

  it("is no longer ours once somebody put another file there", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    linkSync(at("a.img"), at("kept"));
    execFileSync("rm", [at("a.img")]);
    writeFileSync(at("a.img"), "another");
    const { identity, record } = look("a.img") ?? {};
    expect([identity, record?.identity]).toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/^\d/)]);
    expect(identity).not.toBe(record?.identity);
    expect(remove("a.img")).toMatchObject({ reason: "NotOurs" });
    expect(ensure("a.img", 1)).toMatchObject({ reason: "ImageChanged" });
  });

  it("is not deleted while a process has it open", () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    const holder = execFileSync("sh", ["-c", `sleep 60 <"$1" >/dev/null 2>&1 & echo $!`, "sh", at("a.img")], {
      encoding: "utf8",
    });
    expect(remove("a.img")).toMatchObject({ reason: "ImageInUse", message: expect.stringContaining(holder.trim()) });
    process.kill(Number(holder), "SIGKILL");
  });

  it("is told to be used by a program that serves disks, under whatever name it was opened", async () => {
    expect(ensure("a.img", mib)).toEqual(done("created"));
    linkSync(at("a.img"), at("other"));
    dom0.link("/bin/sleep", "bin/qemu-fake");
    const words = ["-c", 'exec "$1" 60 <"$2"', "sh", `${dom0.directory}/bin/qemu-fake`, at("other")];
    const child = spawn("/bin/sh", words);
    while (readFileSync(`/proc/${child.pid}/comm`, "utf8").trim() !== "qemu-fake") await systemClock.sleep(10);
    expect(look("a.img")?.users).toEqual([{ kind: "process", name: String(child.pid), domain: undefined }]);
    expect(remove("a.img")).toMatchObject({
      reason: "ImageInUse",
      message: `${at("a.img")} is used by the process ${child.pid}`,
    });
    child.kill("SIGKILL");
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
  });
});
