import type { XenDomain } from "../../../src/api/kinds.ts";
import { xenDomains, xenHosts } from "../../../src/api/kinds.ts";
import type { Scenario, Words } from "../scenario.ts";
import { countsOn, nothingLost, runsOn, sameGuest } from "./ticks.ts";

/** What the kernels of both dom0s say of the lease of the domain on its image, while it runs and when its host dies. */

const image = "/srv/xen/vm-test.img";
const other = (host: string) => (host === "bella" ? "brutus" : "bella");
const alone = `flock -n -x ${image} true`;

async function hostOf({ get }: Words): Promise<string> {
  const { status } = await get<XenDomain>(xenDomains, "vm-test");
  return status?.hostRef?.name ?? "";
}

/** Process id of the holder. */
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
      await words.on(from, `kill -9 ${pid}`);
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
      return `held again after ${seconds} s`;
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
