import type { XenDomain } from "../../../src/api/kinds.ts";
import { xenDomains } from "../../../src/api/kinds.ts";
import type { Words } from "../scenario.ts";

/** What the guest prints every two seconds: the same boot and a higher count mean that it never stopped. */
export interface Tick {
  readonly boot: string;
  readonly count: number;
  /** Seconds of its own clock, which goes on while it is suspended. */
  readonly uptime: number;
  /** The highest number of the pattern on its disk, over all boots: what was printed once is on the disk. */
  readonly written: number;
}

const between = 2;

/** The ticks in a console's text, without an incomplete one: `read` fails at a line that has no end. */
const whole = `tr -d '\\000\\r' | while read -r line; do echo "$line"; done | grep -o 'TICK n=.*'`;

const read = (domain: string) =>
  `timeout 6 script -qec 'xl console ${domain}' /dev/null </dev/null 2>/dev/null | ${whole}`;

/** Waits until the domain counts on the host. */
export async function countsOn({ until }: Words, host: string, domain = "vm-test"): Promise<Tick> {
  const [tick] = ticksIn(await until(host, `${read(domain)} | tail -n 1 | grep .`, 240));
  if (tick === undefined) throw new Error(`${domain} does not count on ${host}`);
  return tick;
}

/** Throws unless the disk of `after` holds everything that was reported in `before`, in any boot. */
export function nothingLost(before: Tick, after: Tick): void {
  if (after.written < before.written)
    throw new Error(`what was written is not there: ${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
}

function ticksIn(text: string): Tick[] {
  const line = /n=(\d+) uptime=([\d.]+) boot_id=(\S+) seq=(\d+) pattern=(\S+)/g;
  return [...text.matchAll(line)].map(([all, count, uptime, boot = "", written, pattern]) => {
    if (pattern !== "whole") throw new Error(`the disk of the domain is not as it wrote it: ${all}`);
    return { boot, count: Number(count), uptime: Number(uptime), written: Number(written) };
  });
}

/**
 * Migrates it with `act`, and resolves with the seconds that the guest stood still: by its own clock between the last
 * tick on one host and the first on the other, without those in which it counted. Ticks that the console of the source
 * had not read are lost with its ring, which the target begins anew (libxenguest clears it).
 */
export async function stoodStill(
  { on, until }: Words,
  [from, to]: readonly [string, string],
  act: () => Promise<unknown>,
  domain = "vm-test",
): Promise<number> {
  const heard = "/root/console.log";
  await on(from, `(setsid script -qfec 'xl console ${domain}' ${heard} </dev/null >/dev/null 2>&1 &); sleep 7`);
  try {
    await act();
    const last = ticksIn(await on(from, `cat ${heard} | ${whole}`)).at(-1);
    const next = ticksIn(await until(to, read(domain), 240)).find(({ count }) => count > (last?.count ?? Infinity));
    if (last === undefined || next === undefined)
      throw new Error(`no ticks were heard: ${last?.count} before, ${next?.count} after`);
    sameGuest(last, next);
    return next.uptime - last.uptime - between * (next.count - last.count);
  } finally {
    await on(from, `pkill -f 'xl console ${domain}'; rm -f ${heard}`);
  }
}

/** Throws unless the guest has gone on counting in the same boot. */
export function sameGuest(before: Tick, after: Tick): void {
  if (before.boot !== after.boot || after.count <= before.count)
    throw new Error(`the guest did not go on: ${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
}

/** The other dom0. */
export const other = (host: string) => (host === "bella" ? "brutus" : "bella");

/** The host of the tutorial's domain according to the operator. */
export async function hostOf({ get }: Pick<Words, "get">): Promise<string> {
  const { status } = await get<XenDomain>(xenDomains, "vm-test");
  return status?.hostRef?.name ?? "";
}

/** The hosts on which xl lists the domain under its own name. */
export async function runsOn({ on }: Words, domain = "vm-test"): Promise<string[]> {
  const hosts = ["bella", "brutus"];
  const found = await Promise.all(hosts.map((host) => on(host, `xl domid ${domain} 2>/dev/null || true`)));
  return hosts.filter((_host, index) => found[index] !== "");
}
