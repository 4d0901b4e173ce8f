import { expect, it } from "vitest";
import { clusterOnline, configureCluster, removeCluster } from "../../../src/host/ocfs2-actions.ts";
import { clusterRequest } from "../sim/cluster-stage.ts";
import { twins } from "./bench.ts";

const conf = "/etc/ocfs2/cluster.conf";
const region = "ABCDEF0123456789ABCDEF0123456789";

twins(
  ["configure-cluster", "cluster-online", "remove-cluster"],
  "a cluster.conf of another hand",
  (dom0) => {
    it.each([
      [
        "lines of Windows",
        "cluster:\r\n\tnode_count = 1\r\n\tname = ocfs2\r\n",
        "line 1 is not valid in a cluster.conf",
      ],
      ["a comment after a value", "cluster:\n\tnode_count = 1  # one\n\tname = ocfs2\n", "a cluster has no node_count"],
    ])("is left alone when it cannot be read: %s", async (_what, text, why) => {
      dom0.write(conf, text);
      expect(await dom0.act(configureCluster(clusterRequest))).toEqual({
        kind: "refused",
        reason: "ForeignCluster",
        message: `${conf} exists but cannot be read: ${why}`,
      });
      expect(dom0.read(conf)).toBe(text);
    });

    it("is left alone where O2CB reads other files than Debian's", async () => {
      dom0.remove("/etc/default/o2cb");
      dom0.write("/etc/sysconfig/o2cb", "O2CB_ENABLED=true\n");
      const refused = {
        kind: "refused",
        reason: "OcfsToolsMissing",
        message:
          "O2CB on this host reads /etc/sysconfig/o2cb: xensan can configure only one that reads /etc/default/o2cb, as Debian's does",
      };
      expect(await dom0.act(configureCluster(clusterRequest))).toEqual(refused);
      expect(await dom0.act(clusterOnline(clusterRequest))).toEqual(refused);
      expect(dom0.read(conf)).toBeUndefined();
    });

    const global = {
      ...clusterRequest,
      heartbeatMode: "Global",
      regions: [{ uuid: "abcdef01-2345-6789-abcd-ef0123456789", device: undefined }],
    } as const;
    const same = `# by hand
heartbeat:
  region=${region.toLowerCase()}
  cluster=labclus
node:
  number=1
  name=BRUTUS
  ip_address=10.99.0.12
  ip_port=7777
  cluster=labclus
node:
  number=0
  name=Bella
  ip_address=10.99.0.11
  ip_port=7777
  cluster=labclus
cluster:
  node_count=2
  heartbeat_mode=GLOBAL
  name=labclus
`;
    it("is taken over when it says the same in another order and other capitals", async () => {
      dom0.write(conf, same);
      expect(await dom0.act(configureCluster(global))).toEqual({ kind: "done", detail: "configured" });
    });

    it.each([
      ["another number", "number=1", "number=2"],
      ["another address", "10.99.0.12", "10.99.0.13"],
      ["another cluster", "=labclus", "=LABCLUS"],
      ["another region", "abcdef", "bbcdef"],
    ])("is left alone with %s", async (_what, was, is) => {
      dom0.write(conf, same.replaceAll(was, is));
      expect(await dom0.act(configureCluster(global))).toMatchObject({ kind: "refused", reason: "ForeignCluster" });
    });

    it("is taken over from a former object of the name, with other nodes, and from nobody else", async () => {
      const former = { ...clusterRequest, owner: { ...clusterRequest.owner, uid: "former" } };
      expect(await dom0.act(configureCluster(former))).toEqual({ kind: "done", detail: "configured" });
      const nodes = [...clusterRequest.nodes, { number: 2, name: "caesar", address: "10.99.0.13", port: 7777 }];
      const { owner } = clusterRequest;
      const namesake = configureCluster({ ...clusterRequest, nodes, owner: { ...owner, name: `${owner.name}2` } });
      expect(await dom0.act(namesake)).toEqual({
        kind: "refused",
        reason: "ForeignCluster",
        message: `${conf} was written for ${owner.namespace}/${owner.name}`,
      });
      const command = configureCluster({ ...clusterRequest, nodes });
      expect(await dom0.act(command)).toEqual({ kind: "done", detail: "configured" });
      expect(dom0.read(conf)).toMatch(`# xensan: ${owner.namespace}/${owner.name} ${owner.uid}\n`);
      expect(dom0.read(conf)).toContain("name = caesar");
      const late = removeCluster({ owner: former.owner, cluster: former.cluster });
      expect(await dom0.act(late)).toMatchObject({ kind: "refused", reason: "NotOurs" });
    });
  },
  { shared: "NotMounted", packages: ["ocfs2-tools"] },
);

