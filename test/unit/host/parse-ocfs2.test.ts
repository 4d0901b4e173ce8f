import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Fact, HostFacts } from "../../../src/host/facts.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";

const fixture = (name: string): HostFacts =>
  parseProbe(readFileSync(new URL(`../../fixtures/probe/${name}.txt`, import.meta.url), "utf8"));
const known = <T>(fact: Fact<T>): T => {
  if (fact.state !== "known") throw new Error(JSON.stringify(fact));
  return fact.value;
};
const probeOf = (section: string, ...rows: string[]) =>
  parseProbe(
    ["probe\t1", ...rows.map((row) => `${section}\t${row}`), `end\t${section}\tknown\t0\t`, "end\tprobe", ""].join(
      "\n",
    ),
  );

const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const bella = { number: 0, name: "bella", address: "10.99.0.11", port: 7777 };
const brutus = { number: 1, name: "brutus", address: "10.99.0.12", port: 7777 };
const timeouts = {
  heartbeatThreshold: 61,
  idleMilliseconds: 60_000,
  keepaliveMilliseconds: 2000,
  reconnectMilliseconds: 2000,
};

describe("a real dom0 that shares its file system with another", () => {
  const facts = fixture("lab-bella-shared");

  it("tells what is configured, what is active, and whom it hears", () => {
    expect(known(facts.o2cb)).toEqual({
      kernel: "Module",
      loaded: true,
      configuration: {
        state: "Readable",
        owner: "san/lab 3333-cc",
        clusters: [{ name: "labclus", heartbeatMode: "Local" }],
        nodes: [
          { cluster: "labclus", ...bella },
          { cluster: "labclus", ...brutus },
        ],
        regions: [],
      },
      boot: { enabled: true, cluster: "labclus", timeouts },
      bootOrder: true,
      panicOnOops: { now: 1, persisted: true },
      panic: { now: 30, persisted: true },
      active: {
        name: "labclus",
        heartbeatMode: "Local",
        fenceMethod: "Reset",
        ...timeouts,
        nodes: [
          { ...bella, local: true },
          { ...brutus, local: false },
        ],
        regions: [{ uuid: "AAAAAAAABBBB4CCC8DDDEEEEEEEEEEEE", device: "/dev/etherd/e0.1" }],
        liveNodes: [0, 1],
        connectedNodes: [1],
      },
    });
  });

  it("tells what is on the device, who writes to it, and where it is mounted", () => {
    expect(known(facts.sharedDevices)).toEqual([
      {
        path: "/dev/etherd/e0.1",
        content: "Ocfs2",
        signature: "ocfs2",
        sizeBytes: 2 ** 31,
        superblock: {
          uuid,
          label: "DATA",
          stack: "o2cb",
          cluster: "labclus",
          globalHeartbeat: false,
          nodeSlots: 2,
          sizeBytes: 2 ** 31,
          blockSize: 4096,
          clusterSize: 65_536,
        },
        heartbeats: [
          { node: 0, sequence: "000000006b0350a6" },
          { node: 1, sequence: "000000006b0350a5" },
        ],
        slots: [
          { slot: 0, node: 1 },
          { slot: 1, node: 0 },
        ],
        mounts: [
          {
            mountPoint: "/srv/xen",
            access: "ReadWrite",
            options: [
              "noatime",
              "_netdev",
              "heartbeat=local",
              "nointr",
              "data=ordered",
              "errors=remount-ro",
              "atime_quantum=60",
              "cluster_stack=o2cb",
              "coherency=full",
              "user_xattr",
              "acl",
            ],
          },
        ],
      },
    ]);
  });

  it("tells what brings the mount back", () => {
    expect(known(facts.mountPoints)).toEqual([
      {
        path: "/srv/xen",
        kind: "Directory",
        empty: undefined,
        immutable: undefined,
        persisted: {
          source: "/dev/etherd/e0.1",
          options: ["_netdev", "noauto", "x-systemd.requires=o2cb.service", "noatime"],
          owner: "san/lab 3333-cc",
        },
      },
    ]);
  });

  it("has nothing to tell of formats, for the other one made it", () => {
    expect(facts.formats).toEqual({ state: "known", value: [] });
    expect(known(fixture("lab-brutus-shared").formats)).toEqual([
      { uuid, device: "/dev/etherd/e0.1", state: "Done", owner: "san/lab 3333-cc" },
    ]);
  });

  it("tells what its kernel said of the other", () => {
    expect(facts.kernelTroubles).toEqual({ state: "known", value: [] });
    expect(known(fixture("lab-brutus-shared").kernelTroubles)).toEqual([
      {
        kind: "Network",
        subject: "bella",
        count: 2,
        seconds: 1780,
        message: "o2net: Connection to node bella (num 0) at 10.99.0.11:7777 shutdown, state 7",
      },
    ]);
  });
});

