import { describe, expect, it } from "vitest";
import { filesOf } from "../../../../src/cli/import/files.ts";
import { draftRack, type LookedRack } from "../../../../src/cli/import/rack.ts";
import { looked, self } from "./probes.ts";

const lost = (rack: LookedRack) => draftRack(rack, "rack-ssh").flatMap(({ notImported }) => notImported);

const server = looked(
  "10.0.0.1",
  `${self("san")}
  interfaces eth1 52:54:00:99:01:10 1500 0x1003 1
  lvm vg0 aoe-b 1073741824 /dev/vg0/aoe-b 0 -
  exports inittab e0 - 0 1 eth1 /dev/sdb1
  exports process 310 0 1 eth1 /dev/sdb1
  exports inittab e1 - -r -s -b 32 -m 525400990111,52:54:00:99:01:12 1 2 eth1 /dev/mapper/vg0-aoe--b
  exports process 311 -r -s -b 32 -m 525400990111,52:54:00:99:01:12 1 2 eth1 /dev/mapper/vg0-aoe--b
  exports process 312 2 3 eth2 /srv/aoe/c.img
  exports path /dev/sdb1 /dev/sdb1 BlockDevice 2147483648 block:8:17 -
  exports path /srv/aoe/c.img /srv/aoe/c.img File 1049000 file:1:5 -
  backings path /dev/sdb1 /dev/sdb1 BlockDevice 2147483648 block:8:17 -
  backings path /srv/aoe/c.img /srv/aoe/c.img File 1049000 file:1:5 -`,
);

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";

/** Handwritten files: xl's way, xm's way, and things that the API cannot express. */
const handWritten = {
  web: `# the web server
name    = 'web'
memory  = 256
maxmem  = 512
vcpus   = 2
kernel  = '/home/boot/vmlinuz'
root    = '/dev/xvda1 ro'
extra   = 'console=hvc0'
disk    = [ 'file:/home/web.img,xvda,w',
            'file:/home/tools.iso,xvdb:cdrom,r' ]
vif     = [ 'mac=00:16:3E:11:22:33,bridge=br-lan,vifname=web0' ]
vfb     = [ 'type=vnc' ]
on_crash = 'restart'
`,
  mail: `name = "mail"
uuid = "94451A8F-8A10-4E81-B45A-6937D115FAFE"
builder = "hvm"
kernel = "/usr/lib/xen/boot/hvmloader"
memory = 512
disk = [ "format=raw, vdev=hda, access=ro, target=/home/mail.img" ]
vif = [ "type=ioemu, model=e1000, bridge=br-lan" ]
`,
  raw: `name = "raw"
memory = 64
bootloader = "pygrub"
disk = [ "phy:/dev/sdz,xvda,w", "file:/home/gone.img,xvdb,w", "tap:qcow2:/home/q.img,xvdc,w" ]
vif = [ "bridge=br-lan,script=vif-route" ]
`,
  python: `import os
name = "python-" + os.uname()[1]
`,
};

const dom0 = (number: number, name: string, more = "") =>
  looked(
    `10.0.0.${number + 2}`,
    `${self(name)}
    mounts 152:16 / /home ocfs2 /dev/etherd/e0.1 rw,noatime
    aoe kernel-config Module
    aoe loaded yes
    aoe version 85
    aoe iflist eth1
    aoe persisted-iflist eth1
    aoe persisted yes
    aoe deadsecs 180
    aoe-devices device e0.1 up 525400990110 eth1 1024 4194304
    o2cb kernel Module
    o2cb loaded yes
    o2cb conf Readable -
    o2cb conf-cluster ocfs2 local
    o2cb conf-node ocfs2 0 Bella 192.168.0.1 7777
    o2cb conf-node ocfs2 1 Brutus 192.168.0.2 7777
    o2cb boot true ocfs2 61 30000 2000 2000
    o2cb boot-order yes
    o2cb sysctl panic_on_oops 1 yes
    o2cb sysctl panic 30 yes
    o2cb active ocfs2 61 30000 2000 2000 reset local
    o2cb active-node 0 Bella 192.168.0.1 7777 ${number === 0 ? 1 : 0}
    o2cb active-node 1 Brutus 192.168.0.2 7777 ${number === 1 ? 1 : 0}
    filesystems device /dev/etherd/e0.1 Ocfs2 ocfs2 2147483648
    filesystems ocfs2 /dev/etherd/e0.1 0b5f1a3e-7c2d-4e8f-9a1b-2c3d4e5f6a7b DATA o2cb ocfs2 local 4 2147483648 4096 4096
    filesystems mounted /dev/etherd/e0.1 /home rw noatime
    toolstack kind xl
    toolstack dom0 yes
    toolstack automatic - - /etc/xen/auto
    relocation host-key ssh-ed25519~AAAA
    images image /home/web.img File 67108864 0 5~1 - - - - - -
    images image /home/tools.iso File 4096 0 7~1 - - - - - -
    images image /home/mail.img File 1073741824 0 6~1 - - - - - -
    images image /home/gone.img Missing 0 0 - - - - - - -
    ${more}`,
    [
      { path: "/etc/fstab", text: "LABEL=DATA /home ocfs2 _netdev,noatime,nofail 0 0\n" },
      ...(number === 0 ? Object.entries(handWritten) : []).map(([file, text]) => ({
        ...{ path: `/etc/xen/${file}.cfg`, text },
      })),
    ],
  );

