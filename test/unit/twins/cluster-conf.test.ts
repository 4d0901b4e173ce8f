import { expect, it } from "vitest";
import { clusterOnline, configureCluster } from "../../../src/host/ocfs2-actions.ts";
import { clusterRequest } from "../sim/cluster-stage.ts";
import { twins } from "./bench.ts";

const conf = "/etc/ocfs2/cluster.conf";
const region = "ABCDEF0123456789ABCDEF0123456789";

twins(
  ["configure-cluster", "cluster-online"],
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
  },
  { shared: "NotMounted", packages: ["ocfs2-tools"] },
);
