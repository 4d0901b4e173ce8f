import { describe, expect, it } from "vitest";
import { ensureOnline } from "../../../../src/controllers/ocfs2-cluster/ensure-online.ts";
import type { ActiveCluster } from "../../../../src/host/ocfs2-facts.ts";
import { decision } from "../decision.ts";
import { driver, known, unreachable } from "../facts.ts";
import {
  active,
  type Change,
  cluster,
  device,
  node,
  o2cb,
  only,
  region,
  seat,
  unmounted,
  uuid,
} from "./observations.ts";

const look = (change: Change = {}) => decision(ensureOnline(cluster(change)));
const contract = "A host that cannot write its heartbeat for 60 s, (heartbeatThreshold - 1) * 2, resets itself";
const good = `Online True Online: bella, brutus are online. ${contract}`;
const online = (host: string, mode = "local", regions = "") =>
  `XenHost ${host} cluster-online san/data 1 data ${mode} reset 31 30000 2000 2000 node=0:bella:192.168.0.1:7777 node=1:brutus:192.168.0.2:7777${regions}`;
const kernel = (rest: Partial<ActiveCluster> | undefined) => ({
  o2cb: known(o2cb({ active: rest === undefined ? undefined : active(rest) })),
});

describe("a cluster in the kernels of its nodes", () => {
  it.each<[string, Change]>([
    [good, {}],
    [`${good}; AoE itself gives up after 30 s`, { bella: driver(180), brutus: driver(30) }],
    [`${good}; AoE itself gives up after 180 s`, { bella: driver(180), brutus: driver(0) }],
    [`${good}; AoE itself retries forever`, { bella: driver(0) }],
  ])("is left alone where it is right: %s", (condition, change) => {
    expect(look(change)).toEqual(only({ conditions: [condition] }));
  });

  it.each<[string, Partial<ActiveCluster> | undefined]>([
    ["the cluster is not online yet", undefined],
    ["other nodes are registered", { nodes: [{ ...seat("bella"), local: true }] }],
    ["another fence method is active", { fenceMethod: "Panic" }],
  ])("is brought online or updated also under a mount: %s", (message, rest) => {
    expect(look({ bella: kernel(rest) })).toEqual(
      only({ conditions: [`Online False Progressing: bella: ${message}`], steps: [online("bella")] }),
    );
  });

  it("is brought online where nothing of O2CB is loaded", () => {
    expect(look({ bella: { o2cb: { state: "absent" } } })).toEqual(
      only({
        conditions: ["Online False Progressing: bella: the cluster is not online yet"],
        steps: [online("bella")],
      }),
    );
  });

  describe.each<[string, Partial<ActiveCluster>]>([
    ["other timeouts are active", { heartbeatThreshold: 61 }],
    ["another heartbeat mode is active", { heartbeatMode: "Global" }],
  ])("that has to go offline for a change: %s", (message, rest) => {
    const waits = only({
      conditions: [
        `Online True PendingRestart: bella: ${message}: unmount the file systems on the host, then xensan brings the cluster online again`,
      ],
    });

    it("waits under a mount", () => {
      expect(look({ bella: kernel(rest) })).toEqual(waits);
    });

    it("waits where the node does not tell what is mounted", () => {
      expect(look({ bella: { ...kernel(rest), sharedDevices: { state: "unknown", why: "blkid failed" } } })).toEqual(
        waits,
      );
    });

    it("is changed where nothing is mounted", () => {
      expect(look({ bella: { ...unmounted(), ...kernel(rest) } })).toEqual(
        only({ conditions: [`Online False Progressing: bella: ${message}`], steps: [online("bella")] }),
      );
    });
  });

  it("says who must be unmounted before the timeouts of the spec hold", () => {
    expect(look({ spec: { timeouts: { heartbeatThreshold: 61 } }, bella: unmounted() })).toEqual(
      only({
        conditions: [
          `Online True PendingRestart: PendingRestart: the timeouts of the spec take effect after every file system is unmounted everywhere: unmount the file systems on brutus. ${contract}`,
        ],
      }),
    );
  });

  describe("with a global heartbeat", () => {
    const spec = { heartbeatMode: "Global" };
    const both = (regions: ActiveCluster["regions"]) => ({
      ...{ spec, bella: kernel({ heartbeatMode: "Global", regions }), brutus: kernel({ heartbeatMode: "Global" }) },
    });

    it("has a heartbeat on every file system", () => {
      expect(look(both([]))).toEqual(
        only({
          conditions: [`Online False Progressing: bella: the heartbeat on ${uuid} is not written`],
          steps: [online("bella", "global", ` region=${region}:${device}`)],
        }),
      );
    });

    it("keeps one on a former file system as long as anything is mounted", () => {
      const former = { uuid: "F".repeat(32), device: "/dev/etherd/e0.2" };
      expect(look(both([{ uuid: region, device }, former]))).toEqual(
        only({
          conditions: [
            `Online True PendingRestart: bella: the heartbeat on ${former.uuid} is still written, although the cluster no longer has that file system: unmount the file systems on the host, then xensan brings the cluster online again`,
          ],
        }),
      );
    });
  });

  it.each<[string, Change["bella"]]>([
    [
      "False ForeignCluster: bella: cluster old is online on the host: take that cluster offline first",
      kernel({ name: "old" }),
    ],
    [
      "False KernelWithoutOcfs2: bella: its kernel is built without OCFS2: boot a kernel that has it, such as Debian's",
      { o2cb: known(o2cb({ kernel: "Missing", active: undefined })) },
    ],
    [
      "Unknown FactsUnknown: bella: did not report whether O2CB is online: o2cb failed",
      { o2cb: { state: "unknown", why: "o2cb failed" } },
    ],
    [
      "Unknown NodeUnreachable: bella: cannot be reached (Unreachable): no route to host",
      (one) => ({ ...one, view: unreachable }),
    ],
    ["Unknown Pending: bella: Waiting for a probe", (one) => ({ ...one, fresh: false })],
  ])("is not touched on a node that says %s", (condition, bella) => {
    expect(look({ bella })).toEqual(only({ conditions: [`Online ${condition}`] }));
  });

  it("waits for a node that still has the place of another", () => {
    const bella = kernel({
      nodes: [seat("bella"), { ...seat("carl"), number: 1 }].map((one) => ({ ...one, local: false })),
    });
    expect(look({ bella, others: [{ ...node("carl"), number: 1, listed: false }] })).toEqual(
      only({ conditions: ["Online False NodeLeaving: brutus: waits until the former node has left"] }),
    );
  });
});