twins(
  ["configure-cluster", "cluster-online"],
  "a node that this host hears",
  (dom0) => {
    const bella = { number: 0, name: "bella", address: "10.99.0.11", port: 7777 };
    const brutus = { number: 1, name: "brutus", address: "10.99.0.12", port: 7777 };
    const caesar = { number: 2, name: "caesar", address: "10.99.0.13", port: 7777 };
    const done = (detail: string) => ({ kind: "done", detail });
    const refused = (change: string) => ({
      kind: "refused",
      reason: "ClusterInUse",
      message: `node ${change}, but it still writes its heartbeat: unmount everything on it first`,
    });
    const configure = (...nodes: typeof clusterRequest.nodes) =>
      dom0.act(configureCluster({ ...clusterRequest, nodes }));
    const online = async () => {
      expect(await configure(bella, brutus)).toEqual(done("configured"));
      expect(await dom0.act(clusterOnline(clusterRequest))).toEqual(done("online"));
      dom0.hears(0, 1);
      return dom0.read(conf);
    };

    it("stays in cluster.conf, under its number", async () => {
      const before = await online();
      const cases: [nodes: typeof clusterRequest.nodes, change: string][] = [
        [[bella], "brutus (number 1) is no longer declared"],
        [[bella, { ...caesar, number: 1 }], "brutus (number 1) is no longer declared"],
        [[bella, { ...brutus, number: 2 }], "brutus (number 1) is to be number 2"],
        [[{ ...bella, number: 3 }, brutus], "bella (number 0) is to be number 3"],
      ];
      for (const [nodes, change] of cases) {
        expect(await configure(...nodes)).toEqual(refused(change));
        expect(dom0.read(conf)).toBe(before);
      }
      const restored = configureCluster({
        ...clusterRequest,
        ...{ owner: { ...clusterRequest.owner, uid: "restored" }, nodes: [bella] },
      });
      expect(await dom0.act(restored)).toEqual(refused("brutus (number 1) is no longer declared"));
      expect(dom0.read(conf)).toBe(before);
      const alone = clusterOnline({ ...clusterRequest, nodes: [bella] });
      expect(await dom0.act(alone)).toEqual(refused("brutus is no longer declared"));
    });

    it("may be written in other capitals, get another address, and be joined by others", async () => {
      await online();
      expect(await configure({ ...bella, name: "Bella" }, { ...brutus, name: "BRUTUS" }, caesar)).toEqual(
        done("configured"),
      );
      expect(await configure(bella, { ...brutus, address: "10.99.0.14" })).toEqual(done("configured"));
    });

    it("goes once its heartbeat has ended, as does one that was never heard", async () => {
      await online();
      expect(await configure(bella, brutus, caesar)).toEqual(done("configured"));
      expect(await configure(bella, brutus)).toEqual(done("configured"));
      dom0.hears(0);
      expect(await configure(bella)).toEqual(done("configured"));
      dom0.hears();
      expect(await configure({ ...bella, number: 3 })).toEqual(done("configured"));
    });
  },
  { shared: "NotMounted", packages: ["ocfs2-tools"] },
);
