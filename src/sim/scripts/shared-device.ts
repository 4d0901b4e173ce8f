import { readDevice, stateWord } from "../model/aoe-driver.ts";
import type { AoeDevice } from "../model/hardware.ts";
import { hearers } from "../model/network.ts";
import { readable } from "../model/ocfs2-mount.ts";
import { toolPath } from "../model/packages.ts";
import { type SharedDisk, sharedDisk } from "../model/shared-disk.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";

/** device_number, and a check that the driver has the device up. */
export function requireDevice(run: ScriptRun, path: string): SharedDisk {
  const disk = sharedDisk(run.host, path);
  if (disk === undefined) return refuse(run, "DeviceMissing", `${path} is not a block device`);
  if (disk.aoe !== undefined && stateWord(disk.aoe) !== "up") {
    refuse(run, "DeviceMissing", `${path} is ${stateWord(disk.aoe)}`);
  }
  return disk;
}

/** A read by a tool: blocks while no vblade answers, until the driver gives the device up. */
export function* reads(run: ScriptRun, disk: SharedDisk): Generator<number, boolean> {
  if (disk.aoe?.up === true) readDevice(run.world, run.host, disk.aoe);
  return yield* readable(run.world, run.host, disk);
}

/** signature_of: blkid's lines as words. */
export function signatureText({ content }: SharedDisk): string {
  const { signature, uuid, label } = content;
  if (signature === "") return "";
  const table = ["gpt", "dos", "mac", "bsd", "sun"].includes(signature);
  const words = table ? [`PTUUID=${uuid}`, `PTTYPE=${signature}`] : [`UUID=${uuid}`, `TYPE=${signature}`];
  return [...(label === "" ? [] : [`LABEL=${label}`]), ...words].join(" ");
}

/** aoe-revalidate and ata_id, when aoeping got no answer: the identity from the vblade that the driver last heard. */
function* identified(run: ScriptRun, aoe: AoeDevice, address: string): Generator<number, string | undefined> {
  yield 3000;
  if (toolPath(run.host, "aoe-revalidate") === undefined) return undefined;
  yield 1000;
  const [mac] = aoe.targets.keys();
  const server = [...run.world.hosts.values()].find((host) =>
    [...host.interfaces.values()].some((nic) => nic.mac === mac),
  );
  return server && `${address}:${server.running.hostname}`.slice(0, 19);
}

/** require_server: checks which vblade answers aoeping and aoecfg on the interface. */
export function* requireServer(run: ScriptRun, disk: SharedDisk, server: string, net: string): Generator<number, void> {
  const { world, host } = run;
  const address = disk.path.slice("/dev/etherd/e".length);
  if (disk.aoe === undefined || !/^\d+\.\d+$/.test(address)) {
    refuse(run, "InvalidArgument", `${disk.path} is not an AoE device`);
  }
  const nic = host.interfaces.get(net);
  const answers: string[] = [];
  for (const other of nic === undefined ? [] : hearers(world, host, nic)) {
    for (const process of other.host.running.processes.values()) {
      if (`${process.shelf}.${process.slot}` !== address || process.interface !== other.nic.name) continue;
      if (process.masks.length > 0 && nic !== undefined && !process.masks.includes(nic.mac)) continue;
      answers.push(`${address}:${other.host.running.hostname}`.slice(0, 19));
    }
  }
  const serial = answers[0] ?? (yield* identified(run, disk.aoe, address));
  if (serial === undefined) {
    return refuse(run, "DeviceMissing", `e${address} does not answer on ${net}`);
  }
  yield world.timings.process;
  const name = serial.slice(address.length + 1);
  const same =
    serial.length >= 19 ? server.startsWith(name) || name.startsWith(`${server}.`) : name.split(".")[0] === server;
  if (!same) refuse(run, "WrongServer", `e${address} is served by ${name}, not by ${server}`);
  yield 1000;
  if (answers.length > 1) refuse(run, "WrongServer", `${answers.length} servers answer for e${address} on ${net}`);
}
