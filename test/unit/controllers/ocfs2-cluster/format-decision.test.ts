import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decideFormat,
  type FormatSituation,
  type NodeLook,
} from "../../../../src/controllers/ocfs2-cluster/format-decision.ts";
import type { FormatRecord, SharedDevice } from "../../../../src/host/ocfs2-facts.ts";

const device = "/dev/etherd/e0.1";
const ours = "11111111-1111-4111-8111-111111111111";
const theirs = "22222222-2222-4222-8222-222222222222";
const size = 2 ** 31;

const nothing: SharedDevice = {
  path: device,
  content: "Blank",
  signature: "",
  sizeBytes: size,
  superblock: undefined,
  heartbeats: [],
  slots: [],
  mounts: [],
};
const ocfs2 = (change: object = {}): SharedDevice => ({
  ...nothing,
  content: "Ocfs2",
  signature: "ocfs2",
  superblock: {
    uuid: ours,
    label: "data",
    stack: "o2cb",
    cluster: "xen",
    globalHeartbeat: false,
    nodeSlots: 8,
    sizeBytes: size,
    blockSize: 4096,
    clusterSize: 4096,
    ...change,
  },
});
const record = (state: FormatRecord["state"], uuid = ours): FormatRecord => ({
  uuid,
  device,
  state,
  owner: "san/xen 1",
});

const approval = `FormatElsewhere:${ours}`;

type Seen = Extract<NodeLook, { kind: "Seen" }>;
const seen = (host: string, what: SharedDevice = nothing, rest: Partial<Seen> = {}): NodeLook => ({
  host,
  kind: "Seen",
  device: what,
  records: [],
  entries: [],
  attached: true,
  online: true,
  ...rest,
});
/** One fact less is known of it. */
const silent = (
  host: string,
  less: Pick<Seen, "device"> | Pick<Seen, "records"> | Pick<Seen, "entries">,
): NodeLook => ({
  host,
  kind: "Seen",
  device: nothing,
  records: [],
  entries: [],
  attached: true,
  online: true,
  ...less,
});
/** Its fstab mounts the device. */
const mounting = (host: string, content: SharedDevice["content"] = "Blank") =>
  seen(host, { ...nothing, content }, { entries: ["/srv/xen"] });
const away = (host: string): NodeLook => ({ host, kind: "Unreachable", why: `${host} cannot be reached` });
const pending = (host: string): NodeLook => ({ host, kind: "Pending" });

const situation = (change: Partial<FormatSituation> = {}): FormatSituation => ({
  policy: "IfBlank",
  uuid: undefined,
  intent: undefined,
  approved: undefined,
  device,
  label: "data",
  cluster: "xen",
  heartbeatMode: "Local",
  sizeBytes: size,
  looks: [seen("bella"), seen("brutus")],
  strangers: { kind: "None" },
  ...change,
});
/** `Kind`, and host, UUID or reason. */
function decided(change: Partial<FormatSituation> = {}): string {
  const decision = decideFormat(situation(change));
  switch (decision.kind) {
    case "Formatted":
      return `Formatted ${decision.uuid}`;
    case "Record":
      return `Record ${decision.uuid}${decision.adopted ? " adopted" : ""}`;
    case "Intend":
      return `Intend ${decision.host}`;
    case "Format":
      return `Format ${decision.host} ${decision.uuid}`;
    default:
      return `${decision.kind} ${decision.reason}`;
  }
}

