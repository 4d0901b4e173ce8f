import { setTimeout as delay } from "node:timers/promises";
import type { XenMigration } from "../../../src/api/kinds.ts";
import { xenDomains, xenHosts, xenMigrations } from "../../../src/api/kinds.ts";
import type { Manifest } from "../../../src/cli/manifests.ts";
import type { Scenario, Words } from "../scenario.ts";
import { guest, object, tutorial } from "./manifests.ts";
import { countsOn, hostOf, nothingLost, other, runsOn, sameGuest, stoodStill } from "./ticks.ts";

/** The tutorial's domain migrates live, with disturbances on the way. */

const migration = (name: string, target: string, rest: object = {}): Manifest =>
  object("XenMigration", name, { domainRef: { name: "vm-test" }, targetHostRef: { name: target }, ...rest });

const maintained = (words: Words, host: string, maintenance: string) =>
  tutorial(words, "XenHost", host, { maintenance });

/** Migrates it to the other host while `meanwhile` runs; the guest must have gone on. */
export async function move(
  words: Words,
  name: string,
  meanwhile: (from: string) => Promise<unknown> = async () => undefined,
) {
  const from = await hostOf(words);
  const before = await countsOn(words, from);
  const started = performance.now();
  await words.apply(migration(name, other(from)));
  await meanwhile(from);
  await words.become(xenMigrations, name, "Succeeded/True", 600);
  const took = (performance.now() - started) / 1000;
  const hosts = await runsOn(words);
  if (hosts.join() !== other(from)) throw new Error(`it runs on ${hosts.join(" and ")}`);
  const after = await countsOn(words, other(from));
  sameGuest(before, after);
  nothingLost(before, after);
  await knownOn(words, other(from), 120);
  await words.become(xenDomains, "vm-test", "Ready/True", 120);
  return `${from} to ${other(from)} in ${took.toFixed(0)} s`;
}

/** Waits until the XenDomain says so: it needs a probe that began after the move. */
async function knownOn(words: Words, host: string, withinSeconds: number): Promise<void> {
  for (const deadline = performance.now() + withinSeconds * 1000; (await hostOf(words)) !== host; await delay(1000))
    if (performance.now() > deadline) throw new Error(`the XenDomain does not say that it is on ${host}`);
}

const addresses: Readonly<Record<string, string>> = { bella: "10.99.0.11", brutus: "10.99.0.12" };

/** Seconds from the creation of a XenMigration to its end. */
const wholeOf = ({ metadata, status }: XenMigration): number =>
  (Date.parse(status?.completionTime ?? "") - Date.parse(metadata.creationTimestamp ?? "")) / 1000;

/**
 * The total time, the seconds from the creation after which the migration was in each state, and the time that xl took:
 * between the record of its beginning and that of its end.
 */
async function overhead({ get, on }: Words, from: string, name: string): Promise<string> {
  const migration = await get<XenMigration>(xenMigrations, name);
  const created = Date.parse(migration.metadata.creationTimestamp ?? "");
  const course = (migration.status?.history ?? []).map(
    ({ time, reason }) => `${reason} ${((Date.parse(time) - created) / 1000).toFixed(0)}`,
  );
  const run = `/var/lib/xensan/migrations/${migration.status?.operationID ?? ""}`;
  const [began = 0, ended = 0] = (await on(from, `stat -c %.3Y ${run} ${run}.exit`)).split("\n").map(Number);
  return `${wholeOf(migration).toFixed(0)} s (${course.join(", ")}), xl ${(ended - began).toFixed(1)} s`;
}

/** A domain that is built but never runs: it holds $memory MiB. */
const hog =
  'printf \'name = "hog"\\ntype = "pvh"\\nkernel = "/boot/vmlinuz-guest"\\nmemory = %s\\n\' "$memory" >/root/hog.cfg';

/** Waits until xl runs the migration on the source. */
const underWay = ({ until }: Words, from: string) => until(from, "pgrep -f '(^|/)xl migrate ' >/dev/null", 120);
const incoming = ({ until }: Words, to: string) => until(to, "xl list | grep -q -- --incoming", 120);

