import { expect, it } from "vitest";
import type { HostCommand } from "../../../src/host/command.ts";
import { deleteImage, ensureImage } from "../../../src/host/image-actions.ts";
import { checksum } from "../../../src/sim/model/checksum.ts";
import { digestOf } from "../../../src/sim/scripts/domain-configuration.ts";
import { twins } from "./bench.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const mib = 2 ** 20;
const done = (detail: string) => ({ kind: "done", detail });
const at = (name: string) => `/srv/xen/${name}`;

twins(["ensure-image", "delete-image"], "an image on the share", (dom0) => {
  const place = (name: string) => ({
    ...{ owner, uuid, mayFind: false, path: at(name), mountPoint: "/srv/xen", filesystem: dom0.filesystem },
  });
  const ensure = (name: string, sizeBytes: number, source?: string, more: object = {}) =>
    dom0.act(
      ensureImage({
        ...place(name),
        sizeBytes,
        ...(source === undefined ? {} : { source: at(source), templates: ["template*"] }),
        ...more,
      }),
    );
  const remove = (name: string) => dom0.act(deleteImage(place(name)));

  it("is made sparse, grows, never shrinks, and goes with its owner only", async () => {
    expect(await ensure("a.img", 8 * mib)).toEqual(done("created"));
    expect(await ensure("a.img", 8 * mib)).toEqual(done("unchanged"));
    expect(await ensure("a.img", 16 * mib)).toEqual(done("grown"));
    expect(await ensure("a.img", 8 * mib)).toEqual(done("unchanged"));
    const stranger = { ...owner, name: "vm3" };
    expect(await dom0.act(deleteImage({ ...place("a.img"), owner: stranger }))).toMatchObject({ reason: "NotOurs" });
    expect(await remove("a.img")).toEqual(done("deleted"));
    expect(await remove("a.img")).toEqual(done("absent"));
  });

  it("is made in a directory that is not there yet", async () => {
    expect(await ensure("guests/a.img", mib)).toEqual(done("created"));
  });

  it("may be somebody else's where the owner of the host says so, and is then never grown, replaced or deleted", async () => {
    dom0.image(at("a.img"), 4 * mib);
    expect(await ensure("a.img", 4 * mib)).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(await ensure("a.img", 4 * mib, undefined, { mayFind: true })).toEqual(done("recorded"));
    expect(await ensure("a.img", 4 * mib)).toEqual(done("unchanged"));
    expect(await ensure("a.img", 8 * mib)).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(await remove("a.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
  });

  it("is no longer ours once somebody put another file there", async () => {
    expect(await ensure("a.img", mib)).toEqual(done("created"));
    dom0.replace(at("a.img"), mib);
    expect(await remove("a.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
  });

  /** The identity that a refusal names. */
  const recordedIn = (outcome: unknown) => / recorded as inode (\d+ \d+)/.exec(JSON.stringify(outcome))?.[1] ?? "";
  const missing = { kind: "refused", reason: "ImageMissing" };

  it("is made anew once, where its owner gave up the very one that is gone", async () => {
    expect(await ensure("a.img", mib)).toEqual(done("created"));
    dom0.remove(at("a.img"));
    const gone = recordedIn(await ensure("a.img", mib));
    expect(await ensure("a.img", mib, undefined, { replaces: "1 0" })).toMatchObject(missing);
    const stranger = { replaces: gone, owner: { ...owner, name: "vm3" } };
    expect(await ensure("a.img", mib, undefined, stranger)).toMatchObject(missing);
    expect(await ensure("a.img", mib, undefined, { replaces: gone })).toEqual(done("created"));
    expect(await ensure("a.img", mib, undefined, { replaces: gone })).toEqual(done("unchanged"));
    dom0.remove(at("a.img"));
    const again = await ensure("a.img", mib, undefined, { replaces: gone });
    expect(again).toMatchObject(missing);
    expect([gone, recordedIn(again)]).toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/^\d/)]);
    expect(recordedIn(again)).not.toBe(gone);
  });

  it("may be the file that came in its place, where its owner gave it up and the owner of the host says so", async () => {
    expect(await ensure("a.img", mib)).toEqual(done("created"));
    dom0.replace(at("a.img"), mib);
    const refused = await ensure("a.img", mib);
    expect(refused).toMatchObject({ kind: "refused", reason: "ImageChanged" });
    const replaces = recordedIn(refused);
    expect(await ensure("a.img", mib, undefined, { replaces })).toMatchObject({ reason: "ImageForeign" });
    expect(await ensure("a.img", mib, undefined, { replaces, mayFind: true })).toEqual(done("recorded"));
    expect(await ensure("a.img", mib)).toEqual(done("unchanged"));
    expect(await remove("a.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
  });

  it("is refused when it is a symbolic link, or reached over one", async () => {
    dom0.write("/etc/shadow", "root\n");
    dom0.symlink(at("a.img"), "/etc/shadow");
    dom0.symlink(at("out"), "/etc");
    expect(await ensure("a.img", mib)).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(await ensure("out/a.img", mib)).toMatchObject({ kind: "refused", reason: "ImageForeign" });
    expect(await remove("a.img")).toMatchObject({ kind: "refused", reason: "NotOurs" });
  });

  it("is refused without its source, and with a larger one", async () => {
    expect(await ensure("a.img", mib, "template.img")).toMatchObject({ kind: "refused", reason: "SourceMissing" });
    dom0.image(at("template.img"), 2 * mib);
    expect(await ensure("a.img", mib, "template.img")).toMatchObject({ kind: "refused", reason: "SourceLarger" });
  });

  it("is copied from what is marked as a template only, reached by no symbolic link, and never from a domain's image", async () => {
    dom0.image(at("secret.img"), mib);
    dom0.symlink(at("template-link.img"), at("secret.img"));
    const refused = { kind: "refused", reason: "SourceNotTemplate" };
    expect(await ensure("a.img", mib, "secret.img")).toMatchObject(refused);
    expect(await ensure("a.img", mib, "template-link.img")).toMatchObject(refused);
    expect(await ensure("template-vm.img", mib)).toEqual(done("created"));
    expect(await ensure("a.img", mib, "template-vm.img")).toMatchObject({ kind: "refused", reason: "SourceInUse" });
    expect(dom0.read(at("a.img"))).toBeUndefined();
  });

  it("is not copied from a template that a loop device uses under another name, nor deleted while one uses it", async () => {
    dom0.image(at("template.img"), mib);
    dom0.symlink("/root/iso.img", at("template.img"));
    dom0.loop("/root/iso.img");
    const why = "/srv/xen/template.img is used by the loop device loop7";
    const refused = { kind: "refused", reason: "SourceInUse", message: why };
    expect(await ensure("a.img", mib, "template.img")).toEqual(refused);
    expect(await ensure("b.img", mib)).toEqual(done("created"));
    dom0.loop(at("b.img"));
    expect(await remove("b.img")).toMatchObject({ kind: "refused", reason: "ImageInUse" });
    expect(await ensure("a.img", mib, "template.img")).toEqual(done("copied"));
  });

  const ours = [
    ...[".xensan/a.img", "vms/.xensan/images/a.img", "vms/.xensan", "a.img.xensan-new", "a.img.xensan-copy.bella"],
    ...["a.img.xensan-deleted/b.img", "a.img.xensan-new/b.img"],
  ];
  /** As an operator of an older version would ask. */
  const anyway = (command: HostCommand, name: string): HostCommand => ({
    ...command,
    args: command.args.map((argument) => (argument === at("NAME") ? at(name) : argument)),
  });

  it.each([...ours, "lost+found/a.img"])("is never called %s", async (name) => {
    const reserved = { kind: "refused", reason: "InvalidArgument" };
    const sized = { ...place("NAME"), sizeBytes: mib };
    expect(await dom0.act(anyway(ensureImage(sized), name))).toMatchObject(reserved);
    expect(await dom0.act(anyway(deleteImage(place("NAME")), name))).toMatchObject(reserved);
    const copied = ensureImage({
      ...place("a.img"),
      sizeBytes: mib,
      source: at("NAME"),
      templates: ["*", "*/*", "*/*/*/*"],
    });
    dom0.image(at(name), mib);
    expect(await dom0.act(anyway(copied, name))).toMatchObject(reserved);
  });

  it.each(ours)("is not asked for under the name %s", (name) => {
    expect(() => ensureImage({ ...place(name), sizeBytes: mib })).toThrow("without a part that is .xensan");
    expect(() => deleteImage(place(name))).toThrow("without a part that is .xensan");
    const copied = { ...place("a.img"), sizeBytes: mib, source: at(name), templates: ["*"] };
    expect(() => ensureImage(copied)).toThrow("without a part that is .xensan");
  });

  const short = (name: string) => at(`.xensan/images/${checksum(name)}`);
  const long = (name: string) => at(`.xensan/images/${digestOf(name)}`);

  it("has a record of its own, whatever other path has the same CRC-32", async () => {
    const [one, other] = ["web-a8ecbaba.img", "web-57f04bb2.img"];
    expect(short(one)).toBe(short(other));
    const stranger = { owner: { ...owner, name: "vm3" }, uuid: uuid.replace("c45", "c46") };
    expect(await ensure(one, mib)).toEqual(done("created"));
    expect(await ensure(other, mib, undefined, stranger)).toEqual(done("created"));
    expect(dom0.read(short(one))?.split("\n")[0]).toBe(one);
    expect(dom0.read(long(other))?.split("\n")[0]).toBe(other);
    expect(await ensure(one, mib)).toEqual(done("unchanged"));
    expect(await remove(one)).toEqual(done("deleted"));
    // The other one keeps its name, which is free of a CRC-32.
    expect(await ensure(other, mib, undefined, stranger)).toEqual(done("unchanged"));
    expect(dom0.read(short(other))).toBeUndefined();
    expect(await dom0.act(deleteImage({ ...place(other), ...stranger }))).toEqual(done("deleted"));
    expect(dom0.read(long(other))).toBeUndefined();
  });

  it("is no template, and another file of the same CRC-32 is one", async () => {
    const [one, other] = ["web-a8ecbaba.img", "web-57f04bb2.img"];
    expect(await ensure(one, mib)).toEqual(done("created"));
    dom0.image(at(other), mib);
    expect(await ensure("a.img", mib, other, { templates: ["web-*"] })).toEqual(done("copied"));
    expect(await ensure("b.img", mib, one, { templates: ["web-*"] })).toMatchObject({ reason: "SourceInUse" });
    expect(await ensure(other, mib)).toMatchObject({ reason: "ImageForeign" });
  });

  it("is not deleted by a command for an object of the same name that is gone", async () => {
    expect(await ensure("a.img", mib)).toEqual(done("created"));
    const gone = { ...owner, uid: "2222-bb" };
    expect(await dom0.act(deleteImage({ ...place("a.img"), owner: gone }))).toMatchObject({ reason: "NotOurs" });
  });

  it("is not made where another file system is mounted, or none", async () => {
    const elsewhere = { ...place("a.img"), filesystem: "00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c", sizeBytes: mib };
    expect(await dom0.act(ensureImage(elsewhere))).toMatchObject({ kind: "refused", reason: "NotMounted" });
    const nowhere = { ...place("a.img"), mountPoint: "/srv/none", path: "/srv/none/a.img", sizeBytes: mib };
    expect(await dom0.act(ensureImage(nowhere))).toMatchObject({ kind: "refused", reason: "NotMounted" });
  });
});
