import { describe, expect, it } from "vitest";
import { ensureLeft } from "../../../../src/controllers/ocfs2-cluster/ensure-left.ts";
import type { ObservedNode } from "../../../../src/controllers/ocfs2-cluster/observation.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import {
  active,
  type Change,
  cluster,
  clusterConf,
  device,
  node,
  o2cb,
  only,
  seat,
  unmounted,
  uuid,
} from "./observations.ts";

type Found = Extract<ObservedNode, { state: "Found" }>;

/** The cluster while carl leaves it. */
const look = (carl: ObservedNode, change: Change = {}) => decision(ensureLeft(cluster({ others: [carl], ...change })));
const carl = (given: Parameters<typeof node>[1] = {}, rest: Partial<Found> = {}): Found => ({
  ...{ ...node("carl", given), listed: false, ...rest },
});
const says = (condition: string, steps: readonly string[] = []) =>
  only({ conditions: [`Configured ${condition}`], steps });
const removal = says("False NodeLeaving: carl is no longer a node: the cluster is being removed from the host", [
  "XenHost carl remove-cluster san/data 1 data",
]);
const none = { o2cb: known(o2cb({ active: undefined, configuration: undefined })) };
const away = { ...unmounted(), ...none };
const nothing = only({});
const elsewhere = { reason: "NodeInOtherCluster", message: "is a node of old" } as const;
const twin = { reason: "SameMachine", message: "is the same machine as carla" } as const;
/** The kernel has the machine as this node. */
const running = (name: "bella" | "carl") => ({
  o2cb: known(o2cb({ active: active({ nodes: [{ ...seat(name), local: true }] }) })),
});

describe("a host that is no longer a node", () => {
  it("is unmounted first", () => {
    expect(look(carl())).toEqual(
      says("False NodeLeaving: carl is no longer a node: is being unmounted from /srv/data", [
        `XenHost carl unmount-filesystem san/data 1 ${device} ${uuid} /srv/data [DATA]`,
      ]),
    );
  });

  it.each<[string, Change["bella"]]>([
    [
      "cluster.conf",
      { o2cb: known(o2cb({ configuration: clusterConf({ nodes: [{ ...seat("carl"), cluster: "data" }] }) })) },
    ],
    ["the kernel", { o2cb: known(o2cb({ active: active({ nodes: [{ ...seat("carl"), local: false }] }) })) }],
  ])("is then forgotten by the others: %s", (_name, bella) => {
    expect(look(carl(unmounted()), { bella })).toEqual(
      says("False NodeLeaving: carl is no longer a node: bella must first remove the node from their configuration"),
    );
  });

  it.each<[string, ReturnType<typeof unmounted>]>([
    ["the cluster is online", unmounted()],
    ["cluster.conf exists", { ...unmounted(), o2cb: known(o2cb({ active: undefined })) }],
    ["its O2CB is not known", { ...unmounted(), o2cb: { state: "unknown", why: "o2cb failed" } }],
    ["nothing was removed since the operator began", away],
  ])("has the cluster removed where %s", (_name, given) => {
    expect(look(carl(given))).toEqual(removal);
  });

  it("has it removed once more where its O2CB is not known afterwards", () => {
    const given = { ...unmounted(), o2cb: { state: "unknown", why: "o2cb failed" } } as const;
    expect(look(carl(given, { removed: true }))).toEqual(removal);
  });

  it.each<[string, ObservedNode]>([
    ["the cluster was removed and nothing is left", carl(away, { removed: true })],
    [
      "what is left is another's",
      carl(
        { ...away, o2cb: known(o2cb({ active: active({ name: "old" }), configuration: clusterConf({ owner: "" }) })) },
        { removed: true },
      ),
    ],
    ["there is no XenHost", { ...seat("carl"), host: "carl", listed: false, state: "NotFound", heard: undefined }],
    ["nobody ever reached it", carl({}, { view: unreachable, neverReached: true })],
    ["it is another cluster's, and nothing of ours is there", carl(away, { rival: elsewhere })],
    ["its machine is another node now", carl({}, { rival: twin })],
    [
      "its XenHost has another name now",
      { ...carl({}, { rival: twin, view: unreachable }), number: seat("bella").number, name: "bella" },
    ],
  ])("has left where %s", (_name, one) => {
    expect(look(one)).toEqual(nothing);
  });

  it.each<[string, ObservedNode]>([
    [
      "Unknown NodeUnreachable: carl is no longer a node: cannot be reached (Unreachable): no route to host. If the host is permanently gone, delete its XenHost with the annotation xensan.dev/abandon=carl",
      carl({}, { view: unreachable }),
    ],
    [
      "Unknown NodeUnreachable: carl is no longer a node: cannot be reached (Unreachable): no route to host. bella sees its heartbeat: repair the network or SSH of the host, or switch it off",
      carl({}, { view: unreachable, beats: "bella sees its heartbeat" }),
    ],
    ["Unknown Pending: carl is no longer a node: Waiting for a probe", carl(away, { fresh: false, removed: true })],
    [
      "Unknown NodeUnreachable: carl is no longer a node: cannot be reached (Unreachable): no route to host. If the host is permanently gone, delete its XenHost with the annotation xensan.dev/abandon=carl",
      carl({}, { view: unreachable, rival: elsewhere }),
    ],
    ["Unknown Pending: carl is no longer a node: Waiting for a probe", carl(away, { fresh: false, rival: elsewhere })],
    [
      "False NodeInOtherCluster: carl is no longer a node: is a node of old. O2CB cluster data is still online there: unmount its file systems",
      carl(unmounted(), { rival: elsewhere }),
    ],
    [
      "False NodeInOtherCluster: carl is no longer a node: is a node of old. DATA is still mounted there on /srv/data: unmount it",
      carl({ o2cb: known(o2cb({ configuration: clusterConf({ owner: "san/old 2" }) })) }, { rival: elsewhere }),
    ],
    [
      "False SameMachine: carl is no longer a node: is the same machine as carla. O2CB cluster data is still online there: unmount its file systems",
      carl(running("carl"), { rival: twin }),
    ],
    [
      "Unknown FactsUnknown: carl is no longer a node: the mount state is not known yet: blkid failed",
      carl({ sharedDevices: { state: "unknown", why: "blkid failed" } }),
    ],
  ])("has not left where it says %s", (condition, one) => {
    expect(look(one)).toEqual(says(condition));
  });
});
