import { setTimeout as delay } from "node:timers/promises";
import { xenDomains, xenHosts } from "../../../src/api/kinds.ts";
import type { Scenario, Words } from "../scenario.ts";
import { mountedWithin } from "./shares.ts";
import { countsOn, hostOf, nothingLost, other, runsOn, sameGuest } from "./ticks.ts";

/**
 * What happens to a domain when its host is silent: nothing while the host lives, a start on the other once it is dead.
 */

/** Longer than several probes of an emulated host take: the operator has had time to start something. */
const severalProbes = 180_000;

/** Shell text that succeeds where xl lists the domain, and otherwise asks slowly: each xl costs dom0 a second. */
const listed = "xl domid vm-test 2>/dev/null || { sleep 3; exit 1; }";

const hasNoDomain = (host: string, { on }: Words) => on(host, "! xl domid vm-test >/dev/null 2>&1");

/**
 * Shell text that makes Xen reset the machine when dom0 hangs for so many seconds, now and after each boot. Makes the
 * link of `systemctl enable` itself, whose reload of systemd takes minutes on a translated processor.
 */
const armWatchdog = (seconds: number) =>
  [
    "watchdog=$(command -v xenwatchdogd || ls /usr/lib/xen-*/bin/xenwatchdogd | tail -n 1)",
    "cd /etc/systemd/system && mkdir -p multi-user.target.wants",
    `printf '[Service]\\nType=forking\\nExecStart=%s ${seconds}\\n[Install]\\nWantedBy=multi-user.target\\n' "$watchdog" >xen-watchdog.service`,
    "ln -sf ../xen-watchdog.service multi-user.target.wants/xen-watchdog.service",
    `{ pgrep -x xenwatchdogd >/dev/null || setsid "$watchdog" ${seconds} >/dev/null 2>&1 </dev/null; }`,
  ].join(" && ");

/** Both dom0s have a watchdog of Xen, and the operator has seen it: from then on a silent heartbeat proves death. */
async function watchdogs(words: Words): Promise<void> {
  for (const host of ["bella", "brutus"]) await words.on(host, armWatchdog(40));
  for (const host of ["bella", "brutus"]) await words.become(xenHosts, host, "WatchdogReady/True", 300);
}

/** Where the domain is started after `act` on its host, without a user's help, and how long it took. */
async function restarted(words: Words, act: (from: string) => Promise<void>, mend: (from: string) => Promise<void>) {
  await watchdogs(words);
  const from = await hostOf(words);
  const to = other(from);
  const before = await countsOn(words, from);
  const evictions = "dmesg | grep -c 'o2dlm has evicted node' || true";
  const earlier = await words.on(to, evictions);
  const began = performance.now();
  const since = () => ((performance.now() - began) / 1000).toFixed(0);
  await act(from);
  // Keeps what the domain had written by then, in case the other host does not find it.
  await words.keepDisk("san", "/dev/vdb");
  await words.until(to, `test "$(${evictions})" -gt ${earlier}`, 400);
  const evicted = since();
  await words.until(to, listed, 900);
  const created = since();
  const after = await countsOn(words, to);
  const ticked = since();
  nothingLost(before, after);
  if (after.boot === before.boot) throw new Error(`it is the boot of before: ${before.boot}`);
  await mend(from);
  await words.become(xenHosts, from, "Ready/True", 900);
  const hosts = await runsOn(words);
  if (hosts.join() !== to) throw new Error(`it runs on ${hosts.join(" and ")}`);
  nothingLost(after, await countsOn(words, to));
  await words.become(xenDomains, "vm-test", "Ready/True", 600);
  return `dead time 60 s; evicted after ${evicted} s, listed on ${to} ${created} s, tick ${after.count} heard ${ticked} s; written ${before.written}, then ${after.written}`;
}

