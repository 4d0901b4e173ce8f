import { describe, expect, it } from "vitest";
import { domainFile } from "../../../../src/cli/import/domain-file.ts";

/** Shapes of files from guides and tools for Xen, with the lines that a XenDomain cannot express. */
const shapes: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "PV from an LV by pygrub of a versioned path, an address for the guest's set-up",
    "name = 'ebox'\nmemory = 1024\nbootloader = '/usr/lib/xen-3.2-1/bin/pygrub'\nvif = [ 'mac=00:16:3E:00:10:20, bridge=eth0' ]\ndhcp = 'dhcp'\ndisk = [ 'phy:/dev/vg/ebox,xvda1,w', 'phy:/dev/vg/ebox-swap,xvda2,w' ]\n",
    [],
  ],
  [
    "netboot of an installer, Open vSwitch, the short form of a disk",
    'name = "installer"\nkernel = "/srv/netboot/vmlinuz"\nramdisk = "/srv/netboot/initrd.gz"\n#bootloader = "pygrub"\nmemory = 1024\nvcpus = 2\nvif = [ \'script=vif-openvswitch,bridge=ovsbr0\' ]\ndisk = [ \'/dev/vg/guest,raw,xvda,rw\' ]\n',
    [],
  ],
  [
    "HVM with an ISO in the drive and VNC, of xm's time",
    "kernel = \"/usr/lib/xen/boot/hvmloader\"\nbuilder = 'hvm'\nname = \"win\"\nmemory = 2048\nshadow_memory = 16\nvif = [ 'type=ioemu, bridge=xenbr0' ]\ndisk = [ 'file:/srv/xen/win.img,ioemu:hda,w', 'file:/srv/iso/win.iso,hdc:cdrom,r' ]\nboot = \"dc\"\nvnc = 1\nsdl = 0\nusbdevice = 'tablet'\n",
    ["/srv/iso/win.iso: CD-ROM"],
  ],
  [
    "a domain of a Python file that counts",
    "vmid = 3\nname = \"vm%d\" % vmid\nmemory = 64\nvif = ['', '']\n",
    ["it names no domain"],
  ],
  ["words without quotes", 'name = coriolanus\nkernel = "/boot/linux-2.6-xen"\nmemory = 64\n', ["it names no domain"]],
  [
    "cards without a word",
    "name = \"plain\"\nkernel = \"/boot/linux\"\nroot = \"/dev/sda ro\"\nmemory = 64\nvif = [ '', '' ]\ndisk = [ 'phy:/dev/vg/plain,sda,w' ]\n",
    [],
  ],
  [
    "what xen-create-image writes",
    "bootloader = 'pygrub'\nvcpus = '1'\nmemory = '256'\nroot = '/dev/xvda2 ro'\ndisk = [\n  'file:/srv/xen/web-disk.img,xvda2,w',\n  'file:/srv/xen/web-swap.img,xvda1,w',\n]\nname = 'web'\nvif = [ 'ip=192.168.0.7 ,mac=00:16:3E:AA:BB:CC' ]\non_poweroff = 'destroy'\non_reboot = 'restart'\non_crash = 'restart'\n",
    ["ip=192.168.0.7"],
  ],
  [
    "keys and values of xl with a target last",
    'name = "late"\ntype = "pvh"\nmemory = 512\nkernel = "/boot/vmlinuz"\ncmdline = "root=/dev/xvda console=hvc0"\ndisk = [ "format=raw, vdev=xvda, access=rw, target=/srv/xen/late.img" ]\n',
    [],
  ],
  [
    "several settings on a line",
    'name = "one"; type = "pv"; memory = 128\nbootloader = "pygrub"; disk = [ "/srv/xen/one.img,raw,xvda,w" ]\n',
    [],
  ],
  [
    "a qcow2 image behind tap",
    'name = "cow"\nmemory = 128\nbootloader = "pygrub"\ndisk = [ \'tap:qcow2:/srv/xen/cow.qcow2,xvda,w\' ]\n',
    ["/srv/xen/cow.qcow2: its format is qcow2, and images are raw"],
  ],
  [
    "tap:aio with a raw file",
    'name = "aio"\nmemory = 128\nbootloader = "pygrub"\ndisk = [ \'tap:aio:/srv/xen/aio.img,xvda,w\' ]\n',
    [],
  ],
  [
    "UEFI and a virtio card",
    'name = "efi"\ntype = "hvm"\nmemory = 2048\nbios = "ovmf"\nvif = [ \'mac=00:16:3e:01:02:03,bridge=xenbr0,model=virtio-net\' ]\ndisk = [ \'/srv/xen/efi.img,raw,xvda,w\' ]\n',
    [],
  ],
  [
    "processors pinned and memory that may grow",
    'name = "pinned"\nmemory = 512\nmaxmem = 1024\nvcpus = 2\nmaxvcpus = 4\ncpus = "2-3"\nbootloader = "pygrub"\ndisk = [ \'/srv/xen/pinned.img,raw,xvda,w\' ]\n',
    [],
  ],
  [
    "a PCI card of the host",
    "name = \"pci\"\nmemory = 512\nbootloader = \"pygrub\"\npci = [ '01:00.0' ]\ndisk = [ '/srv/xen/pci.img,raw,xvda,w' ]\n",
    ['line 4: pci = ["01:00.0"] cannot be declared, and the guest would differ without it'],
  ],
  [
    "a serial line and an end that renames",
    'name = "serial"\ntype = "hvm"\nmemory = 512\nserial = "pty"\non_crash = "rename-restart"\ndisk = [ \'/srv/xen/serial.img,raw,hda,w\' ]\n',
    ['line 5: on_crash = "rename-restart" has no field'],
  ],
  [
    "a VLAN behind a bridge port, a rate, a name for the card",
    "name = \"vlan\"\nmemory = 128\nbootloader = \"pygrub\"\nvif = [ 'bridge=br0.20,rate=10Mb/s,vifname=vlan0' ]\ndisk = [ '/srv/xen/vlan.img,raw,xvda,w' ]\n",
    ["rate=10Mb/s", "vifname=vlan0"],
  ],
  [
    "pvgrub, the loader as a kernel",
    'name = "pvgrub"\nmemory = 128\nkernel = "/usr/lib/xen/boot/pv-grub-x86_64.gz"\nextra = "(hd0,0)/boot/grub/menu.lst"\ndisk = [ \'/srv/xen/pvgrub.img,raw,xvda,w\' ]\n',
    [],
  ],
  [
    "another bootloader",
    'name = "domuloader"\nmemory = 128\nbootloader = "/usr/lib/xen/boot/domUloader.py"\nbootargs = "--entry=xvda2:/boot/vmlinuz"\ndisk = [ \'file:/srv/xen/dl.img,xvda,w\' ]\n',
    ['bootloader = "/usr/lib/xen/boot/domUloader.py": only pygrub can be declared'],
  ],
  [
    "a disk of another host over iSCSI's script",
    'name = "iscsi"\nmemory = 128\nbootloader = "pygrub"\ndisk = [ \'script=block-iscsi,vdev=xvda,target=iqn=iqn.2001-05.com.example:vm,portal=10.0.0.9\' ]\n',
    ["iqn=iqn.2001-05.com.example:vm,portal=10.0.0.9: script=block-iscsi has no field"],
  ],
  [
    "an AoE device as a disk",
    'name = "raw"\nmemory = 128\nbootloader = "pygrub"\ndisk = [ \'phy:/dev/etherd/e0.2,xvda,w\' ]\n',
    [],
  ],
  [
    "memory of a calculation",
    'name = "sum"\nmemory = 2*512\nbootloader = "pygrub"\ndisk = [ \'/srv/xen/sum.img,raw,xvda,w\' ]\n',
    ["line 2: memory = 2*512 (the value is followed by more text)", "line 2 could not be read"],
  ],
  [
    "a list that is not closed",
    "name = \"open\"\nmemory = 128\ndisk = [ '/srv/xen/open.img,raw,xvda,w'\nvif = [ 'bridge=br0' ]\n",
    [
      "line 3: disk = [ '/srv/xen/open.img,raw,xvda,w' (a list has no end, or two values have no comma between them)",
      "line 3 could not be read",
    ],
  ],
];

