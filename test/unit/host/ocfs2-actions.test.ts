import { describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import type { HostCommand } from "../../../src/host/command.ts";
import {
  addNodeSlots,
  type ClusterRequest,
  clusterOnline,
  configureCluster,
  type FormatRequest,
  formatFilesystem,
  growFilesystem,
  mountFilesystem,
  removeCluster,
  unmountFilesystem,
} from "../../../src/host/ocfs2-actions.ts";

const owner = { namespace: "san", name: "disks", uid: "1111-aa" };
const uuid = "20e7556d-4732-44bc-9767-e8f7299afe1c";
const bella = { number: 0, name: "bella", address: "10.99.0.11", port: 7777 };
const brutus = { number: 1, name: "brutus", address: "10.99.0.12", port: 7777 };
const cluster: ClusterRequest = {
  owner,
  cluster: "labclus",
  heartbeatMode: "Global",
  fenceMethod: "Panic",
  timeouts: {
    heartbeatThreshold: 61,
    idleMilliseconds: 60_000,
    keepaliveMilliseconds: 2000,
    reconnectMilliseconds: 2000,
  },
  nodes: [brutus, bella],
  regions: [{ uuid, device: "/dev/etherd/e0.1" }],
};
const format: FormatRequest = {
  owner,
  device: "/dev/etherd/e0.1",
  uuid,
  label: "DATA",
  cluster: "labclus",
  heartbeatMode: "Local",
  nodeSlots: 4,
  sizeBytes: 2 ** 31,
  server: "san",
  interface: "eth1",
};
const mount = {
  owner,
  device: "/dev/etherd/e0.1",
  uuid,
  cluster: "labclus",
  mountPoint: "/srv/xen",
  options: ["noatime"],
  allowedMountPoints: ["/srv/*"],
  allowedMountOptions: [],
};

describe("a command about OCFS2", () => {
  it.each([
    [
      configureCluster(cluster),
      "configure-cluster",
      "san/disks 1111-aa|labclus|global|panic|61|60000|2000|2000|node=0:bella:10.99.0.11:7777|node=1:brutus:10.99.0.12:7777|region=20E7556D473244BC9767E8F7299AFE1C:/dev/etherd/e0.1",
    ],
    [
      clusterOnline({ ...cluster, heartbeatMode: "Local", fenceMethod: "Reset", regions: [], nodes: [bella] }),
      "cluster-online",
      "san/disks 1111-aa|labclus|local|reset|61|60000|2000|2000|node=0:bella:10.99.0.11:7777",
    ],
    [removeCluster({ owner, cluster: "labclus" }), "remove-cluster", "san/disks 1111-aa|labclus"],
    [
      formatFilesystem(format),
      "format-filesystem",
      `san/disks 1111-aa|/dev/etherd/e0.1|${uuid}|DATA|labclus|local|4|-|-|-|-|2147483648|san|eth1`,
    ],
    [
      formatFilesystem({ ...format, blockSize: 4096, clusterSize: 65_536, journalSize: 8 * 2 ** 20, type: "vmstore" }),
      "format-filesystem",
      `san/disks 1111-aa|/dev/etherd/e0.1|${uuid}|DATA|labclus|local|4|4096|65536|8388608|vmstore|2147483648|san|eth1`,
    ],
    [
      mountFilesystem({ ...mount, options: ["_netdev", "noatime", "commit=30"] }),
      "mount-filesystem",
      `san/disks 1111-aa|/dev/etherd/e0.1|${uuid}|labclus|/srv/xen|nosuid,nodev,noexec,noatime,commit=30|/srv/*`,
    ],
    [
      mountFilesystem({ ...mount, options: [] }),
      "mount-filesystem",
      `san/disks 1111-aa|/dev/etherd/e0.1|${uuid}|labclus|/srv/xen|nosuid,nodev,noexec|/srv/*`,
    ],
    [
      mountFilesystem({ ...mount, options: ["exec", "nodev"], allowedMountOptions: ["exec", "suid"] }),
      "mount-filesystem",
      `san/disks 1111-aa|/dev/etherd/e0.1|${uuid}|labclus|/srv/xen|nosuid,nodev,exec|/srv/*|option=exec|option=suid`,
    ],
    [unmountFilesystem(mount), "unmount-filesystem", `san/disks 1111-aa|/dev/etherd/e0.1|${uuid}|/srv/xen`],
    [growFilesystem(mount), "grow-filesystem", `/dev/etherd/e0.1|${uuid}`],
    [addNodeSlots({ ...mount, nodeSlots: 8 }), "add-node-slots", `/dev/etherd/e0.1|${uuid}|8`],
    [
      probe({
        roles: ["Client"],
        segments: [],
        backings: [],
        sharedDevices: ["/dev/etherd/e0.1"],
        mountPoints: ["/srv/xen"],
      }),
      "probe",
      "client|device=/dev/etherd/e0.1|mountpoint=/srv/xen",
    ],
  ])("is its script and its arguments: %#", (command, name, args) => {
    expect({ name: command.script.name, args: command.args.join("|") }).toEqual({ name, args });
  });

  it.each([
    ["a cluster", () => removeCluster({ owner, cluster: "my-cluster" }), /cluster is "my-cluster"/],
    ["no node", () => configureCluster({ ...cluster, nodes: [] }), /nodes is \[\]/],
    [
      "two nodes of one address",
      () => configureCluster({ ...cluster, nodes: [bella, { ...brutus, address: bella.address }] }),
      /nodes with one address each/,
    ],
    [
      "two nodes of one name",
      () => configureCluster({ ...cluster, nodes: [bella, { ...brutus, name: "BELLA" }] }),
      /nodes with one name each/,
    ],
    ["a port", () => configureCluster({ ...cluster, nodes: [{ ...bella, port: 65_535 }] }), /port is 65535/],
    ["an address", () => configureCluster({ ...cluster, nodes: [{ ...bella, address: "10.99.0.999" }] }), /IPv4/],
    ["a node's name", () => configureCluster({ ...cluster, nodes: [{ ...bella, name: "bad name/x" }] }), /short host/],
    [
      "an idle timeout",
      () => clusterOnline({ ...cluster, timeouts: { ...cluster.timeouts, keepaliveMilliseconds: 60_000 } }),
      /idleMilliseconds is 60000; it must be more than/,
    ],
    [
      "a threshold",
      () => clusterOnline({ ...cluster, timeouts: { ...cluster.timeouts, heartbeatThreshold: 6 } }),
      /heartbeatThreshold is 6/,
    ],
    ["a UUID", () => formatFilesystem({ ...format, uuid: uuid.toUpperCase() }), /uuid is/],
    ["a label", () => formatFilesystem({ ...format, label: "-x" }), /label is "-x"/],
    ["a block size", () => formatFilesystem({ ...format, blockSize: 3000 }), /blockSize is 3000.*power of two/],
    ["a cluster size", () => formatFilesystem({ ...format, clusterSize: 2048 }), /clusterSize is 2048/],
    ["a server", () => formatFilesystem({ ...format, server: "a b" }), /server is "a b"/],
    ["slots", () => addNodeSlots({ ...mount, nodeSlots: 256 }), /nodeSlots is 256/],
    ["localflocks", () => mountFilesystem({ ...mount, options: ["localflocks"] }), /mountOptions is "localflocks"/],
    ["an option", () => mountFilesystem({ ...mount, options: ["a,b"] }), /mountOptions is "a,b"/],
    ...[
      "x-systemd.wanted-by=multi-user.target",
      "x-systemd.requires=reboot.target",
      "x-systemd.makefs",
      "x-systemd.before=ssh.service",
      "errors=panic",
      "remount",
      "heartbeat=none",
      "user",
    ].map((option): [string, () => HostCommand, RegExp] => [
      option,
      () => mountFilesystem({ ...mount, options: [option] }),
      /must be a mount option that shared/,
    ]),
    ["a bind", () => mountFilesystem({ ...mount, options: ["bind"] }), /mountOptions is "bind"/],
    ["a glob", () => mountFilesystem({ ...mount, allowedMountPoints: ["srv/*"] }), /allowedMountPoints is "srv/],
    ["a mount point", () => unmountFilesystem({ ...mount, mountPoint: "/srv/../etc" }), /path is/],
  ])("names what is wrong with %s", (_what, build, message) => {
    expect(build).toThrow(message);
  });
});
