import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClusterRequest, clusterOnline, configureCluster, removeCluster } from "../../src/host/ocfs2-actions.ts";
import type { O2cb } from "../../src/host/ocfs2-facts.ts";
import { known, startHost, type TestHost } from "./host.ts";

const owner = { namespace: "san", name: "disks", uid: "66666666-ffff" };

/** A kernel without O2CB: a stack and an empty configfs of plain files, for the probe to read. */
const stack = `
  mount -t tmpfs tmpfs /sys/kernel && mkdir -p /sys/kernel/config/cluster
  mkdir -p /srv/plugins/ocfs2 && echo o2cb >/srv/plugins/ocfs2/loaded_cluster_plugins && mount --bind /srv/plugins /sys/fs`;

describe.each([
  { tools: "dash and coreutils", busybox: false },
  { tools: "busybox", busybox: true },
])("a node of a cluster with $tools", ({ busybox }) => {
  let host: TestHost;
  let request: ClusterRequest;
  beforeAll(async () => {
    host = await startHost({ image: "ocfs2", busybox });
    // The two settings belong to the machine: the container gets copies of them.
    await host.sh(`
      for name in panic panic_on_oops; do echo 0 >/srv/$name; mount --bind /srv/$name /proc/sys/kernel/$name; done
      printf 'CONFIG_OCFS2_FS=m\\nCONFIG_OCFS2_FS_O2CB=m\\n' >"/boot/config-$(uname -r)"
      ${stack}`);
    const name = (await host.sh("hostname")).trim();
    request = {
      owner,
      cluster: "labclus",
      heartbeatMode: "Local",
      fenceMethod: "Reset",
      timeouts: {
        heartbeatThreshold: 61,
        idleMilliseconds: 60_000,
        keepaliveMilliseconds: 2000,
        reconnectMilliseconds: 2000,
      },
      nodes: [
        { number: 0, name, address: "10.99.0.11", port: 7777 },
        { number: 1, name: "brutus", address: "10.99.0.12", port: 7777 },
      ],
      regions: [],
    };
  });
  afterAll(() => host?.stop());
  const configure = (changes: Partial<ClusterRequest> = {}) => host.act(configureCluster({ ...request, ...changes }));
  const o2cb = async (): Promise<O2cb> => known((await host.probe({ roles: ["Client"] })).o2cb);

  it("is seen as not configured, with what Debian installs", async () => {
    expect(await o2cb()).toEqual({
      kernel: "Module",
      loaded: true,
      configuration: undefined,
      boot: {
        enabled: false,
        cluster: "ocfs2",
        timeouts: {
          heartbeatThreshold: 31,
          idleMilliseconds: 30_000,
          keepaliveMilliseconds: 2000,
          reconnectMilliseconds: 2000,
        },
      },
      bootOrder: false,
      panicOnOops: { now: 0, persisted: false },
      panic: { now: 0, persisted: false },
      active: undefined,
    });
  });

  it("is configured as o2cb itself understands it, and once", async () => {
    expect(await configure()).toEqual({ kind: "done", detail: "configured" });
    const [own] = request.nodes;
    expect((await host.sh("o2cb list-cluster --oneline labclus")).trim().split("\n").sort()).toEqual([
      "cluster: 2 local labclus",
      `node: 0 ${own?.name} 10.99.0.11:7777 labclus`,
      "node: 1 brutus 10.99.0.12:7777 labclus",
    ]);
    expect(await o2cb()).toEqual({
      kernel: "Module",
      loaded: true,
      configuration: {
        state: "Readable",
        owner: "san/disks 66666666-ffff",
        clusters: [{ name: "labclus", heartbeatMode: "Local" }],
        nodes: request.nodes.map((node) => ({ cluster: "labclus", ...node })),
        regions: [],
      },
      boot: { enabled: true, cluster: "labclus", timeouts: request.timeouts },
      bootOrder: true,
      panicOnOops: { now: 1, persisted: true },
      panic: { now: 30, persisted: true },
      active: undefined,
    });
    expect(await configure()).toEqual({ kind: "done", detail: "unchanged" });
    expect((await host.sh("systemctl is-enabled xensan-mounts.service")).trim()).toBe("enabled");
    expect(await host.sh("systemd-analyze verify xensan-mounts.service 2>&1 | grep xensan || true")).toBe("");
  });

  it("keeps what the admin wrote beside it, and mends what somebody changed", async () => {
    await host.sh(`
      printf '# mine\\nOTHER=1\\nO2CB_ENABLED=false\\nO2CB_STACK=pcmk\\nO2CB_IDLE_TIMEOUT_MS="5000"\\n' >/etc/default/o2cb
      echo 'kernel.panic = 0' >/etc/sysctl.d/80-mine.conf; rm /etc/systemd/system/multi-user.target.wants/xensan-mounts.service`);
    expect(await configure()).toEqual({ kind: "done", detail: "configured" });
    expect((await host.sh("cat /etc/default/o2cb")).trim().split("\n")).toEqual([
      "# mine",
      "OTHER=1",
      "O2CB_ENABLED=true",
      "O2CB_IDLE_TIMEOUT_MS=60000",
      "O2CB_BOOTCLUSTER=labclus",
      "O2CB_HEARTBEAT_THRESHOLD=61",
      "O2CB_KEEPALIVE_DELAY_MS=2000",
      "O2CB_RECONNECT_DELAY_MS=2000",
    ]);
    expect(await o2cb()).toMatchObject({ bootOrder: true, panic: { now: 30, persisted: true } });
  });

  it("says when a file of the admin overrides its own", async () => {
    await host.sh("echo 'kernel.panic=7' >/etc/sysctl.d/95-mine.conf");
    expect(await o2cb()).toMatchObject({ panic: { now: 30, persisted: false } });
    await host.sh("rm /etc/sysctl.d/95-mine.conf");
  });

  it("gets more nodes, and the regions of a global heartbeat", async () => {
    const nodes = [...request.nodes, { number: 7, name: "carla", address: "10.99.0.13", port: 7778 }];
    const regions = [{ uuid: "00000000-0000-4000-8000-00000000000a", device: "/dev/etherd/e0.1" }];
    expect(await configure({ nodes, heartbeatMode: "Global", regions })).toEqual({
      kind: "done",
      detail: "configured",
    });
    expect(await host.sh("o2cb list-cluster --oneline labclus")).toContain(
      "heartbeat: 0000000000004000800000000000000A labclus",
    );
    expect(await host.sh("o2cb list-cluster --oneline labclus")).toContain("node: 7 carla 10.99.0.13:7778 labclus");
    expect(await host.sh("cat /var/lib/xensan/cluster")).toBe(
      "labclus reset global\n0000000000004000800000000000000A /dev/etherd/e0.1\n",
    );
    expect(await o2cb()).toMatchObject({
      configuration: {
        clusters: [{ name: "labclus", heartbeatMode: "Global" }],
        regions: [{ cluster: "labclus", region: "0000000000004000800000000000000A" }],
      },
    });
    expect(await configure()).toEqual({ kind: "done", detail: "configured" });
  });

  it("is refused under a name that no node has: O2CB would stay offline without a word", async () => {
    const [, other] = request.nodes;
    if (other === undefined) throw new Error("two nodes are needed");
    expect(await configure({ nodes: [other] })).toMatchObject({
      kind: "refused",
      reason: "HostNameMismatch",
      message: expect.stringContaining("the nodes of labclus are brutus"),
    });
  });

  it("is refused over somebody else's cluster.conf, which stays; the same in other words is taken over", async () => {
    const ours = await host.sh("cat /etc/ocfs2/cluster.conf");
    await host.sh(
      "printf 'cluster:\\n\\tname = other\\n\\tnode_count = 1\\n\\nnode:\\n\\tcluster = other\\n\\tnumber = 3\\n\\tip_port = 7777\\n\\tip_address = 10.1.1.1\\n\\tname = x\\n\\n' >/etc/ocfs2/cluster.conf",
    );
    const theirs = await host.sh("cat /etc/ocfs2/cluster.conf");
    expect(await configure()).toMatchObject({
      kind: "refused",
      reason: "ForeignCluster",
      message: expect.stringContaining("cluster other node x 10.1.1.1"),
    });
    expect(await host.act(removeCluster({ owner, cluster: "labclus" }))).toMatchObject({ reason: "NotOurs" });
    expect(await host.sh("cat /etc/ocfs2/cluster.conf")).toBe(theirs);
    await host.sh("sed -i 's/^\\tnode_count.*//; 1i garbage' /etc/ocfs2/cluster.conf");
    expect(await configure()).toMatchObject({ reason: "ForeignCluster", message: expect.stringContaining("line 1") });
    expect(await o2cb()).toMatchObject({ configuration: { state: "Unreadable" } });
    // o2cb itself writes no comments: after it has run, the mark is gone.
    await host.sh(
      `cat >/etc/ocfs2/cluster.conf <<'END'\n${ours}END\no2cb add-node labclus carla --ip 10.99.0.13; o2cb remove-node labclus carla`,
    );
    expect(await o2cb()).toMatchObject({ configuration: { state: "Readable", owner: "" } });
    expect(await configure()).toEqual({ kind: "done", detail: "configured" });
    expect(await o2cb()).toMatchObject({ configuration: { owner: "san/disks 66666666-ffff" } });
    expect(await configure({ owner: { ...owner, uid: "7777-aa" } })).toEqual({ kind: "done", detail: "configured" });
    await configure();
  });

  it("is not brought online where the kernel has no part in it", async () => {
    await host.sh("umount /sys/fs; umount /sys/kernel");
    const online = (changes: Partial<ClusterRequest> = {}) => host.act(clusterOnline({ ...request, ...changes }));
    expect(await online()).toMatchObject({ kind: "refused", reason: "ModuleMissing" });
    await host.sh(`echo 'CONFIG_OCFS2_FS=m' >"/boot/config-$(uname -r)"`);
    expect(await online()).toMatchObject({ kind: "refused", reason: "KernelWithoutOcfs2" });
    expect((await host.probe({ roles: ["Client"] })).o2cb).toEqual({ state: "absent" });
    expect(await online({ cluster: "another" })).toMatchObject({
      kind: "refused",
      reason: "ClusterOffline",
      message: expect.stringContaining("is not configured in /etc/ocfs2/cluster.conf"),
    });
    await host.sh(stack);
    await host.sh("mkdir /sys/kernel/config/cluster/theirs");
    expect(await online()).toMatchObject({ kind: "refused", reason: "ForeignCluster" });
    await host.sh("rmdir /sys/kernel/config/cluster/theirs");
  });

  it("is no node any more once it is removed, twice", async () => {
    expect(await host.act(removeCluster({ owner: { ...owner, uid: "7777-aa" }, cluster: "labclus" }))).toMatchObject({
      reason: "NotOurs",
    });
    expect(await host.act(removeCluster({ owner, cluster: "labclus" }))).toEqual({ kind: "done", detail: "removed" });
    expect(await host.act(removeCluster({ owner, cluster: "labclus" }))).toEqual({ kind: "done", detail: "absent" });
    expect(await o2cb()).toMatchObject({
      configuration: undefined,
      bootOrder: false,
      boot: { enabled: false },
      panic: { persisted: false },
    });
    expect((await host.try("ls /etc/systemd/system | grep xensan")).output).toBe("");
  });
});