it("a real dom0 with a blank device and Debian's configuration says just that", () => {
  const facts = fixture("lab-bella-blank");
  expect(known(facts.o2cb)).toMatchObject({
    loaded: false,
    configuration: undefined,
    boot: { enabled: false, cluster: "ocfs2" },
    bootOrder: false,
    active: undefined,
  });
  expect(known(facts.sharedDevices)).toMatchObject([{ content: "Blank", superblock: undefined, mounts: [] }]);
  expect(known(facts.mountPoints)).toEqual([
    { path: "/srv/xen", kind: "Missing", empty: undefined, immutable: undefined, persisted: undefined },
  ]);
});

describe("an odd value of O2CB costs its row", () => {
  const probe = readFileSync(new URL("../../fixtures/probe/lab-bella-shared.txt", import.meta.url), "utf8");
  const before = known(parseProbe(probe).o2cb);
  const huge = "99999999999999999";

  it.each<[string, RegExp, string, Partial<typeof before>]>([
    ["/etc/default/o2cb", /^(o2cb\tboot\t\w+\t\w+)\t\d+/m, `$1\t${huge}`, { boot: undefined }],
    ["/etc/default/o2cb, a word", /^(o2cb\tboot\t)\w+/m, "$1perhaps", { boot: undefined }],
    ["the active cluster", /^(o2cb\tactive\t\w+)\t\d+/m, `$1\t${huge}`, { active: undefined, activeUnreadable: true }],
    ["a sysctl", /^(o2cb\tsysctl\tpanic)\t\d+/m, `$1\t${huge}`, { panic: undefined }],
  ])("%s", (_name, row, by, lost) => {
    const odd = probe.replace(row, by);
    expect(odd).not.toBe(probe);
    expect(parseProbe(odd).o2cb).toEqual({
      state: "known",
      value: { ...before, ...lost },
      unread: [{ why: expect.any(String), row: expect.stringMatching(/99999999999999999|perhaps/) }],
    });
  });
});

describe("a section without what it always says is unknown as a whole", () => {
  it.each(["loaded\tyes", "kernel\tPerhaps"])("%s", (row) => {
    expect(probeOf("o2cb", row).o2cb).toEqual({ state: "unknown", why: expect.stringMatching(/^o2cb: /) });
  });
});

describe("a row that is not as documented costs that row and is told", () => {
  it.each([
    ["filesystems", "device\t/dev/etherd/e0.1\tNothing\t-\t0"],
    ["filesystems", "device\t/dev/etherd/e0.1\tOcfs2\tocfs2\tmany"],
    ["mount-points", "point\t/srv/xen\tDirectory\tperhaps\tno"],
    ["formats", "no-uuid\t/dev/etherd/e0.1\tDone\tsan/a 1"],
    ["formats", `${uuid}\t/dev/etherd/e0.1\tForgotten\tsan/a 1`],
    ["kernel-log", "Gossip\t-\t1\t2\ttext"],
  ])("%s: %s", (section, row) => {
    const facts = probeOf(section, row);
    const by: Record<string, Fact<unknown>> = {
      filesystems: facts.sharedDevices,
      "mount-points": facts.mountPoints,
      formats: facts.formats,
      "kernel-log": facts.kernelTroubles,
    };
    expect(by[section]).toEqual({
      state: "known",
      value: [],
      unread: [{ why: expect.any(String), row: row.replaceAll("\t", " ") }],
    });
  });
});
