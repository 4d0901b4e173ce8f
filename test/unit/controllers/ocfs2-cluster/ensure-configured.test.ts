import { describe, expect, it } from "vitest";
import { ensureConfigured } from "../../../../src/controllers/ocfs2-cluster/ensure-configured.ts";
import type { O2cb } from "../../../../src/host/ocfs2-facts.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import { type Change, cluster, clusterConf, node, o2cb, only, seat, timeouts, unmounted } from "./observations.ts";

const look = (change: Change = {}) => decision(ensureConfigured(cluster(change)));
const configure = (host: string, threshold = 31) =>
  `XenHost ${host} configure-cluster san/data 1 data local reset ${threshold} 30000 2000 2000 node=0:bella:192.168.0.1:7777 node=1:brutus:192.168.0.2:7777`;
const good = "Configured True Configured: O2CB cluster data is configured identically on bella, brutus";

describe("the configuration of a cluster", () => {
  it("is left as it is where every node has it", () => {
    expect(look()).toEqual(only({ conditions: [good] }));
  });

  it.each<[string, Partial<O2cb> | undefined]>([
    ["O2CB is not configured", undefined],
    ["has no cluster.conf", { configuration: undefined }],
    ["its cluster.conf cannot be read: line 3", { configuration: { state: "Unreadable", why: "line 3" } }],
    [
      "its cluster.conf was not written by xensan for this cluster",
      { configuration: clusterConf({ owner: "san/other 1" }) },
    ],
    ["its cluster.conf was not written by xensan for this cluster", { configuration: clusterConf({ owner: "" }) }],
    ["its cluster.conf has the mark of a former object", { configuration: clusterConf({ owner: "san/data 0" }) }],
    [
      "its cluster.conf is for another cluster",
      { configuration: clusterConf({ clusters: [{ name: "old", heartbeatMode: "Local" }] }) },
    ],
    [
      "its cluster.conf is for another cluster",
      {
        configuration: clusterConf({
          clusters: [
            { name: "data", heartbeatMode: "Local" },
            { name: "old", heartbeatMode: "Local" },
          ],
        }),
      },
    ],
    [
      "its cluster.conf has another heartbeat mode",
      { configuration: clusterConf({ clusters: [{ name: "data", heartbeatMode: "Global" }] }) },
    ],
    [
      "its cluster.conf lists other nodes",
      { configuration: clusterConf({ nodes: [{ ...seat("bella"), cluster: "data" }] }) },
    ],
    [
      "its cluster.conf lists other heartbeat regions",
      { configuration: clusterConf({ regions: [{ cluster: "data", region: "A".repeat(32) }] }) },
    ],
    ["the cluster would not start after a reboot", { boot: undefined }],
    ["the cluster would not start after a reboot", { boot: { enabled: false, cluster: "data", timeouts } }],
    ["the cluster would not start after a reboot", { boot: { enabled: true, cluster: "old", timeouts } }],
    [
      "its timeouts would differ after a reboot",
      { boot: { enabled: true, cluster: "data", timeouts: { ...timeouts, heartbeatThreshold: 61 } } },
    ],
    ["its boot order is missing or of another release", { bootOrder: false }],
    ["kernel.panic_on_oops is not 1", { panicOnOops: { now: 0, persisted: true } }],
    ["kernel.panic_on_oops is not 1", { panicOnOops: { now: 1, persisted: false } }],
    ["kernel.panic is not set", { panic: { now: 0, persisted: true } }],
    ["kernel.panic is not set", { panic: { now: 30, persisted: false } }],
  ])("is written on a node of which this is true: %s", (message, rest) => {
    const bella = { o2cb: rest === undefined ? ({ state: "absent" } as const) : known(o2cb(rest)) };
    expect(look({ bella })).toEqual(
      only({ conditions: [`Configured False Progressing: bella: ${message}`], steps: [configure("bella")] }),
    );
  });

  it.each<[string, Partial<O2cb>]>([
    ["the sysctls cannot be read", { panicOnOops: undefined, panic: undefined }],
    ["a panic reboots at once", { panic: { now: -1, persisted: true } }],
  ])("is right where %s", (_name, rest) => {
    expect(look({ bella: { o2cb: known(o2cb(rest)) } })).toEqual(only({ conditions: [good] }));
  });

  it.each<[string, Change["bella"]]>([
    [
      "Unknown NodeUnreachable: bella: cannot be reached (Unreachable): no route to host",
      (one) => ({ ...one, view: unreachable }),
    ],
    ["Unknown Pending: bella: Waiting for a probe", (one) => ({ ...one, view: { state: "Pending" } })],
    ["Unknown Pending: bella: Waiting for a probe", (one) => ({ ...one, fresh: false })],
    ["Unknown Pending: bella: Waiting for a probe", (one) => ({ ...one, trusted: false })],
    [
      "False NodeNotFound: bella: XenHost bella does not exist: create it, or remove the node from the spec",
      () => ({ ...seat("bella"), host: "bella", listed: true, state: "NotFound", heard: undefined }),
    ],
    [
      "False NodeNotFound: bella: XenHost bella has an invalid spec: no ssh",
      () => ({ ...seat("bella"), host: "bella", listed: true, state: "Invalid", message: "no ssh" }),
    ],
    [
      "False NodeInOtherCluster: bella: is a node of old",
      (one) => ({ ...one, rival: { reason: "NodeInOtherCluster", message: "is a node of old" } }),
    ],
    [
      "False HostNameMismatch: bella: has the host name beate, but the node is bella: O2CB identifies a node by its host name only. Give the XenHost and the machine the same name",
      { identity: known({ hostname: "beate", machineId: "m", bootId: "b", claims: new Map() }) },
    ],
    [
      "Unknown FactsUnknown: bella: did not report its O2CB configuration: o2cb failed",
      { o2cb: { state: "unknown", why: "o2cb failed" } },
    ],
    [
      "False OcfsToolsMissing: bella: o2cb, mkfs.ocfs2 not found: install ocfs2-tools on the host",
      { tools: known(new Map()), o2cb: { state: "absent" } },
    ],
  ])("is not written on a node that says %s", (condition, bella) => {
    expect(look({ bella })).toEqual(only({ conditions: [`Configured ${condition}`] }));
  });

  it("is written once ocfs2-tools are installed, where xensan may install them", () => {
    const system = known({
      os: "Debian",
      osId: "debian",
      kernel: "6.1",
      init: "systemd",
      packageManager: "apt",
    } as const);
    expect(look({ bella: { tools: known(new Map()), o2cb: { state: "absent" }, system } })).toEqual(
      only({
        conditions: ["Configured False Progressing: bella: ocfs2-tools is not installed yet"],
        steps: ["exclusive XenHost bella install-packages ocfs2-tools", configure("bella")],
      }),
    );
  });

  it("has no new node in the place of one that still has the file system mounted", () => {
    const carl = { ...node("carl"), number: 1, listed: false };
    const nodes = [seat("bella"), { ...seat("carl"), number: 1 }].map((one) => ({ ...one, cluster: "data" }));
    const bella = { o2cb: known(o2cb({ configuration: clusterConf({ nodes }) })) };
    expect(look({ bella, others: [carl] })).toEqual(
      only({
        conditions: [
          "Configured False NodeLeaving: brutus: waits until the former node with this number, name or address has left",
        ],
      }),
    );
    expect(look({ bella, others: [{ ...carl, ...node("carl", unmounted()), number: 1, listed: false }] })).toEqual(
      only({
        conditions: ["Configured False Progressing: bella: its cluster.conf lists other nodes"],
        steps: [configure("bella")],
      }),
    );
  });

  describe("with other timeouts in the spec", () => {
    const spec = { timeouts: { heartbeatThreshold: 61 } };

    it("keeps the former ones while anything is mounted", () => {
      expect(look({ spec })).toEqual(only({ conditions: [good] }));
    });

    it("keeps them while one node cannot be asked", () => {
      expect(look({ spec, bella: unmounted(), brutus: (one) => ({ ...one, view: unreachable }) })).toEqual(
        only({
          conditions: ["Configured Unknown NodeUnreachable: brutus: cannot be reached (Unreachable): no route to host"],
        }),
      );
    });

    it("keeps them while one node does not tell what it has mounted", () => {
      const brutus = { sharedDevices: { state: "unknown", why: "blkid failed" } } as const;
      expect(look({ spec, bella: unmounted(), brutus })).toEqual(only({ conditions: [good] }));
    });

    it("gets the new ones on all nodes once nothing is mounted anywhere, and remembers that", () => {
      expect(look({ spec, bella: unmounted(), brutus: unmounted() })).toEqual(
        only({
          conditions: [
            "Configured False Progressing: bella: its timeouts would differ after a reboot; brutus: its timeouts would differ after a reboot",
          ],
          steps: [configure("bella", 61), configure("brutus", 61)],
          writes: [{ kind: "Timeouts" }],
        }),
      );
    });
  });
});
