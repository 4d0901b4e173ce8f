import { configuredByHost, interfaceLine, interfaceUnit, interfaceWant } from "../model/interfaces.ts";
import { switchOn } from "../model/power.ts";
import { readText } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { addInittabLine } from "./inittab.ts";

/** interface-up.sh */
export const interfaceUp: Responder = acting(function* interfaceUp(run) {
  const { world, host, args } = run;
  const [name = ""] = args;
  const nic = host.interfaces.get(name);
  yield world.timings.process;
  if (nic === undefined) {
    const all = [...host.interfaces.keys(), "lo"].sort().join(" ");
    return refuse(run, "InterfaceMissing", `no interface ${name}; there are: ${all}`);
  }
  yield* takeLock(run, "storage", 20);
  let changed = false;
  if (!configuredByHost(host, name))
    changed = yield* host.init === "systemd" ? withUnit(run, name) : inInittab(run, name);
  yield world.timings.process;
  if (!nic.adminUp) {
    switchOn(world, host, nic);
    changed = true;
  }
  return finish(run, changed ? "up" : "unchanged");
});

function* withUnit(run: ScriptRun, name: string): Generator<number, boolean> {
  const { host, world } = run;
  let changed = false;
  if (readText(host, interfaceUnit) === undefined) {
    replaceFile(run, interfaceUnit, "[Service]\nExecStart=ip link set dev %I up\n");
    changed = true;
    yield world.timings.process;
  }
  if (readText(host, interfaceWant(name)) === undefined) {
    replaceFile(run, interfaceWant(name), interfaceUnit);
    run.err(`Created symlink ${interfaceWant(name)} → ${interfaceUnit}.\n`);
    changed = true;
    yield world.timings.process * 10;
  }
  return changed;
}

function* inInittab(run: ScriptRun, name: string): Generator<number, boolean> {
  if (interfaceLine(name).test(readText(run.host, "/etc/inittab") ?? "")) return false;
  addInittabLine(run, `interface ${name}`, "once", `/usr/sbin/ip link set dev ${name} up`);
  yield run.world.timings.process;
  return true;
}