export const deadHosts: readonly Scenario[] = [
  {
    name: "only the management link of its host is cut: nothing is started, and nobody can forget a host that beats",
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      await words.cable.cut(from, "eth0");
      const message = await words.become(xenHosts, from, "Reachable/False/HeartbeatHeard", 600);
      await words.xensan("forget", from);
      await delay(severalProbes);
      await words.become(xenHosts, from, "Reachable/False/HeartbeatHeard", 60);
      await hasNoDomain(other(from), words);
      await words.cable.mend(from, "eth0");
      await words.become(xenHosts, from, "Ready/True", 600);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      const after = await countsOn(words, from);
      sameGuest(before, after);
      nothingLost(before, after);
      await words.become(xenDomains, "vm-test", "Ready/True", 300);
      return message;
    },
  },
  {
    name: "power of its host goes, storage proves it dead: it runs on the other one without a person",
    async run(words) {
      return await restarted(words, words.power.cut, words.power.restore);
    },
  },
  {
    name: "SAN cable of its host is pulled: it fences itself, and the domain runs on the other one",
    async run(words) {
      let boot = "";
      const bootOf = (host: string) => words.until(host, "cat /proc/sys/kernel/random/boot_id", 600);
      return await restarted(
        words,
        async (from) => {
          boot = await bootOf(from);
          await words.cable.cut(from);
        },
        async (from) => {
          await words.cable.mend(from);
          await words.until(from, `test "$(cat /proc/sys/kernel/random/boot_id)" != ${boot}`, 600);
        },
      );
    },
  },
  {
    name: "power cut of its host, which a person forgets: it runs on the other one, and the host comes back without it",
    async run(words) {
      const from = await hostOf(words);
      const to = other(from);
      const before = await countsOn(words, from);
      const cut = performance.now();
      const since = () => ((performance.now() - cut) / 1000).toFixed(0);
      await words.power.cut(from);
      await words.become(xenHosts, from, "Reachable/False", 600);
      const silent = since();
      await words.xensan("forget", from);
      await words.become(xenHosts, from, "Reachable/False/Forgotten", 600);
      const forgotten = since();
      await words.until(to, listed, 900);
      const created = since();
      const after = await countsOn(words, to);
      const ticked = since();
      nothingLost(before, after);
      if (after.boot === before.boot) throw new Error(`it is the boot of before: ${before.boot}`);
      await words.power.restore(from);
      await words.become(xenHosts, from, "Ready/True", 900);
      const hosts = await runsOn(words);
      if (hosts.join() !== to) throw new Error(`it runs on ${hosts.join(" and ")}`);
      nothingLost(after, await countsOn(words, to));
      await words.become(xenDomains, "vm-test", "Ready/True", 600);
      return `from the cut: unreachable ${silent} s, forgotten ${forgotten} s, listed on ${to} ${created} s, first tick ${ticked} s; written ${before.written}, then ${after.written}`;
    },
  },
];

/** The same without a domain: what one node of a file system knows of the other. */
export const silentHosts: readonly Scenario[] = [
  {
    name: "only the management link of brutus is cut: bella hears its heartbeat, and nobody can forget it",
    async run(words) {
      const boot = () => words.on("brutus", "cat /proc/sys/kernel/random/boot_id");
      const before = await boot();
      await words.cable.cut("brutus", "eth0");
      const message = await words.become(xenHosts, "brutus", "Reachable/False/HeartbeatHeard", 600);
      await words.xensan("forget", "brutus");
      await delay(severalProbes);
      await words.become(xenHosts, "brutus", "Reachable/False/HeartbeatHeard", 60);
      await words.cable.mend("brutus", "eth0");
      await words.ready(600);
      if ((await boot()) !== before) throw new Error("brutus was reset");
      return message;
    },
  },
  {
    name: "power cut of brutus, which a person forgets: bella goes on alone, brutus joins again",
    async run(words) {
      const cut = performance.now();
      const since = () => ((performance.now() - cut) / 1000).toFixed(0);
      await words.power.cut("brutus");
      await words.become(xenHosts, "brutus", "Reachable/False", 600);
      const silent = since();
      await words.xensan("forget", "brutus");
      await words.become(xenHosts, "brutus", "Reachable/False/Forgotten", 600);
      const forgotten = since();
      await words.until("bella", "dmesg | grep -q 'o2dlm has evicted node 1'", 600);
      const evicted = since();
      await words.until("bella", "echo alone >/srv/xen/alone && sync /srv/xen/alone", 300);
      const written = since();
      await words.power.restore("brutus");
      await mountedWithin(words, "brutus", 400);
      await words.ready(600);
      const read = await words.on("brutus", "cat /srv/xen/alone");
      return `from the cut: unreachable ${silent} s, forgotten ${forgotten} s, evicted ${evicted} s, written on bella ${written} s; brutus reads ${read}`;
    },
  },
];
