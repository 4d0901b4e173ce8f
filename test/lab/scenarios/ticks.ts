import type { Words } from "../scenario.ts";

/** What the guest says of itself every two seconds: the same boot and a higher count mean that it never stopped. */
export interface Tick {
  readonly boot: string;
  readonly count: number;
}

const read = (domain: string) =>
  `timeout 6 script -qec 'xl console ${domain}' /dev/null </dev/null 2>/dev/null | tr -d '\\000\\r' | grep -o 'TICK n=.*' | tail -n 1 | grep .`;

/** Waits until the domain counts on the host. */
export async function countsOn({ until }: Words, host: string, domain = "vm-test"): Promise<Tick> {
  const line = await until(host, read(domain), 240);
  const [, count = "", boot = ""] = /n=(\d+) .*boot_id=(\S+)/.exec(line) ?? [];
  return { boot, count: Number(count) };
}

/** Throws unless the guest has gone on counting in the same boot. */
export function sameGuest(before: Tick, after: Tick): void {
  if (before.boot !== after.boot || after.count <= before.count)
    throw new Error(`the guest did not go on: ${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
}

/** The hosts on which xl lists the domain under its own name. */
export async function runsOn({ on }: Words, domain = "vm-test"): Promise<string[]> {
  const hosts = ["bella", "brutus"];
  const found = await Promise.all(hosts.map((host) => on(host, `xl domid ${domain} 2>/dev/null || true`)));
  return hosts.filter((_host, index) => found[index] !== "");
}
