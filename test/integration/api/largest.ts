const apiVersion = "xensan.dev/v1alpha1";

const list = <T>(count: number, item: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => item(i));
/** `length` characters that end in the number, so that all items of a list differ. */
const long = (length: number, index: number, filling = "a") => {
  const end = `${index}`;
  return filling.repeat(length).slice(0, length - end.length) + end;
};
const name = (index = 0) => long(253, index);
/** Many short parts: the most work for the rules of a path. */
const path = (length: number, index: number) => long(length, index, "/a");
/** Up to three stars between two slashes are allowed. */
const glob = (length: number, index: number) => long(length, index, "/*a*b*c");
const mac = (index: number) => `02:00:00:00:00:${index.toString(16).padStart(2, "0")}`;
const uuid = (index: number) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
const address = (index: number) => `200.200.${200 + Math.floor(index / 32)}.${200 + (index % 32)}`;
const ssh = () => ({
  host: long(253, 0),
  user: long(32, 0),
  privateKeySecretRef: { name: name() },
  hostKeys: list(16, (i) => `ssh-rsa ${long(2000, i, "AAAAB3NzaC1yc2E/+")} ${"c".repeat(39)}`),
});

const specs: Readonly<Record<string, object>> = {
  AoeServer: {
    ssh: ssh(),
    interfaces: list(16, (i) => ({ name: long(15, i), segment: long(63, i) })),
    allowedBackings: list(64, (i) => glob(512, i)),
  },
  AoeVolume: {
    serverRef: { name: name() },
    shelf: 65534,
    slot: 254,
    interface: long(15, 0),
    backing: { file: { path: path(512, 0), size: "4Pi" } },
    allowedMACs: list(32, mac),
    clientRefs: list(254, (i) => ({ name: name(i) })),
  },
  Ocfs2Cluster: {
    clusterName: long(16, 0),
    nodes: list(64, (i) => ({ hostRef: { name: name(i) }, number: i, address: address(i) })),
    filesystems: list(32, (i) => ({
      label: long(63, i),
      volumeRef: { name: name(i) },
      mountPoint: path(512, i),
      nodeSlots: 255,
      mountOptions:
        "noatime nosuid nodev noexec noacl nouser_xattr nointr nodiratime rw sync dirsync inode64 usrquota grpquota data=ordered coherency=full".split(
          " ",
        ),
      templates: list(32, (j) => glob(511, j).slice(1)),
      journalSize: "1Gi",
    })),
  },
  XenDomain: {
    uuid: uuid(0),
    hostRefs: list(64, (i) => ({ name: name(i) })),
    memory: "16Ti",
    vcpus: 512,
    cpus: list(32, () => "0-1").join(","),
    type: "HVM",
    boot: { order: ["Disk", "Cdrom", "Network"], firmware: "UEFI" },
    disks: list(26, (i) => ({
      device: `xvd${String.fromCharCode(97 + i)}`,
      filesystemRef: { clusterRef: { name: name() }, label: long(63, 0) },
      path: path(511, i).slice(1),
      sourcePath: path(511, i).slice(1),
      size: "4Pi",
    })),
    cdroms: list(4, (i) => ({
      device: `hd${String.fromCharCode(97 + i)}`,
      filesystemRef: { clusterRef: { name: name() }, label: long(63, 0) },
      path: path(511, i).slice(1),
    })),
    settings: list(32, (i) => ({ key: `${"k".repeat(60)}_${i}`, value: "x".repeat(128) })),
    networks: list(8, (i) => ({ bridge: long(15, i), mac: mac(i) })),
  },
  XenHost: {
    ssh: ssh(),
    aoe: { interfaces: list(16, (i) => long(15, i)) },
    allowed: {
      mountPoints: list(32, (i) => glob(512, i)),
      mountOptions: ["dev", "exec", "suid"],
      bridges: list(32, (i) => long(32, i)),
      bootFiles: list(32, (i) => glob(512, i)),
      settings: list(64, (i) => `${"k".repeat(50)}_${i}=${"x".repeat(128)}`),
      domains: list(256, uuid),
      images: list(32, (i) => glob(512, i)),
    },
    relocation: {
      mode: "Enabled",
      address: address(0),
      allowedSourceHostRefs: list(64, (i) => ({ name: name(i) })),
      networkScript: `network ${"a=1 ".repeat(61)}`.trim(),
      vifScript: `vif ${"a=1 ".repeat(62)}`.trim(),
    },
  },
  XenMigration: {
    domain: long(63, 0),
    sourceHostRef: { name: name(1) },
    targetHostRef: { name: name(2) },
  },
};

/** One object of each kind with every list as long as its schema allows, and every text as long as matters. */
export const largest = Object.entries(specs).map(([kind, spec]) => ({
  apiVersion,
  kind,
  metadata: { name: "largest" },
  spec,
}));
