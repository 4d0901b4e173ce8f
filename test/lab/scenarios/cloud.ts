import type { Story } from "../scenario.ts";
import { deadHosts } from "./dead-hosts.ts";
import { deletion } from "./ends.ts";
import { leases } from "./leases.ts";
import { guest, tutorial } from "./manifests.ts";
import { moves } from "./moves.ts";
import { data, mountedWithin, shares } from "./shares.ts";
import { countsOn, hostOf } from "./ticks.ts";

/** The whole tutorial, from bare Debian to a domain that runs on the shared file system, and the faults it may meet. */
export const cloud: Story = {
  name: "cloud",
  rack: "Xen",
  given: {
    name: "bare hosts to a domain on a shared file system",
    async run(words) {
      const manifests = await words.examples("tutorial");
      const domainKinds = ["XenDomain", "XenMigration"];
      await words.apply(...manifests.filter(({ kind }) => !domainKinds.includes(kind)));
      await words.apply(await tutorial(words, "Ocfs2Cluster", "xen", { filesystems: [data] }));
      await words.ready(2400);
      // The guest keeps its pattern on an ext4 disk, which it does not format itself.
      const template =
        "mkdir -p /srv/xen/templates && cp /var/lib/xen-lab/vm-template.img /srv/xen/templates/guest.img";
      await words.on("bella", template, 120);
      await words.apply(await guest(words, "vm-test"));
      await words.ready(600);
      for (const host of ["bella", "brutus"]) await mountedWithin(words, host, 10);
      const tick = await countsOn(words, await hostOf(words));
      return `${tick.boot}: ${tick.count}`;
    },
  },
  scenarios: [...shares, ...moves, ...leases, ...deadHosts, deletion("vm-test")],
};
