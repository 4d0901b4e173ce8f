import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ImageFiles } from "./images.ts";
import { isRunning, type OwnedProcess, startOwned } from "./owned-process.ts";
import { LabError } from "./places.ts";
import { qmp } from "./qmp.ts";
import { type HostPlan, managementSegment } from "./rack-plan.ts";

/** Where the files of one machine are, including its sockets and logs. */
export interface MachineFiles {
  readonly directory: string;
  readonly disks: readonly string[];
  readonly qmp: string;
  readonly console: string;
  readonly consoleLog: string;
  readonly qemuLog: string;
}

export function machineFiles(directory: string, plan: HostPlan): MachineFiles {
  const at = (name: string) => path.join(directory, name);
  return {
    directory,
    disks: plan.host.disks.map((_disk, index) => at(`disk${index}.qcow2`)),
    qmp: at("qmp.sock"),
    console: at("console.sock"),
    consoleLog: at("console.log"),
    qemuLog: at("qemu.log"),
  };
}

export interface MachineStart {
  readonly plan: HostPlan;
  readonly image: ImageFiles;
  readonly files: MachineFiles;
  /** Which disk of the plan is in which slot, after a swap: indexes of disks, in the order of the slots. */
  readonly slots?: readonly number[];
  /** The same for its network cards. */
  readonly cards?: readonly number[];
  /** On this machine's loopback address. */
  readonly sshPort: number;
  /** One for each interface except the management one, in order. */
  readonly taps: readonly string[];
  /** A saved state to resume from instead of booting. */
  readonly resumeFrom?: string;
  readonly leashed: boolean;
}

/**
 * A processor on which Xen works under QEMU's translator. `max` ends dom0 at once (SMAP is checked on a return to the
 * kernel's ring 3); with SMAP off, starting a domain fails later. PVH domains need SVM and NPT.
 */
const processor = "qemu64,+svm,+npt,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand";

/**
 * It pads short frames to 60 bytes as real cards do, while virtio's does not: aoecfg and aoeping drop shorter answers,
 * and answers to a query without a configuration string are 32 bytes long.
 */
const cableNic = "e1000";

const mib = 2 ** 20;
const isCable = ({ segment }: { readonly segment: string }) => segment !== managementSegment;

/** The arguments that define the hardware: a saved state can resume only with the same ones. */
export function hardware({ plan, image, cards }: Pick<MachineStart, "plan" | "image" | "cards">): string[] {
  const memory = Math.floor(plan.host.memory / mib);
  const kernelLine = "root=/dev/vda ro net.ifnames=0 mitigations=off quiet";
  // Domains run on the other processors: emulated ones take turns of many milliseconds.
  const dom0 = `dom0_mem=${memory / 2}M,max:${memory / 2}M dom0_max_vcpus=1 dom0_vcpus_pin`;
  // Like mitigations=off: mitigations that a real processor needs cost a translated one a quarter of its time.
  const xenLine = `${dom0} com1=115200,8n1 console=com1 loglvl=all guest_loglvl=all noreboot=0 spec-ctrl=no`;
  const boot =
    plan.kind === "server"
      ? ["-kernel", image.kernel, "-initrd", image.initrd, "-append", `${kernelLine} console=ttyS0`]
      : [
          "-kernel",
          image.xen,
          "-append",
          xenLine,
          // Commas separate the modules.
          "-initrd",
          `${image.kernel} ${kernelLine.replaceAll(",", ",,")} console=hvc0,${image.initrd}`,
        ];
  const basics = ["-machine", "pc-i440fx-7.2", "-cpu", processor];
  const quiet = ["-display", "none", "-vga", "none", "-nodefaults", "-no-user-config"];
  return [
    ...basics,
    ...["-smp", String(plan.host.cpus), "-m", String(memory)],
    ...quiet,
    ...boot,
    ...(cards ?? [...plan.nics.keys()]).flatMap((index) => {
      const nic = plan.nics[index];
      if (nic === undefined) throw new LabError(`${plan.name} has no interface number ${index}`);
      const model = isCable(nic) ? cableNic : "virtio-net-pci";
      return ["-device", `${model},netdev=n${index},id=nic${index},mac=${nic.mac},romfile=`];
    }),
    ...["-device", "virtio-rng-pci"],
    ...["-serial", "chardev:console"],
  ];
}