/** Rows of xl list. */
const runs = `domains domain 3 web ${uuid} 256 2 b - 12.5`;
const stranger = "domains domain 4 ghost 11111111-2222-4333-8444-555555555555 128 1 b - 1.0";

describe("a rack of 2010 that was built by hand", () => {
  it("is written with everything that has no field named", async () => {
    const rack = { sans: [server], dom0s: [dom0(0, "Bella", runs), dom0(1, "Brutus", stranger)] };
    for (const [name, text] of filesOf(draftRack(rack, "rack-ssh"), "san"))
      await expect(text).toMatchFileSnapshot(`../../../fixtures/import/by-hand/${name}`);
  });

  it("says where its dom0s do not agree, and which of them was not looked at", () => {
    const { facts, ...rest } = dom0(1, "Brutus");
    const { o2cb } = facts;
    if (o2cb.state !== "known") throw new Error("no o2cb");
    const other = { ...o2cb.value, active: undefined, boot: undefined };
    const brutus = { ...rest, facts: { ...facts, o2cb: { state: "known", value: other } } } as const;
    const cluster = (dom0s: LookedRack["dom0s"]) =>
      lost({ sans: [server], dom0s }).filter((line) => line.startsWith("Ocfs2Cluster"));
    const capitals = [
      'Ocfs2Cluster ocfs2: node 0 is called "Bella", and xensan would write "bella" to cluster.conf: O2CB compares names without case',
      'Ocfs2Cluster ocfs2: node 1 is called "Brutus", and xensan would write "brutus" to cluster.conf: O2CB compares names without case',
    ];
    const option =
      'Ocfs2Cluster ocfs2: the OCFS2 file system "DATA" on /dev/etherd/e0.1: the mount option nofail has no field';
    expect(cluster([dom0(0, "Bella"), brutus])).toEqual([
      ...capitals,
      "Ocfs2Cluster ocfs2: heartbeatThreshold is 31 on brutus and 61 on bella",
      option,
    ]);
    expect(cluster([dom0(0, "Bella")])).toEqual([
      ...capitals.slice(0, 1),
      'Ocfs2Cluster ocfs2: node 1 is "Brutus", which is not one of the probed hosts: add it with --host',
      ...capitals.slice(1),
      option,
    ]);
  });
});

describe("a domain that is written down", () => {
  const domains = (rack: LookedRack) =>
    draftRack(rack, "rack-ssh")
      .filter(({ kind, spec }) => kind === "XenDomain" && spec !== undefined)
      .map(({ name, spec }) => `${name} ${String(spec?.powerState ?? "Running")}`);
  const sans = [server];

  it("is called halted only where every dom0 said that it does not run there", () => {
    const both = [dom0(0, "Bella", runs), dom0(1, "Brutus")];
    expect(domains({ sans, dom0s: both })).toEqual(["web Running", "mail Halted"]);
    expect(domains({ sans, dom0s: both, unseen: ["root@10.0.0.4: no route"] })).toEqual(["web Running"]);
    expect(domains({ sans, dom0s: [dom0(0, "Bella", runs)] })).toEqual(["web Running"]);
    const unread = dom0(1, "Brutus", "domains domain ? odd - - - - - -");
    expect(domains({ sans, dom0s: [dom0(0, "Bella", runs), unread] })).toEqual(["web Running"]);
    const unknown = dom0(1, "Brutus", "end domains unknown 1 xenstore~is~away");
    expect(lost({ sans, dom0s: [dom0(0, "Bella", runs), unknown] })).toContain(
      "XenDomain mail: it is unknown whether it runs: domains of brutus: xenstore is away",
    );
  });
});

