import { guardDropin, guardRefuses } from "./guard.ts";
import type { Unit } from "./hardware.ts";
import type { Host, World } from "./state.ts";
import { list, readText } from "./storage.ts";
import { endVblade, startVblade } from "./vblade.ts";
import { later, record } from "./world.ts";

/** Debian's vblade@.service: Restart=always, RestartSec=10. */
const restartMs = 10_000;
const directory = "/etc/vblade.conf.d";
/** The link that `systemctl enable vblade.service` makes: with it, the exports start at boot. */
export const bootLink = "/etc/systemd/system/multi-user.target.wants/vblade.service";

/** The variables of a configuration that both sh and systemd's EnvironmentFile read. */
export function parseEnvironment(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (match === null) continue;
    const value = (match[2] ?? "").trim();
    const quoted = /^(["'])(.*)\1$/.exec(value);
    variables.set(match[1] ?? "", quoted?.[2] ?? value);
  }
  return variables;
}

const setUnit = (world: World, host: Host, unit: Unit, active: Unit["activeState"], sub: Unit["subState"]) => {
  unit.activeState = active;
  unit.subState = sub;
  record(world, host, { kind: "UnitChanged", unit: `vblade@${unit.instance}`, state: `${active}/${sub}` });
};

function unitOf(host: Host, instance: string): Unit {
  const known = host.running.units.get(instance);
  if (known !== undefined) return known;
  const unit: Unit = {
    instance,
    activeState: "inactive",
    subState: "dead",
    pid: undefined,
    restarts: 0,
    messages: [],
    cancelRestart: undefined,
  };
  host.running.units.set(instance, unit);
  return unit;
}

/**
 * `systemctl start vblade@INSTANCE`. Says 0 for a vblade that ends at once: then the unit is activating/auto-restart.
 * Only a missing configuration is reported (1), and even then it is tried again every ten seconds.
 */
export function startUnit(world: World, host: Host, instance: string): 0 | 1 {
  const unit = unitOf(host, instance);
  if (unit.activeState === "active") return 0;
  // Between two attempts the job waits for the next one.
  if (unit.activeState === "activating") return 0;
  return attempt(world, host, unit);
}

function attempt(world: World, host: Host, unit: Unit): 0 | 1 {
  const text = readText(host, `${directory}/${unit.instance}.conf`);
  if (text === undefined) {
    waitAndRetry(world, host, unit);
    return 1;
  }
  const variables = parseEnvironment(text);
  const words = (name: string) => (variables.get(name) ?? "").split(/\s+/).filter((word) => word !== "");
  const argv = [...words("shelf"), ...words("slot"), ...words("netif"), ...words("filename"), ...words("options")];
  const [path = ""] = words("filename");
  const [net = ""] = words("netif");
  const refusal = readText(host, guardDropin) === undefined ? undefined : guardRefuses(host, unit.instance, net, path);
  if (refusal !== undefined) {
    say(unit, refusal);
    waitAndRetry(world, host, unit);
    return 0;
  }
  const started = startVblade(world, host, argv, {
    by: "Systemd",
    instance: unit.instance,
    onExit: (why) => ended(world, host, unit, why),
  });
  if ("pid" in started) {
    unit.pid = started.pid;
    setUnit(world, host, unit, "active", "running");
  } else {
    say(unit, started.stderr);
    waitAndRetry(world, host, unit);
  }
  return 0;
}

function say(unit: Unit, text: string): void {
  unit.messages.push(...text.split("\n").filter((line) => line !== ""));
  unit.messages.splice(0, Math.max(0, unit.messages.length - 5));
}

function ended(world: World, host: Host, unit: Unit, why: string): void {
  unit.pid = undefined;
  if (why.includes("Network is down")) say(unit, `putpkt aoe id: Network is down\n${why}`);
  if (unit.activeState === "active") waitAndRetry(world, host, unit);
}

function waitAndRetry(world: World, host: Host, unit: Unit): void {
  setUnit(world, host, unit, "activating", "auto-restart");
  unit.cancelRestart = later(world, host, restartMs, () => {
    unit.restarts += 1;
    attempt(world, host, unit);
  });
}

/** `systemctl stop vblade@INSTANCE`. */
export function stopUnit(world: World, host: Host, instance: string): void {
  const unit = host.running.units.get(instance);
  if (unit === undefined || unit.activeState === "inactive") return;
  unit.cancelRestart?.();
  const pid = unit.pid;
  setUnit(world, host, unit, "inactive", "dead");
  // Nothing refers to the unit any more: systemd forgets it and its restart counter.
  host.running.units.delete(instance);
  if (pid !== undefined) endVblade(world, host, pid, "systemctl stop");
}

/** `systemctl restart vblade@INSTANCE`; returns the exit code. */
export function restartUnit(world: World, host: Host, instance: string): 0 | 1 {
  stopUnit(world, host, instance);
  return startUnit(world, host, instance);
}

/** vblade.service starts every instance that Debian's generator finds complete: at boot, and when the package is installed. */
export function startExports(world: World, host: Host): void {
  for (const name of list(host, directory)) {
    if (!name.endsWith(".conf")) continue;
    const variables = parseEnvironment(readText(host, `${directory}/${name}`) ?? "");
    const complete = ["netif", "shelf", "slot", "filename"].every((key) => (variables.get(key) ?? "") !== "");
    if (complete) startUnit(world, host, name.slice(0, -".conf".length));
  }
}
