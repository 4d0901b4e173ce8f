import { expect, it } from "vitest";
import { finalizer } from "../../../../src/api/common.ts";
import type { Ocfs2Cluster, XenDomain } from "../../../../src/api/kinds.ts";
import { domainPlaces } from "../../../../src/controllers/xen-domain/places.ts";
import { domainIndexes } from "../../../../src/controllers/xen-domain/watches.ts";
import { Store } from "../../../../src/runtime/store.ts";
import { stage } from "../../runtime/stage.ts";

const cluster = (name: string): Ocfs2Cluster => ({
  ...{ apiVersion: "xensan.dev/v1alpha1", kind: "Ocfs2Cluster", metadata: { namespace: "san", name } },
  spec: {
    clusterName: name,
    nodes: [
      { number: 0, hostRef: { name: "bella" }, address: "10.99.0.11" },
      { number: 1, hostRef: { name: "brutus" }, address: "10.99.0.12" },
    ],
    filesystems: [{ label: "DATA", volumeRef: { name }, mountPoint: `/srv/${name}` }],
  } as unknown as Ocfs2Cluster["spec"],
});

const domain = (name: string, of: string, day: number): XenDomain => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenDomain",
  metadata: { namespace: "san", name, creationTimestamp: `2026-11-0${day}T00:00:00Z` },
  spec: {
    hostRef: { name: "bella" },
    memory: "128Mi",
    boot: { kernel: "/boot/vmlinuz" },
    disks: [
      {
        ...{ device: "xvda", path: `${name}.img`, size: "1Gi" },
        filesystemRef: { clusterRef: { name: of }, label: "DATA" },
      },
    ],
  } as unknown as XenDomain["spec"],
});

const deleted = (one: XenDomain, rest: object = { finalizers: [finalizer] }): XenDomain => ({
  ...one,
  metadata: { ...one.metadata, deletionTimestamp: "2026-11-05T00:00:00Z", ...rest },
});

it("are those of deleted domains first, then of the oldest, whichever cluster they are in", () => {
  const domains = new Store<XenDomain>({ log: stage("places").log, indexes: domainIndexes });
  for (const one of [
    domain("a", "one", 3),
    domain("b", "two", 2),
    domain("d", "one", 1),
    deleted(domain("e", "one", 4)),
    // Kept by somebody else, and by a person's word: anybody may have as many as he likes.
    deleted(domain("f", "one", 4), { finalizers: ["example.com/hold"] }),
    deleted(domain("g", "one", 4), { finalizers: [finalizer], annotations: { "xensan.dev/paused": "true" } }),
    domain("c", "two", 1),
    domain("x", "elsewhere", 1),
  ])
    domains.put(one);
  expect(domainPlaces({ domains }, [cluster("one"), cluster("two")])).toEqual({
    images: [
      "/srv/one/e.img",
      "/srv/two/c.img",
      "/srv/one/d.img",
      "/srv/two/b.img",
      "/srv/one/a.img",
      "/srv/one/g.img",
    ],
    lockDirectories: ["/srv/one/.xensan", "/srv/two/.xensan"],
  });
});
