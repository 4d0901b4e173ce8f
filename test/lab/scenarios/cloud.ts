import type { Story } from "../scenario.ts";
import { deadHosts } from "./dead-hosts.ts";
import { deletion } from "./ends.ts";
import { leases } from "./leases.ts";
import { moves } from "./moves.ts";
import { mountedWithin, shares } from "./shares.ts";
import { countsOn } from "./ticks.ts";

/** The whole tutorial, from bare Debian to a domain that runs on the shared file system, and what may happen to it. */
export const cloud: Story = {
  name: "cloud",
  rack: "Xen",
  given: {
    name: "bare hosts to a domain on a shared file system",
    async run(words) {
      const manifests = await words.examples("tutorial");
      await words.apply(...manifests.filter(({ kind }) => kind !== "XenMigration"));
      await words.ready(1500);
      for (const host of ["bella", "brutus"]) await mountedWithin(words, host, 10);
      const tick = await countsOn(words, "bella");
      return `${tick.boot}: ${tick.count}`;
    },
  },
  scenarios: [...shares, ...moves, ...leases, ...deadHosts, deletion("vm-test")],
};
