import { aoeVolumes, ocfs2Clusters, xenDomains } from "../../../src/api/kinds.ts";
import type { Scenario, Words } from "../scenario.ts";
import { filesystem, logicalVolume, serverOfVolumes, tutorial } from "./manifests.ts";
import { mountedAt, shared } from "./shares.ts";
import { runsOn } from "./ticks.ts";

/** The tutorial's cloud is taken down, and a cluster with the other heartbeat mode replaces it. */

const dom0s = ["bella", "brutus"];

const everywhere = (words: Words, text: string): Promise<string[]> =>
  Promise.all(dom0s.map((host) => words.on(host, text)));

/** Shell text that fails if anything of a cluster is left on a dom0. */
const nothingLeft = (cluster: string, mountPoint: string) =>
  [
    `! grep -q ' ocfs2 ' /proc/mounts`,
    `! test -e /sys/kernel/config/cluster/${cluster}`,
    `! grep -qs 'name = ${cluster}$' /etc/ocfs2/cluster.conf`,
    `! grep -q ' ${mountPoint} ' /etc/fstab`,
  ].join(" && ");

/** `domain`: one that runs from the shared file system and must be deleted first. */
export const deletion = (domain?: string): Scenario => ({
  name: "a cluster is deleted: mounts, heartbeat, configuration, in this order; its data stays",
  long: true,
  async run(words) {
    const { on, until, remove, become, gone } = words;
    const boots = await everywhere(words, "cat /proc/sys/kernel/random/boot_id");
    await on("bella", "echo 'of before' >/srv/xen/kept && sync /srv/xen/kept");
    await remove(ocfs2Clusters, "xen");
    let message = "";
    if (domain !== undefined) {
      message = await become(ocfs2Clusters, "xen", "DeletionBlocked/True/FilesystemInUse");
      if (!message.includes(domain)) throw new Error(`it does not name ${domain}: ${message}`);
      for (const host of await runsOn(words, domain)) await on(host, mountedAt("/srv/xen"));
      await remove(xenDomains, domain);
      await gone(xenDomains, domain, 400);
    }
    await gone(ocfs2Clusters, "xen", 600);
    await everywhere(words, nothingLeft("xen", "/srv/xen"));
    await remove(aoeVolumes, "data");
    await gone(aoeVolumes, "data", 400);
    await until("san", "! pgrep -a -x vblade | grep -q ' 0 1 '");
    const kept = await on("san", "blkid -p -s LABEL -s TYPE -o value /dev/vdb | tr '\\n' ' '");
    if (!/data/.test(kept) || !/ocfs2/.test(kept)) throw new Error(`/dev/vdb holds ${kept}`);
    const now = await everywhere(words, "cat /proc/sys/kernel/random/boot_id");
    if (now.join() !== boots.join()) throw new Error("a dom0 was reset");
    return message;
  },
});

export const globalHeartbeat: Scenario = {
  name: "a cluster with a global heartbeat: mounted on both, back by itself after a reboot, deleted again",
  long: true,
  async run(words) {
    const { apply, ready, remove, gone, on, operator } = words;
    const volumes = ["globe", "atlas"];
    await apply(await serverOfVolumes(words), ...volumes.map((name, at) => logicalVolume(name, 3 + at, "512Mi")));
    await apply(
      await tutorial(words, "Ocfs2Cluster", "xen", {
        heartbeatMode: "Global",
        filesystems: volumes.map(filesystem),
      }),
    );
    await ready(900);
    await everywhere(words, beatsGlobally);
    await shared(words, "bella", "brutus", "/srv/globe/kept");
    const layout = await on("bella", layoutOfRegions);
    await operator.kill();
    await words.reboot("brutus");
    for (const name of volumes) await words.until("brutus", mountedAt(`/srv/${name}`), 300);
    await on("brutus", beatsGlobally);
    await shared(words, "brutus", "bella", "/srv/atlas/kept");
    await operator.start();
    await ready(400);
    await remove(ocfs2Clusters, "xen");
    await gone(ocfs2Clusters, "xen", 600);
    for (const name of volumes) await everywhere(words, nothingLeft("xen", `/srv/${name}`));
    for (const name of volumes) await remove(aoeVolumes, name);
    for (const name of volumes) await gone(aoeVolumes, name, 400);
    return layout;
  },
};

/** The kernel writes two heartbeats, and sees both nodes. */
const beatsGlobally = [
  "cd /sys/kernel/config/cluster/xen/heartbeat",
  "test $(cat mode) = global",
  "test $(cat */dev | grep -c etherd) = 2",
  "test $(cat /sys/kernel/debug/o2hb/livenodes | wc -w) = 2",
].join(" && ");

const layoutOfRegions =
  "cd /sys/kernel/config/cluster/xen/heartbeat && for region in */; do echo $region $(cat $region/block_bytes $region/start_block $region/blocks $region/dev); done";