/** Starts QEMU and resolves when its monitor answers: its taps exist then, but the machine has not booted yet. */
export async function startMachine(start: MachineStart): Promise<OwnedProcess> {
  const { plan, files, sshPort, taps } = start;
  await mkdir(files.directory, { recursive: true });
  await Promise.all([files.qmp, files.console].map((file) => rm(file, { force: true })));
  const cables = plan.nics.filter(isCable);
  const { address, network } = plan.management;
  const networks = plan.nics.flatMap((nic, index) => {
    if (!isCable(nic)) {
      const forward = `hostfwd=tcp:127.0.0.1:${sshPort}-${address}:22`;
      return ["-netdev", `user,id=n${index},restrict=on,net=${network},dhcpstart=${address},${forward}`];
    }
    const tap = taps[cables.indexOf(nic)] ?? "";
    return ["-netdev", `tap,id=n${index},ifname=${tap},script=no,downscript=no,vhost=off`];
  });
  const slots = start.slots ?? plan.host.disks.map((_disk, index) => index);
  const args = [
    ...["-name", `lab-${plan.name}`],
    // MiB of translated code: with less it is constantly discarded and retranslated; QEMU would take a gigabyte.
    ...["-accel", "tcg,thread=multi,tb-size=512"],
    ...slots.flatMap((disk) => driveOf(plan, disk, files.disks[disk] ?? "")),
    ...networks,
    "-chardev",
    `socket,id=console,path=${files.console},server=on,wait=off,logfile=${files.consoleLog},logappend=on`,
    ...["-qmp", `unix:${files.qmp},server=on,wait=off`],
    ...hardware(start),
    ...(start.resumeFrom === undefined ? [] : ["-incoming", `exec:cat '${start.resumeFrom}'`]),
  ];
  await using log = await open(files.qemuLog, "a");
  const { leashed } = start;
  const owned = await startOwned("qemu-system-x86_64", args, { leashed, stdio: ["ignore", log.fd, log.fd] });
  for (;;) {
    if (!isRunning(owned)) throw new LabError(`QEMU of ${plan.name} ended at once; see ${files.qemuLog}`);
    try {
      await qmp(files.qmp, "query-status");
      return owned;
    } catch {
      await delay(50);
    }
  }
}

/**
 * Puts disk number `disk` into the next free slot. A drive with a serial number needs its own device line; QEMU numbers
 * those before the short form's, so that a machine uses only one of the two forms.
 */
function driveOf({ host }: HostPlan, disk: number, file: string): string[] {
  // A flush of the guest reaches the image file, which outlives a killed QEMU, but does not wait for the host's disk.
  const drive = `file=${file},format=qcow2,cache=unsafe,discard=unmap`;
  if (host.disks.every(({ serial }) => serial === undefined)) return ["-drive", `${drive},if=virtio`];
  const serial = host.disks[disk]?.serial;
  const device = `virtio-blk-pci,drive=disk${disk}${serial === undefined ? "" : `,serial=${serial}`}`;
  return ["-drive", `${drive},if=none,id=disk${disk}`, "-device", device];
}

/** The QEMU device of an interface, for cutting its cable. */
export function nicIndex(plan: HostPlan, name: string): number {
  const index = plan.nics.findIndex((nic) => nic.name === name);
  if (index < 0) {
    throw new LabError(`${plan.name} has no interface ${name}; it has ${plan.nics.map((nic) => nic.name).join(", ")}`);
  }
  return index;
}