/** Everything that import reports about one file: what is lost, and why it cannot be written. */
function gapsOf(text: string): string[] {
  const file = domainFile({ path: "/etc/xen/guest.cfg", text });
  if (file === undefined) return ["it names no domain"];
  const disks = file.disks.flatMap(({ target, problem, cdrom }) =>
    problem !== undefined ? [`${target}: ${problem}`] : cdrom ? [`${target}: CD-ROM`] : [],
  );
  const networks = file.networks.flatMap(({ problem, lost }) => [...(problem === undefined ? [] : [problem]), ...lost]);
  return [...file.lost, ...file.problems, ...disks, ...networks];
}

describe("a file as people write it", () => {
  it.each([
    ["bridge=br0", { bridge: "br0", switch: "Linux", vlan: undefined, problem: undefined }],
    [
      "script=vif-openvswitch,bridge=ovsbr0.20",
      { bridge: "ovsbr0", switch: "OpenVSwitch", vlan: 20, problem: undefined },
    ],
    [
      "script=/etc/xen/scripts/vif-openvswitch,bridge=ovsbr0",
      { bridge: "ovsbr0", switch: "OpenVSwitch", vlan: undefined, problem: undefined },
    ],
    [
      "script=vif-openvswitch,bridge=ovsbr0:1:2",
      {
        ...{ bridge: "ovsbr0:1:2", switch: "Linux", vlan: undefined },
        problem: "script=vif-openvswitch has no field",
      },
    ],
  ])("a card %s is on %j", (card, network) => {
    const text = `name = "a"\nvif = [ '${card}' ]\n`;
    expect(domainFile({ path: "/etc/xen/guest.cfg", text })?.networks).toMatchObject([network]);
  });

  it.each([
    ["shadow_memory = 16", [{ key: "shadow_memory", value: "16" }], []],
    ['firmware = "uefi"', [{ key: "firmware", value: "uefi" }], []],
    ['usbdevice = [ "tablet" ]', [], ['line 2: usbdevice = ["tablet"] has no field']],
    ['vncpasswd = "x"', [], ['line 2: vncpasswd = "x" has no field']],
    ['device_model_args = "a b"', [], ['line 2: device_model_args = "a b" has no field']],
  ])("%s has the owner of the host asked for %j", (line, settings, lost) => {
    const file = domainFile({ path: "/etc/xen/guest.cfg", text: `name = "a"\n${line}\n` });
    expect({ settings: file?.settings, lost: file?.lost }).toEqual({ settings, lost });
  });

  it.each([
    ['type = "hvm"\nserial = "pty"\nvnc = 0', { serial: "Enabled", vnc: "Disabled" }, []],
    ['type = "hvm"\nvnc = 1\nvnclisten = "127.0.0.1"\nvncunused = 1', { vnc: "Enabled" }, []],
    [
      'type = "hvm"\nvnc = 1\nvnclisten = "0.0.0.0"\nvncdisplay = 7\nvncpasswd = "x"',
      { vnc: "Enabled" },
      [
        "line 5: vncdisplay = 7 has no field",
        'line 6: vncpasswd = "x" has no field',
        'line 4: vnclisten = "0.0.0.0" has no field',
      ],
    ],
    ['type = "pv"\nserial = "pty"', undefined, ['line 3: serial = "pty" has no field']],
  ])("%j is seen on %j", (lines, console, lost) => {
    const file = domainFile({ path: "/etc/xen/guest.cfg", text: `name = "a"\n${lines}\n` });
    expect({ console: file?.console, lost: file?.lost }).toEqual({ console, lost });
  });

  it.each([
    ['cpus = "2-3, ^2"', "2-3,^2", []],
    ["cpus = 2", "2", []],
    ['cpus = "all"', undefined, []],
    [
      'cpus = [ "2", "3" ]',
      undefined,
      ['line 2: cpus = ["2","3"] has no field: cpus accepts only numbers and ranges for all virtual CPUs'],
    ],
  ])("%s pins it to %s", (line, cpus, lost) => {
    const file = domainFile({ path: "/etc/xen/guest.cfg", text: `name = "a"\n${line}\n` });
    expect({ cpus: file?.cpus, lost: file?.lost }).toEqual({ cpus, lost });
  });

  it.each<[string, object | undefined]>([
    ['type = "hvm"\nboot = "dc"', { order: ["Cdrom", "Disk"] }],
    ['builder = "hvm"\nbios = "ovmf"\nboot = "n"', { order: ["Network"], firmware: "UEFI" }],
    ['type = "hvm"\nboot = "a"', undefined],
    ['type = "hvm"\nkernel = "/boot/vmlinuz"\nboot = "d"', { kernel: "/boot/vmlinuz" }],
    ['type = "pv"\nboot = "d"', undefined],
  ])("%j boots from %j", (lines, boot) => {
    expect(domainFile({ path: "/etc/xen/guest.cfg", text: `name = "a"\n${lines}\n` })?.boot).toEqual(boot);
  });

  it.each(shapes)("%s: each gap is named", (_what, text, gaps) => {
    expect(gapsOf(text)).toEqual(gaps);
  });

  it.each([
    ['bios = "seabios"', []],
    ['firmware = "bios"', []],
    ["pci = []", []],
    ['firmware = "uefi"', []],
    ['bios = "ovmf"', []],
  ])("%s is what every guest has, or keeps it from being imported", (line, keys) => {
    const { problems = [] } = domainFile({ path: "/etc/xen/guest.cfg", text: `name = "a"\n${line}\n` }) ?? {};
    expect(problems.map((problem) => problem.split(" ")[2])).toEqual(keys);
  });
});
