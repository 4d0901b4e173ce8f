import type { RackPlan } from "./rack-plan.ts";
import { runCommand } from "./run-command.ts";

/**
 * The rack's cables: a network namespace with one bridge per segment and no link to other networks. QEMU makes its taps
 * beside the other interfaces of this machine, so that its SSH ports are on this machine's loopback; each tap is then
 * moved into the namespace, isolated from this machine.
 */
export interface Network {
  readonly namespace: string;
}

const ip = (...args: string[]) => runCommand("ip", args);

/** Interface names hold 15 characters. */
const bridgeOf = (plan: RackPlan, segment: string) => `seg${[...plan.segments.keys()].indexOf(segment)}`;

export async function createNetwork(namespace: string, plan: RackPlan): Promise<Network> {
  await removeNetwork(namespace);
  await ip("netns", "add", namespace);
  for (const [segment, mtu] of plan.segments) {
    const bridge = bridgeOf(plan, segment);
    await ip("-n", namespace, "link", "add", bridge, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0");
    await ip("-n", namespace, "link", "set", bridge, "mtu", String(mtu), "up");
  }
  return { namespace };
}

/** Plugs a new tap of QEMU into its segment. */
export async function plugTap({ namespace }: Network, plan: RackPlan, tap: string, segment: string): Promise<void> {
  await ip("link", "set", tap, "netns", namespace);
  const mtu = String(plan.segments.get(segment) ?? 1500);
  await ip("-n", namespace, "link", "set", tap, "mtu", mtu, "master", bridgeOf(plan, segment), "up");
}

/** Limits traffic to the host to `rate` (such as 8mbit); without a rate it is not limited. */
export async function limitRate({ namespace }: Network, tap: string, rate: string | undefined): Promise<void> {
  const qdisc = (...args: string[]) => runCommand("tc", ["-n", namespace, "qdisc", ...args]);
  if (rate !== undefined) {
    await qdisc("replace", "dev", tap, "root", "tbf", "rate", rate, "burst", "32kb", "latency", "1s");
  } else if ((await qdisc("show", "dev", tap)).includes("tbf")) {
    await qdisc("del", "dev", tap, "root");
  }
}

export async function removeNetwork(namespace: string): Promise<void> {
  const there = (await ip("netns", "list")).split("\n").some((line) => line.split(" ")[0] === namespace);
  if (there) await ip("netns", "del", namespace);
}
