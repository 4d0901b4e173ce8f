import { cut } from "../../api/fit-status.ts";
import type { XenHostStatus } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import type { Watchdog } from "../../host/xen-facts.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";

const type = "WatchdogReady";

/** The watchdog that counts: the fastest that is also armed at boot, else the fastest. */
export function watchdogOf({ toolstack }: HostFacts): Watchdog | undefined {
  const all = toolstack.state === "known" ? (toolstack.value.watchdogs ?? []) : [];
  return all.toSorted((one, other) => Number(other.atBoot) - Number(one.atBoot) || one.seconds - other.seconds)[0];
}

/**
 * Whether a dom0 that hangs is reset before others count it as dead. Only then does a silent heartbeat prove that it no
 * longer writes: a node that hangs does not fence itself, and continues to write when it recovers. `boundMs`: the dead
 * time of its clusters; undefined where it is not a node of any.
 */
export function watchdogCondition(host: string, facts: HostFacts, boundMs: number | undefined): ConditionUpdate {
  if (boundMs === undefined)
    return no(type, "NotANode", "The host is not a node of any Ocfs2Cluster: no proof of its death is needed");
  if (facts.toolstack.state === "unknown")
    return unknown(type, "FactsUnknown", `The watchdogs are unknown: ${facts.toolstack.why}`);
  const bound = boundMs / 1_000;
  const watchdog = watchdogOf(facts);
  const otherwise = `xensan forget ${host} is then the only way to start its domains elsewhere`;
  if (watchdog === undefined)
    return no(
      type,
      "WatchdogMissing",
      `No watchdog below dom0 resets the machine when dom0 hangs, so a silent heartbeat does not prove the host dead: start xenwatchdogd at boot with less than ${bound} seconds, the dead time of its cluster. ${otherwise}`,
    );
  const found = `${watchdog.name} resets the machine when dom0 has hung for ${watchdog.seconds} s`;
  if (watchdog.seconds >= bound)
    return no(
      type,
      "WatchdogMissing",
      `${found}, which must be less than ${bound} s, the dead time of its cluster. ${otherwise}`,
    );
  if (!watchdog.atBoot)
    return no(type, "WatchdogMissing", `${found}, but would not after a reboot: start it at boot. ${otherwise}`);
  return yes(type, "WatchdogReady", `${found}; the other nodes count the host as dead after ${bound} s`);
}

/** Writes the watchdog into the status, for when the host no longer answers. */
export function describeWatchdog(status: XenHostStatus, facts: HostFacts): void {
  const bootID = facts.identity.state === "known" ? facts.identity.value.bootId : undefined;
  if (facts.toolstack.state === "unknown" || bootID === undefined) return;
  const watchdog = watchdogOf(facts);
  if (watchdog === undefined) {
    delete status.watchdog;
    return;
  }
  status.watchdog = {
    name: cut(watchdog.name, 64) || "-",
    timeoutSeconds: watchdog.seconds,
    atBoot: watchdog.atBoot ? "Armed" : "NotArmed",
    bootID,
  };
}