export const moves: readonly Scenario[] = [
  {
    name: "a running domain moves to the other host",
    async run(words) {
      const from = await hostOf(words);
      const still = await stoodStill(words, [from, other(from)], async () => {
        await words.apply(migration("first", other(from)));
        await words.become(xenMigrations, "first", "Succeeded/True", 600);
      });
      await words.become(xenDomains, "vm-test", "Ready/True", 120);
      return `${await overhead(words, from, "first")}; it stood still for ${still.toFixed(1)} s`;
    },
  },
  {
    name: "a disk of one host attached by hand: refused by name, and moved once it is detached",
    async run(words) {
      const [from, before] = await running(words);
      const to = other(from);
      const file = "/root/by-hand.img";
      for (const host of [from, to]) await words.on(host, `truncate -s 1M ${file}`);
      await words.on(from, `xl block-attach vm-test format=raw,vdev=xvdz,access=rw,target=${file}`, 120);
      await words.apply(migration("one-disk-more", to));
      const message = await words.become(xenMigrations, "one-disk-more", "Succeeded/False/MigrationFailed", 300);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      await words.on(from, "xl block-detach vm-test xvdz", 120);
      await words.apply(migration("disk-detached", to));
      await words.become(xenMigrations, "disk-detached", "Succeeded/True", 600);
      sameGuest(before, await countsOn(words, to));
      await words.become(xenDomains, "vm-test", "Ready/True", 120);
      return message;
    },
  },
  {
    name: "a running domain moves there and back, ten moves in all",
    long: true,
    async run(words) {
      const moves: string[] = [];
      for (let index = 1; index <= 10; index++) {
        const from = await hostOf(words);
        await move(words, `move-${index}`);
        moves.push(await overhead(words, from, `move-${index}`));
      }
      return moves.join("; ");
    },
  },
  {
    name: "xl migrate by hand, for comparison: the operator was away and finds the domain where it went",
    long: true,
    async run(words) {
      const from = await hostOf(words);
      const to = other(from);
      await words.operator.stop();
      const by = `xl migrate -s 'ssh -F /var/lib/xensan/ssh/config' vm-test ${addresses[to]} >/root/by-hand.log 2>&1`;
      const uptime = "cut -d ' ' -f 1 /proc/uptime";
      let said = "";
      const still = await stoodStill(words, [from, to], async () => {
        said = await words.on(from, `${uptime}; ${by} </dev/null; ${uptime}`, 600);
      });
      const [began = 0, ended = 0] = said.split("\n").map(Number);
      await words.operator.start();
      // The status is still that of when the operator was stopped.
      await knownOn(words, to, 180);
      await words.become(xenDomains, "vm-test", "Ready/True", 300);
      return `${from} to ${to}, xl ${(ended - began).toFixed(1)} s; it stood still for ${still.toFixed(1)} s`;
    },
  },
  {
    name: "an offline move: shut down on one host, started on the other",
    long: true,
    async run(words) {
      const [from, before] = await running(words);
      const to = other(from);
      await words.apply(migration("offline", to, { mode: "Offline" }));
      await words.become(xenMigrations, "offline", "Succeeded/True", 600);
      const hosts = await runsOn(words);
      if (hosts.join() !== to) throw new Error(`it runs on ${hosts.join(" and ")}`);
      const after = await countsOn(words, to);
      if (after.boot === before.boot) throw new Error(`it is the boot of before: ${before.boot}`);
      await words.become(xenDomains, "vm-test", "Ready/True", 300);
      return `${from} to ${to} in ${wholeOf(await words.get<XenMigration>(xenMigrations, "offline")).toFixed(0)} s`;
    },
  },
  {
    name: "the operator is killed while memory is copied",
    long: true,
    async run(words) {
      return await move(words, "killed-in-precopy", async (from) => {
        await incoming(words, other(from));
        await words.operator.kill();
        await words.operator.start();
      });
    },
  },
  {
    name: "the operator is killed right after xl began",
    long: true,
    async run(words) {
      return await move(words, "killed-at-start", async (from) => {
        await underWay(words, from);
        await words.operator.kill();
        await words.operator.start();
      });
    },
  },
  {
    name: "the operator is away until the migration is over",
    long: true,
    async run(words) {
      return await move(words, "operator-away", async (from) => {
        await underWay(words, from);
        await words.operator.kill();
        await words.until(from, "! pgrep -f '(^|/)xl migrate ' >/dev/null", 300);
        await words.operator.start();
      });
    },
  },
  {
    name: "abort while memory is copied: it runs on where it was",
    long: true,
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      await words.apply(migration("aborted", other(from)));
      await incoming(words, other(from));
      await words.apply(migration("aborted", other(from), { abort: "Requested" }));
      const message = await words.become(xenMigrations, "aborted", "Succeeded/False", 400);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, from));
      return message;
    },
  },
  {
    name: "the connection between the dom0s is cut while memory is copied: it runs on where it was",
    long: true,
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      await words.apply(migration("cut-off", other(from)));
      await incoming(words, other(from));
      await words.on(from, "kill -9 $(pgrep -f '^ssh .*migrate-receive|^ssh .*known_hosts' | head -n 1)");
      const message = await words.become(xenMigrations, "cut-off", "Succeeded/False", 600);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, from));
      return message;
    },
  },
  {
    name: "the target has no memory left: refused by name, and moved once it has",
    long: true,
    async run(words) {
      const [from, before] = await running(words);
      const to = other(from);
      await words.on(
        to,
        `memory=$(($(xl info free_memory) - 100)) && ${hog} && xl create -q -p /root/hog.cfg </dev/null >/dev/null 2>&1`,
        180,
      );
      await words.apply(migration("no-room", to));
      const message = await words.become(xenMigrations, "no-room", "Admitted/False/NotEnoughMemory", 200);
      await words.on(to, "xl destroy hog", 120);
      await words.become(xenMigrations, "no-room", "Succeeded/True", 600);
      sameGuest(before, await countsOn(words, to));
      return message;
    },
  },
  {
    name: "the target loses its power while memory is copied",
    long: true,
    async run(words) {
      const from = await hostOf(words);
      const before = await countsOn(words, from);
      await words.apply(migration("target-off", other(from)));
      await incoming(words, other(from));
      await words.power.cut(other(from));
      sameGuest(before, await countsOn(words, from));
      await words.power.restore(other(from));
      const message = await words.become(xenMigrations, "target-off", "Succeeded/False", 900);
      const hosts = await runsOn(words);
      if (hosts.join() !== from) throw new Error(`it runs on ${hosts.join(" and ")}`);
      sameGuest(before, await countsOn(words, from));
      await words.become(xenHosts, other(from), "Ready/True", 400);
      return message;
    },
  },
  {
    name: "bella is drained of three domains",
    long: true,
    async run(words) {
      if ((await hostOf(words)) !== "bella") await move(words, "home");
      const names = ["vm-test", "vm-two", "vm-three"];
      await words.apply(await maintained(words, "brutus", "Cordon"));
      for (const name of names.slice(1)) await words.apply(await guest(words, name));
      for (const name of names) await words.become(xenDomains, name, "Ready/True", 600);
      await words.apply(await maintained(words, "brutus", "None"));
      const before = await Promise.all(names.map((name) => countsOn(words, "bella", name)));
      const started = performance.now();
      await words.apply(await maintained(words, "bella", "Drain"));
      await words.become(xenHosts, "bella", "Drained/True", 1200);
      const took = (performance.now() - started) / 1000;
      for (const [index, name] of names.entries()) {
        const hosts = await runsOn(words, name);
        if (hosts.join() !== "brutus") throw new Error(`${name} runs on ${hosts.join(" and ")}`);
        const was = before[index];
        if (was !== undefined) sameGuest(was, await countsOn(words, "brutus", name));
      }
      await words.apply(await maintained(words, "bella", "None"));
      return `three domains run on brutus after ${took.toFixed(0)} s`;
    },
  },
];

async function running(words: Words) {
  const from = await hostOf(words);
  return [from, await countsOn(words, from)] as const;
}
