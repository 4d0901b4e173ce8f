import type { Story } from "../scenario.ts";
import { silentHosts } from "./dead-hosts.ts";
import { deletion, globalHeartbeat } from "./ends.ts";
import { plainHosts } from "./manifests.ts";
import { powerCuts } from "./power-cuts.ts";
import { mountedWithin, shares } from "./shares.ts";

/** The tutorial up to the shared file system: its scenarios need no domain. */
export const storage: Story = {
  name: "storage",
  rack: "Plain",
  given: {
    name: "bare hosts to a shared file system",
    long: true,
    async run(words) {
      const ofDomains = ["XenHost", "XenDomain", "XenMigration"];
      const manifests = (await words.examples("tutorial")).filter(({ kind }) => !ofDomains.includes(kind ?? ""));
      await words.apply(...manifests, ...(await plainHosts(words)));
      await words.ready(900);
      for (const host of ["bella", "brutus"]) await mountedWithin(words, host, 10);
      return await words.on("bella", "grep ' ocfs2 ' /proc/mounts");
    },
  },
  scenarios: [...shares, ...silentHosts, powerCuts, deletion(), globalHeartbeat],
};
