import { xenDomains, xenHosts } from "../../../src/api/kinds.ts";
import type { Scenario, Words } from "../scenario.ts";
import { move } from "./moves.ts";
import { countsOn, hostOf, nothingLost, other, runsOn, sameGuest } from "./ticks.ts";

/** The lease of the domain on its image as the kernels of both dom0s see it, while it runs and when its host dies. */

const image = "/srv/xen/vm-test.img";
const alone = `flock -n -x ${image} true`;

/** Shell text that kills every process that has the image open, as `fuser -k` does, and prints their names. */
const killHolders = [
  `pids=$(find /proc/[0-9]*/fd -lname ${image} 2>/dev/null | cut -d / -f 3 | sort -u)`,
  'for pid in $pids; do cat "/proc/$pid/comm"; done',
  "kill -9 $pids",
].join("\n");

/** Process id of the lease holder. */
const holderOn = ({ until }: Words, host: string) =>
  until(host, "pid=$(cut -d ' ' -f 1 /run/xensan/leases/*.pid) && kill -0 $pid && echo $pid", 120);

export const leases: readonly Scenario[] = [
  {
    name: "the lease of a running domain is refused to the other host, also for a start by hand",
    async run(words) {
      const from = await hostOf(words);
      await holderOn(words, from);
      const refused = await words.on(other(from), `! ${alone} && flock -n -s ${image} true && echo refused`);
      const units = await words.on(from, "systemctl list-units --plain --no-legend 'xensan-lease-*'");
      const order = await words.on(
        from,
        "unit=$(systemctl list-units --plain --no-legend 'xensan-lease-*' | cut -d ' ' -f 1); systemctl show -p Before -p After $unit",
      );
      if (!/^Before=.*xendomains\.service/m.test(order) || !/^After=.*srv-xen\.mount/m.test(order))
        throw new Error(order);
      return `${refused} on ${other(from)}; ${units.trim()}`;
    },
  },
  {
    name: "its holder is killed: nothing is started elsewhere, the guest counts on, and the operator has it held again",
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      const pid = (await holderOn(words, from)).trim();
      const killed = performance.now();
      const names = await words.on(from, killHolders);
      await words.until(
        from,
        `new=$(cut -d ' ' -f 1 /run/xensan/leases/*.pid) && [ "$new" != ${pid} ] && kill -0 $new`,
        300,
      );
      const seconds = ((performance.now() - killed) / 1000).toFixed(0);
      await words.on(other(from), `! ${alone}`);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, from));
      await words.become(xenDomains, "vm-test", "Ready/True", 120);
      return `killed ${names.split("\n").join(" and ")}; held again after ${seconds} s`;
    },
  },
  {
    name: "the lease follows a move: nobody gets it alone in between",
    long: true,
    async run(words) {
      const from = await hostOf(words);
      const granted = "/root/granted";
      const script = `while sleep 1; do if ${alone}; then date -u +%T >>${granted}; fi; done`;
      await words.on(
        from,
        `rm -f ${granted}; setsid sh -c '${script}' </dev/null >/dev/null 2>&1 & echo $! >/root/asks.pid`,
      );
      const moved = await move(words, "with-its-lease");
      await holderOn(words, other(from));
      await words.on(from, `kill -- -$(cat /root/asks.pid); ! cat ${granted} 2>/dev/null`);
      await words.until(from, "! kill -0 $(cut -d ' ' -f 1 /run/xensan/leases/*.pid) 2>/dev/null", 120);
      return moved;
    },
  },
  {
    name: "power cut of its host: the other one gets the lease only after the eviction",
    async run(words) {
      const from = await hostOf(words);
      const to = other(from);
      const before = await countsOn(words, from);
      await words.operator.stop();
      const cut = performance.now();
      const since = () => ((performance.now() - cut) / 1000).toFixed(1);
      await words.power.cut(from);
      await words.on(to, `! timeout 5 ${alone}`);
      await words.until(to, `timeout 5 ${alone}`, 300);
      const granted = since();
      await words.on(to, "dmesg | grep -q 'o2dlm has evicted node'");
      await words.power.restore(from);
      await words.operator.start();
      await words.become(xenHosts, from, "Ready/True", 900);
      await words.become(xenDomains, "vm-test", "Ready/True", 900);
      const host = await hostOf(words);
      nothingLost(before, await countsOn(words, host));
      await words.on(other(host), `! ${alone}`);
      return `granted on ${to} after ${granted} s, evicted by then; it runs on ${host} again`;
    },
  },
];
