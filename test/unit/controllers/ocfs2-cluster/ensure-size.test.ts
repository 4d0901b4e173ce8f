import { describe, expect, it } from "vitest";
import { ensureSize } from "../../../../src/controllers/ocfs2-cluster/ensure-size.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import {
  bytes,
  type Change,
  cluster,
  device,
  mount,
  o2cb,
  only,
  shared,
  superblock,
  unmounted,
  uuid,
  volume,
} from "./observations.ts";

const look = (change: Change = {}) => decision(ensureSize(cluster(change)));
const nothing = only({});
const sees = (rest: Parameters<typeof shared>[0] = {}) => ({
  sharedDevices: known([shared({ sizeBytes: 2 * bytes, ...rest })]),
});
const grown: Change = { bella: sees(), brutus: sees(), filesystem: { volume: volume({ sizeBytes: 2 * bytes }) } };
const grow = (host: string) => only({ steps: [`XenHost ${host} grow-filesystem ${device} ${uuid} [DATA]`] });

describe("a volume that has grown", () => {
  it("has its file system grown by one node, under the mounts of all", () => {
    expect(look(grown)).toEqual(grow("bella"));
  });

  it.each<[string, Change]>([
    ["only one node has it mounted", { ...grown, bella: unmounted({ sizeBytes: 2 * bytes }) }],
    ["another has it mounted read-only", { ...grown, bella: sees({ mounts: [mount({ access: "ReadOnly" })] }) }],
    [
      "it was tried in vain on another",
      { ...grown, bella: unmounted(), filesystem: { ...grown.filesystem, grownOn: ["bella"] } },
    ],
    [
      "the node itself is busy with it",
      { ...grown, bella: unmounted(), filesystem: { ...grown.filesystem, busyOn: ["brutus"] } },
    ],
  ])("is grown by the other where %s", (_name, change) => {
    expect(look(change)).toEqual(grow("brutus"));
  });

  it.each<[string, Change]>([
    ["another node still sees the former size", { ...grown, brutus: sees({ sizeBytes: bytes }) }],
    ["another node does not answer", { ...grown, brutus: (one) => ({ ...one, view: unreachable }) }],
    ["another node does not tell its mounts", { ...grown, brutus: { sharedDevices: { state: "unknown", why: "" } } }],
    ["the server serves another size", { ...grown, filesystem: {} }],
    ["its size at the server is not known", { ...grown, filesystem: { volume: volume({ sizeBytes: undefined }) } }],
    ["a node works on it", { ...grown, filesystem: { ...grown.filesystem, busyOn: ["brutus"] } }],
    ["it was tried in vain", { ...grown, filesystem: { ...grown.filesystem, grownOn: ["bella"] } }],
    [
      "another node has grown it already",
      { ...grown, brutus: sees({ superblock: superblock({ sizeBytes: 2 * bytes }) }) },
    ],
    [
      "nobody has it mounted",
      { ...grown, bella: unmounted({ sizeBytes: 2 * bytes }), brutus: unmounted({ sizeBytes: 2 * bytes }) },
    ],
    [
      "it holds another file system",
      { ...grown, ...both(sees({ superblock: superblock({ uuid: "00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c" }) })) },
    ],
    [
      "it grew by less than a cluster",
      { ...both(sees({ sizeBytes: bytes + 512 })), filesystem: { volume: volume({ sizeBytes: bytes + 512 }) } },
    ],
    ["the file system was taken out of the spec", { ...grown, filesystem: { ...grown.filesystem, spec: undefined } }],
    ["the volume is gone", { ...grown, filesystem: { volume: { state: "NotFound", name: "data" } } }],
    [
      "nothing is recorded of the file system",
      { ...grown, filesystem: { ...grown.filesystem, recorded: { label: "DATA", device } } },
    ],
  ])("is not grown where %s", (_name, change) => {
    expect(look(change)).toEqual(nothing);
  });
});

describe("a file system with too few node slots", () => {
  const few = { superblock: superblock({ nodeSlots: 2 }) };
  const add = (host: string) => only({ steps: [`XenHost ${host} add-node-slots ${device} ${uuid} 4 [DATA]`] });
  const offline = { ...unmounted(few), o2cb: known(o2cb({ active: undefined })) };

  it.each<[string, Change, ReturnType<typeof only>]>([
    ["gets them where nobody has it mounted", both(unmounted(few)), add("bella")],
    ["gets them from a node that is online", { bella: offline, brutus: unmounted(few) }, add("brutus")],
    ["waits while none is online", both(offline), nothing],
    [
      "waits while a node has it mounted",
      { bella: unmounted(few), brutus: { sharedDevices: known([shared(few)]) } },
      nothing,
    ],
    [
      "waits while a node does not answer",
      { bella: unmounted(few), brutus: (one) => ({ ...one, view: unreachable }) },
      nothing,
    ],
  ])("%s", (_name, change, expected) => {
    expect(look(change)).toEqual(expected);
  });
});

function both(facts: ReturnType<typeof unmounted>): Change {
  return { bella: facts, brutus: facts };
}