describe("a volume nobody has formatted", () => {
  const table: [string, Partial<FormatSituation>, string][] = [
    ["blank for all", {}, "Intend bella"],
    [
      "blank for one, unseen by the other",
      { looks: [seen("bella", { ...nothing, content: "Missing" }), seen("brutus")] },
      "Intend brutus",
    ],
    ["blank for one, the other is down", { looks: [away("bella"), seen("brutus")] }, "Intend brutus"],
    [
      "blank, first node not online",
      { looks: [seen("bella", nothing, { online: false }), seen("brutus")] },
      "Intend brutus",
    ],
    ["blank, nobody online", { looks: [seen("bella", nothing, { online: false })] }, "Wait NotOnline"],
    ["blank, one not checked yet", { looks: [seen("bella"), pending("brutus")] }, "Wait Pending"],
    [
      "blank, one sees another server",
      { looks: [seen("bella"), seen("brutus", nothing, { attached: false })] },
      "Wait VolumeNotReady",
    ],
    [
      "one does not say what it mounts",
      { looks: [seen("bella"), silent("brutus", { entries: undefined })] },
      "Wait FactsUnknown",
    ],
    ["blank, but one would mount it", { looks: [seen("bella"), mounting("brutus")] }, "Refuse FilesystemMissing"],
    [
      "unseen by the one that would mount it, blank for the other",
      { looks: [seen("bella"), mounting("brutus", "Missing")] },
      "Refuse FilesystemMissing",
    ],
    [
      "our kind of OCFS2, which one would mount",
      { looks: [seen("bella", ocfs2(), { entries: ["/srv/xen"] })] },
      `Record ${ours} adopted`,
    ],
    ["blank, and never to be formatted", { policy: "Never" }, "Refuse FormatForbidden"],
    ["blank, of another size", { sizeBytes: size * 2 }, "Refuse SizeDiffers"],
    ["blank, size unknown", { sizeBytes: undefined }, "Wait VolumeNotReady"],
    ["seen by nobody", { looks: [seen("bella", { ...nothing, content: "Missing" })] }, "Wait DeviceMissing"],
    ["everybody down", { looks: [away("bella"), away("brutus")] }, "Wait NodeUnreachable"],
    [
      "unreadable for one",
      { looks: [seen("bella"), seen("brutus", { ...nothing, content: "Unreadable" })] },
      "Wait DeviceUnreadable",
    ],
    ["one does not say", { looks: [seen("bella"), silent("brutus", { device: undefined })] }, "Wait FactsUnknown"],
    [
      "one does not say what it began",
      { looks: [seen("bella"), silent("brutus", { records: undefined })] },
      "Wait FactsUnknown",
    ],
    [
      "blank for one, data for the other",
      { looks: [seen("bella"), seen("brutus", { ...nothing, content: "Data" })] },
      "Refuse NodesDisagree",
    ],
    ["data without a signature", { looks: [seen("bella", { ...nothing, content: "Data" })] }, "Refuse NotBlank"],
    ...["ext4", "LVM2_member", "dos", "crypto_LUKS"].map((signature): [string, Partial<FormatSituation>, string] => [
      signature,
      { looks: [seen("bella", { ...nothing, content: "Signature", signature })] },
      "Refuse NotBlank",
    ]),
    ["our kind of OCFS2", { looks: [seen("bella", ocfs2())] }, `Record ${ours} adopted`],
    ["an OCFS2 of plain mkfs.ocfs2", { looks: [seen("bella", ocfs2({ cluster: "" }))] }, `Record ${ours} adopted`],
    ["an OCFS2 without a label", { looks: [seen("bella", ocfs2({ label: "" }))] }, "Refuse ForeignFilesystem"],
    [
      "an OCFS2 without a cluster stack",
      { looks: [seen("bella", ocfs2({ cluster: "", stack: "" }))] },
      "Refuse ForeignFilesystem",
    ],
    [
      "our kind of OCFS2, never to be formatted",
      { policy: "Never", looks: [seen("bella", ocfs2())] },
      `Record ${ours} adopted`,
    ],
    [
      "our kind of OCFS2, perhaps in use elsewhere",
      { looks: [seen("bella", ocfs2())], strangers: { kind: "Unsure" } },
      "Wait Looking",
    ],
    [
      "our kind of OCFS2, in use elsewhere",
      { looks: [seen("bella", ocfs2())], strangers: { kind: "Alive", numbers: [7] } },
      "Refuse ForeignHeartbeat",
    ],
    ["our kind of OCFS2 of another size", { looks: [seen("bella", ocfs2())], sizeBytes: 4096 }, "Refuse SizeDiffers"],
    [
      "two of them",
      { looks: [seen("bella", ocfs2()), seen("brutus", ocfs2({ uuid: theirs }))] },
      "Refuse NodesDisagree",
    ],
    ["an OCFS2 of another cluster", { looks: [seen("bella", ocfs2({ cluster: "old" }))] }, "Refuse ForeignFilesystem"],
    ["an OCFS2 with another label", { looks: [seen("bella", ocfs2({ label: "mail" }))] }, "Refuse ForeignFilesystem"],
    [
      "an OCFS2 with global heartbeat",
      { looks: [seen("bella", ocfs2({ globalHeartbeat: true }))] },
      "Refuse ForeignFilesystem",
    ],
    ["an OCFS2 without a cluster", { looks: [seen("bella", ocfs2({ stack: "" }))] }, "Refuse ForeignFilesystem"],
    ["a format that runs", { looks: [seen("bella", nothing, { records: [record("Running")] })] }, "Wait Progressing"],
    [
      "a format that broke off",
      { looks: [seen("bella", nothing, { records: [record("Interrupted")] })] },
      "Refuse FormatInterrupted",
    ],
    [
      "a format that broke off, though it looks whole",
      { looks: [seen("bella", ocfs2(), { records: [record("Interrupted")] })] },
      "Refuse FormatInterrupted",
    ],
    [
      "blank, once formatted under the same address",
      { looks: [seen("bella", nothing, { records: [record("Done", theirs)] })] },
      "Intend bella",
    ],
  ];
  it.each(table)("%s", (_name, change, expected) => {
    expect(decided(change)).toBe(expected);
  });
});