describe("exports", () => {
  const volumes = (exports: string) =>
    draftRack({ sans: [looked("10.0.0.1", `${self("san")}${exports}`)], dom0s: [] }, "rack-ssh")
      .filter(({ kind }) => kind === "AoeVolume")
      .map(({ spec, notImported }) => [spec !== undefined, ...notImported]);

  it.each([
    [
      "of one address twice",
      "exports process 1 0 1 eth1 /dev/sdb\nexports process 2 0 1 eth1 /dev/sdc",
      "AoeVolume e0-1: 2 exports have the address e0.1 (/dev/sdb on eth1, /dev/sdc on eth1); only one can be declared",
    ],
    [
      "of a part of a disk",
      "exports inittab e0 - -s -o 2048 0 1 eth1 /dev/sdb\nbackings path /dev/sdb /dev/sdb BlockDevice 512 block:8:16 -",
      "AoeVolume e0-1: vblade -o 2048 has no field: a part of a backing cannot be exported",
    ],
    [
      "whose backing is gone",
      "exports inittab e0 - -s 0 1 eth1 /x.img\nbackings path /x.img  Missing 0  ",
      "AoeVolume e0-1: its backing /x.img does not exist",
    ],
  ])("%s are named and not written", (_what, exports, line) => {
    expect(volumes(exports)).toEqual([[false, line, ...(exports.includes("inittab") ? [stopped] : [])]]);
  });
  const stopped = "AoeVolume e0-1: no vblade is running for it; xensan would start one";

  it("that the API refuses are named with its own words", () => {
    expect(
      volumes(
        "exports inittab e0 - -s 4095 1 eth1 /dev/sdb\nbackings path /dev/sdb /dev/sdb BlockDevice 512 block:8:16 -",
      ),
    ).toEqual([
      [
        false,
        "AoeVolume e4095-1: no vblade is running for it; xensan would start one",
        expect.stringContaining("AoeVolume e4095-1: spec.shelf"),
      ],
    ]);
  });
});

describe("what cannot be read", () => {
  it("is named, and the rest is written", () => {
    const half = looked(
      "10.0.0.3",
      `${self("brutus")}
      end aoe unknown 1 sysfs~is~away
      aoe-devices device e0.1 up 525400990110 eth1 1024 4194304
      end o2cb unknown 1 configfs~is~away
      toolstack kind xm
      toolstack dom0 yes
      toolstack xend xend-relocation-server yes
      toolstack xend xend-relocation-port 8010
      toolstack xend xend-relocation-hosts-allow ''
      toolstack xend network-script 'network-bridge~netdev=eth0'
      toolstack xend dom0-min-mem 196`,
    );
    const bare = looked("10.0.0.4", "end identity unknown 1 no~proc\nend exports unknown 124 it~hangs");
    expect(draftRack({ sans: [bare], dom0s: [half] }, "rack-ssh")).toEqual([
      {
        ...{ kind: "AoeServer", name: "10.0.0.4", found: ["root@10.0.0.4: "], spec: undefined },
        notImported: [
          "AoeServer 10.0.0.4: exports: it hangs",
          "AoeServer 10.0.0.4: identity: no proc",
          "AoeServer 10.0.0.4: it exports nothing that can be declared, so write spec.interfaces and spec.allowedBackings yourself",
        ],
      },
      {
        ...{ kind: "XenHost", name: "brutus" },
        found: ["root@10.0.0.3: brutus, Debian GNU/Linux 12, Linux 6.1.0", "toolstack xm"],
        notImported: [
          "XenHost brutus: AoE driver: sysfs is away",
          "XenHost brutus: xend-relocation-server is on and xend-relocation-hosts-allow is empty: any host may migrate domains to it; list the allowed hosts in relocation.allowedSourceHostRefs",
        ],
        spec: {
          ssh: { host: "10.0.0.3", privateKeySecretRef: { name: "rack-ssh" }, hostKeys: ["ssh-ed25519 AAAA"] },
          aoe: { interfaces: ["eth1"] },
          toolstack: "xm",
          management: "Observe",
          packages: "Observe",
          relocation: { port: 8010, networkScript: "network-bridge netdev=eth0", dom0MinMemory: "196Mi" },
        },
      },
      {
        ...{ kind: "Ocfs2Cluster", name: "", found: [], spec: undefined },
        notImported: ["brutus: O2CB: configfs is away"],
      },
    ]);
  });
});
