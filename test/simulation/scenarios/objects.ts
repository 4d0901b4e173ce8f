import type { KubeObject } from "../../../src/runtime/kube-api.ts";

/** Short forms of the objects that users write, all in the namespace `san` with one key for all hosts. */

export const namespace = "san";
export const at = (name: string) => ({ namespace, name });

export interface Manifest extends KubeObject {
  readonly spec?: unknown;
  readonly type?: string;
  readonly stringData?: Record<string, string>;
}

export const keySecret: Manifest = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: at("rack-ssh"),
  type: "kubernetes.io/ssh-auth",
  stringData: { "ssh-privatekey": "the key of the simulated rack" },
};

const ssh = (port: number) => ({
  host: "127.0.0.1",
  port,
  hostKeyPolicy: "TrustOnFirstUse",
  privateKeySecretRef: { name: "rack-ssh" },
});

export const aoeServer = (
  name: string,
  port: number,
  allowedBackings: readonly string[],
  rest: object = {},
): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "AoeServer",
  metadata: at(name),
  spec: { ssh: ssh(port), interfaces: [{ name: "eth1", segment: "rack" }], allowedBackings, ...rest },
});

export const xenHost = (name: string, port: number, rest: object = {}): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenHost",
  metadata: at(name),
  spec: { ssh: ssh(port), aoe: { interfaces: ["eth1"] }, ...rest },
});

export const aoeVolume = (
  name: string,
  server: string,
  [shelf, slot]: readonly [number, number],
  backing: object,
  clients: readonly string[],
  rest: object = {},
): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "AoeVolume",
  metadata: at(name),
  spec: {
    serverRef: { name: server },
    shelf,
    slot,
    backing,
    clientRefs: clients.map((client) => ({ name: client })),
    ...rest,
  },
});

/** One file system, `data` on `/srv/xen`, on the volume `data`. */
export const ocfs2Cluster = (
  name: string,
  nodes: readonly string[],
  rest: object = {},
  filesystem: object = {},
): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "Ocfs2Cluster",
  metadata: at(name),
  spec: {
    clusterName: "data",
    nodes: nodes.map((node, number) => ({ hostRef: { name: node }, number, address: `10.98.0.1${number + 2}` })),
    filesystems: [{ label: "data", volumeRef: { name: "data" }, mountPoint: "/srv/xen", ...filesystem }],
    ...rest,
  },
});

export const xenDomain = (name: string, hosts: readonly string[], rest: object = {}): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenDomain",
  metadata: at(name),
  spec: {
    hostRefs: hosts.map((host) => ({ name: host })),
    memory: "128Mi",
    boot: {
      kernel: "/boot/vmlinuz-6.1.0-56-amd64",
      ramdisk: "/boot/initrd.img-6.1.0-56-amd64",
      commandLine: "console=hvc0",
    },
    disks: [
      {
        device: "xvda",
        filesystemRef: { clusterRef: { name: "xen" }, label: "data" },
        path: `${name}.img`,
        size: "64Mi",
      },
    ],
    ...rest,
  },
});

export const device = (path: string) => ({ device: path });
export const file = (path: string, size: string) => ({ file: { path, size } });
export const logicalVolume = (name: string, size: string) => ({ logicalVolume: { volumeGroup: "san", name, size } });

/** A file system that these hosts share, with all that it needs: a server, a volume and its cluster. */
export const sharedFilesystem = (nodes: readonly string[]): Manifest[] => [
  aoeServer("san", 2210, ["/dev/vdb"]),
  ...nodes.map((name, index) => xenHost(name, 2212 + index)),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), nodes),
  ocfs2Cluster("xen", nodes),
];