describe("a volume that somebody was about to format", () => {
  const intent = { uuid: ours, host: "bella" };
  const table: [string, Partial<FormatSituation>, string][] = [
    ["mkfs never began", {}, `Format bella ${ours}`],
    [
      "mkfs never began, but the other would mount it",
      { looks: [seen("bella"), mounting("brutus")] },
      "Refuse FilesystemMissing",
    ],
    ["mkfs never began, the other node is down", { looks: [seen("bella"), away("brutus")] }, `Format bella ${ours}`],
    ["mkfs runs", { looks: [seen("bella", nothing, { records: [record("Running")] })] }, "Wait Progressing"],
    [
      "mkfs broke off",
      { looks: [seen("bella", nothing, { records: [record("Interrupted")] })] },
      "Refuse FormatInterrupted",
    ],
    [
      "mkfs broke off, though it looks whole",
      { looks: [seen("bella", ocfs2(), { records: [record("Interrupted")] })] },
      "Refuse FormatInterrupted",
    ],
    [
      "mkfs came to its end",
      { looks: [seen("bella", ocfs2(), { records: [record("Done")] }), seen("brutus")] },
      `Record ${ours}`,
    ],
    [
      "mkfs came to its end, the device cannot be read",
      { looks: [seen("bella", { ...nothing, content: "Unreadable" }, { records: [record("Done")] })] },
      "Wait DeviceUnreadable",
    ],
    [
      "mkfs came to its end, and nothing is there",
      { looks: [seen("bella", nothing, { records: [record("Done")] })] },
      "Refuse FilesystemMissing",
    ],
    ["the file system without a record", { looks: [seen("bella", ocfs2())] }, "Refuse FormatInterrupted"],
    ["another file system came", { looks: [seen("bella", ocfs2({ uuid: theirs }))] }, "Refuse NotBlank"],
    [
      "ext4 came",
      { looks: [seen("bella", { ...nothing, content: "Signature", signature: "ext4" })] },
      "Refuse NotBlank",
    ],
    ["the elected host is down", { looks: [away("bella"), seen("brutus")] }, "Wait FormatUnknown"],
    ["the elected host is no node any more", { looks: [seen("brutus")] }, "Wait FormatUnknown"],
    [
      "the elected host is down, and a person says that it stays so",
      { looks: [away("bella"), seen("brutus")], approved: approval },
      "Intend brutus",
    ],
    [
      "the elected host is no node any more, and a person says that it stays off",
      { looks: [seen("brutus")], approved: approval },
      "Intend brutus",
    ],
    [
      "a person said so of another format",
      { looks: [away("bella"), seen("brutus")], approved: `FormatElsewhere:${theirs}` },
      "Wait FormatUnknown",
    ],
    [
      "a person says so, and mkfs had begun",
      { looks: [away("bella"), seen("brutus", { ...nothing, content: "Data" })], approved: approval },
      "Refuse NotBlank",
    ],
    [
      "a person says so, and what is there may be half of it",
      { looks: [away("bella"), seen("brutus", ocfs2())], approved: approval },
      "Refuse FormatInterrupted",
    ],
    [
      "a person says so of a host that answers",
      { looks: [seen("bella"), seen("brutus")], approved: approval },
      `Format bella ${ours}`,
    ],
    [
      "a person says so of a host that answers, and that began",
      { looks: [seen("bella", nothing, { records: [record("Interrupted")] }), seen("brutus")], approved: approval },
      "Refuse FormatInterrupted",
    ],
    [
      "a person says so, and nobody is left",
      { looks: [away("bella"), away("brutus")], approved: approval },
      "Wait NodeUnreachable",
    ],
    ["the elected host was not checked yet", { looks: [pending("bella"), seen("brutus")] }, "Wait Pending"],
    ["the elected host does not say", { looks: [silent("bella", { records: undefined })] }, "Wait FactsUnknown"],
    [
      "the elected host does not see it",
      { looks: [seen("bella", { ...nothing, content: "Missing" }), seen("brutus")] },
      "Wait DeviceUnreadable",
    ],
    [
      "the other node finds data",
      { looks: [seen("bella"), seen("brutus", { ...nothing, content: "Data" })] },
      "Refuse NodesDisagree",
    ],
    [
      "the elected host sees another server",
      { looks: [seen("bella", nothing, { attached: false }), seen("brutus")] },
      "Wait VolumeNotReady",
    ],
    ["another size", { sizeBytes: 512 }, "Refuse SizeDiffers"],
    ["never to be formatted, meanwhile", { policy: "Never" }, "Refuse FormatForbidden"],
  ];
  it.each(table)("%s", (_name, change, expected) => {
    expect(decided({ intent, ...change })).toBe(expected);
  });
});

