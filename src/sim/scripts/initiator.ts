import {
  revalidate as askAgain,
  discover as askSegment,
  loadDriver,
  setInterfaceList,
  stateWord,
} from "../model/aoe-driver.ts";
import { moduleParameters, modulesAtBoot } from "../model/modules.ts";
import type { Responder } from "../script.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";

const sorted = (names: readonly string[]) => [...new Set(names)].sort().join(" ");
const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== "");

/** prepare-initiator.sh: INTERFACE… */
export const prepareInitiator: Responder = acting(function* prepareInitiator(run) {
  const { world, host, args } = run;
  const { aoe } = host.running;
  yield world.timings.process;
  for (const name of args) {
    if (host.interfaces.has(name)) continue;
    const all = [...host.interfaces.keys(), "lo"].sort().join(" ");
    refuse(run, "InterfaceMissing", `no interface ${name}; there are: ${all}`);
  }
  yield* takeLock(run, "aoe", 30);
  const wanted = sorted(args);
  let changed = false;
  if (sorted(words(moduleParameters(host, "aoe").get("aoe_iflist") ?? "")) !== wanted) {
    replaceFile(run, "/etc/modprobe.d/xensan-aoe.conf", `options aoe aoe_iflist=${args.join(",")}\n`);
    changed = true;
    yield world.timings.process;
  }
  if (!modulesAtBoot(host).has("aoe")) {
    replaceFile(run, "/etc/modules-load.d/xensan-aoe.conf", "aoe\n");
    changed = true;
    yield world.timings.process;
  }
  if (!aoe.loaded) {
    if (host.kernelAoe === "Missing") {
      const how = "was built without CONFIG_ATA_OVER_ETH: boot one that has it";
      refuse(run, "KernelWithoutAoe", `kernel ${host.kernel} ${how}`);
    }
    loadDriver(world, host, moduleParameters(host, "aoe"));
    changed = true;
    yield world.timings.process * 20;
  }
  if (sorted(aoe.interfaces) !== wanted) {
    const devices = [...aoe.devices.values()];
    const used = devices.flatMap((device) => [...device.targets.values()].flatMap((target) => [...target.interfaces]));
    const lost = used.find((name) => !args.includes(name));
    if (lost !== undefined && devices.some((device) => device.openers.length > 0)) {
      const why = `AoE devices are open, and one is reached over ${lost}, which is not in the new list`;
      refuse(run, "InterfaceInUse", why);
    }
    setInterfaceList(world, host, args);
    changed = true;
    yield 0;
    askSegment(world, host);
  }
  return finish(run, changed ? "prepared" : "unchanged");
});

/** discover.sh: SECONDS TARGET… */
export const discover: Responder = acting(function* discover(run) {
  const { world, host, args } = run;
  const [seconds = "0", ...targets] = args;
  const { aoe } = host.running;
  yield world.timings.process;
  if (!aoe.loaded) refuse(run, "ModuleMissing", "the aoe module is not loaded");
  const state = (name: string) => {
    const device = aoe.devices.get(name);
    return device === undefined ? "missing" : stateWord(device);
  };
  for (let tries = 0; ; tries++) {
    if (tries % 10 === 0) askSegment(world, host);
    const missing = targets.filter((name) => state(name) !== "up").map((name) => ` ${name} (${state(name)})`);
    if (missing.length === 0) return finish(run, "found");
    if (tries >= Number(seconds) * 5) {
      return refuse(run, "TargetMissing", `no answer within ${seconds} s from${missing.join("")}`);
    }
    yield 200;
  }
});

/** revalidate.sh: TARGET BYTES */
export const revalidate: Responder = acting(function* revalidate(run) {
  const { world, host, args } = run;
  const [target = "", bytes = "0"] = args;
  const { aoe } = host.running;
  yield world.timings.process;
  if (!aoe.loaded) refuse(run, "ModuleMissing", "the aoe module is not loaded");
  const device = aoe.devices.get(target);
  if (device === undefined) return refuse(run, "TargetMissing", `this host has no ${target}`);
  if (!device.up) refuse(run, "TargetMissing", `${target} is ${stateWord(device)}`);
  askAgain(world, host, device.shelf, device.slot);
  for (let tries = 0; device.sizeBytes !== Number(bytes) && tries < 15; tries++) yield 200;
  return finish(run, `bytes ${device.sizeBytes}`);
});