describe("a volume with a recorded file system", () => {
  const table: [string, Partial<FormatSituation>, string][] = [
    ["is there", { looks: [seen("bella", ocfs2()), away("brutus")] }, `Formatted ${ours}`],
    [
      "has another size than the volume, which grows",
      { looks: [seen("bella", ocfs2())], sizeBytes: size * 2 },
      `Formatted ${ours}`,
    ],
    ["is blank", {}, "Refuse FilesystemMissing"],
    [
      "is ext4",
      { looks: [seen("bella", { ...nothing, content: "Signature", signature: "ext4" })] },
      "Refuse FilesystemMissing",
    ],
    ["is another OCFS2", { looks: [seen("bella", ocfs2({ uuid: theirs }))] }, "Refuse WrongFilesystem"],
    ["is something else for one node", { looks: [seen("bella", ocfs2()), seen("brutus")] }, "Refuse WrongFilesystem"],
    ["is seen by nobody", { looks: [seen("bella", { ...nothing, content: "Missing" })] }, "Wait DeviceMissing"],
    ["cannot be read", { looks: [seen("bella", { ...nothing, content: "Unreadable" })] }, "Wait DeviceUnreadable"],
    ["has nobody to ask", { looks: [away("bella")] }, "Wait NodeUnreachable"],
  ];
  it.each(table)("%s", (_name, change, expected) => {
    expect(decided({ uuid: ours, ...change })).toBe(expected);
  });
});

describe("whatever the nodes say", () => {
  const contents = fc.constantFrom<SharedDevice | undefined>(
    undefined,
    nothing,
    ocfs2(),
    ocfs2({ uuid: theirs }),
    ...(["Data", "Signature", "Missing", "Unreadable"] as const).map((content) => ({ ...nothing, content })),
    { ...nothing, sizeBytes: 512 },
  );
  const looks = fc
    .array(
      fc.oneof(
        fc.constant(away("h")),
        fc.constant(pending("h")),
        fc
          .tuple(
            contents,
            fc.option(fc.array(fc.constantFrom(record("Running"), record("Interrupted"), record("Done"))), {
              nil: undefined,
            }),
            fc.option(fc.constantFrom([], [], ["/srv/xen"]), { nil: undefined }),
            fc.boolean(),
            fc.boolean(),
          )
          .map(
            ([what, records, entries, attached, online]): NodeLook => ({
              host: "h",
              kind: "Seen",
              device: what,
              records,
              entries,
              attached,
              online,
            }),
          ),
      ),
      { maxLength: 4 },
    )
    .map((list) => list.map((look, index) => ({ ...look, host: `host${index}` })));

  it("nothing is formatted that is recorded, mounted at boot, not blank everywhere, begun before, or of another size", () => {
    fc.assert(
      fc.property(
        looks,
        fc.option(fc.constant(ours), { nil: undefined }),
        fc.option(fc.constant({ uuid: ours, host: "host0" }), { nil: undefined }),
        fc.option(fc.constant(approval), { nil: undefined }),
        (list, uuid, intent, approved) => {
          const decision = decideFormat(situation({ looks: list, uuid, intent, approved }));
          if (decision.kind !== "Format" && decision.kind !== "Intend") return;
          expect(uuid).toBeUndefined();
          const elected = list.find(({ host }) => host === intent?.host);
          if (intent !== undefined && decision.kind === "Intend")
            expect([approved, elected?.kind ?? "Unreachable"]).toEqual([approval, "Unreachable"]);
          const said = list.flatMap((look) => (look.kind === "Seen" ? [look] : []));
          const devices = said.map((look) => look.device?.content);
          expect(devices.every((content) => content === "Blank" || content === "Missing")).toBe(true);
          expect(devices).toContain("Blank");
          expect(said.every((look) => look.device?.content === "Missing" || look.device?.sizeBytes === size)).toBe(
            true,
          );
          expect(said.every(({ entries }) => entries?.length === 0)).toBe(true);
          const begun = said.flatMap(({ records = [] }) => records);
          expect(begun.filter(({ state }) => decision.kind === "Format" || state !== "Done")).toEqual([]);
          if (decision.kind === "Format") expect(intent).toEqual({ uuid: decision.uuid, host: decision.host });
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
