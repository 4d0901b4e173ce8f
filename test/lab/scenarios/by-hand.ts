import {
  aoeServers,
  aoeVolumes,
  ocfs2Clusters,
  type XenDomain,
  type XenHost,
  xenDomains,
  xenHosts,
  xenMigrations,
} from "../../../src/api/kinds.ts";
import type { Manifest } from "../../../src/cli/manifests.ts";
import type { Kind, KubeObject } from "../../../src/runtime/kube-api.ts";
import { clusterConf, domainFile } from "../../typed-files.ts";
import type { Story, Words } from "../scenario.ts";
import { object, specOf } from "./manifests.ts";
import { mountedAt } from "./shares.ts";
import { countsOn, other, runsOn, sameGuest } from "./ticks.ts";

/** The rack of the tutorial of 2010, typed on its three machines, and handed over to xensan while its domain runs. */

const dom0s = ["bella", "brutus"];
const addresses: Readonly<Record<string, string>> = { bella: "10.99.0.11", brutus: "10.99.0.12" };
const device = "/dev/etherd/e0.1";
const image = "/home/vm-test.img";

const install = (...names: string[]) =>
  `DEBIAN_FRONTEND=noninteractive apt-get -qq -y install ${names.join(" ")} >/dev/null`;
const typed = (file: string, text: string) => `cat >${file} <<'XENSAN'\n${text}XENSAN`;

const asServer = [install("vblade"), "ip link set eth1 up", "vbladed 0 1 eth1 /dev/vdb"].join("\n");
const asDom0 = [
  install("aoetools", "ocfs2-tools"),
  "ip link set eth1 up",
  typed("/etc/modprobe.d/aoe.conf", "options aoe aoe_iflist=eth1\n"),
  "echo aoe >>/etc/modules",
  "modprobe aoe",
  "aoe-discover",
  "mkdir -p /etc/ocfs2",
  typed("/etc/ocfs2/cluster.conf", clusterConf),
  "sed -i -e 's/^O2CB_ENABLED=.*/O2CB_ENABLED=true/' -e 's/^O2CB_BOOTCLUSTER=.*/O2CB_BOOTCLUSTER=ocfs2/' /etc/default/o2cb",
  "/etc/init.d/o2cb restart >&2",
  `echo '${device} /home ocfs2 _netdev 0 0' >>/etc/fstab`,
].join("\n");

/** What may not change: everything under /etc, what is mounted, served and running, and the image. */
const everything = [
  "find /etc -type f ! -name resolv.conf ! -name adjtime -exec sha256sum {} + | sort -k 2",
  "find /var/lib/xensan /usr/local/sbin -type f 2>/dev/null | sort",
  "findmnt -rn -t ocfs2 -o TARGET,SOURCE,OPTIONS || :",
  "pgrep -a -x vblade || :",
  "stat -c '%n %s %i' /home/*.img 2>/dev/null || :",
  "command -v xl >/dev/null && xl list -v | awk 'NR > 1 { print $1, $7, $8 }' || :",
  "cat /proc/sys/kernel/random/boot_id",
].join("; ");
/** What may not stop or begin anew when the machines are managed. */
const running = "findmnt -rn -t ocfs2 -o TARGET,SOURCE; pgrep -a -x vblade; cat /proc/sys/kernel/random/boot_id; :";

const seen = async ({ on }: Words, text: string) =>
  (await Promise.all(["san", ...dom0s].map(async (host) => `${host}:\n${await on(host, text, 300)}`))).join("\n");

function same(what: string, before: string, after: string): void {
  if (before === after) return;
  const [old, now] = [before, after].map((text) => new Set(text.split("\n")));
  const lost = [...(old ?? [])].filter((line) => now?.has(line) !== true);
  const come = [...(now ?? [])].filter((line) => old?.has(line) !== true);
  throw new Error(`${what} changed:\n- ${lost.join("\n- ")}\n+ ${come.join("\n+ ")}`);
}

type Planned = KubeObject & { status?: { plan?: readonly { readonly action: string }[] | undefined } };
const kinds: readonly (readonly [Kind<Planned>, readonly string[]])[] = [
  [aoeServers, ["san"]],
  [aoeVolumes, ["data"]],
  [xenHosts, dom0s],
  [ocfs2Clusters, ["ocfs2"]],
  [xenDomains, ["vm-test"]],
];

const planned = async ({ get }: Words) => {
  const lines: string[] = [];
  for (const [kind, names] of kinds)
    for (const name of names)
      for (const { action } of (await get(kind, name)).status?.plan ?? []) lines.push(`${name}: ${action}`);
  return lines;
};

/** An imported manifest of a machine, as a person edits it to hand the machine over. */
function managed(manifest: Manifest): Manifest {
  if (manifest.kind !== aoeServers.kind && manifest.kind !== xenHosts.kind) return manifest;
  const { name } = manifest.metadata;
  const relocation = { mode: "Enabled", address: addresses[name], allowedSourceHostRefs: [{ name: other(name) }] };
  const spec = {
    ...specOf(manifest),
    management: "Manage",
    ...(manifest.kind === xenHosts.kind ? { relocation } : {}),
  };
  return { ...manifest, ...{ spec } };
}

export const byHand: Story = {
  name: "by hand",
  rack: "Xen",
  given: {
    name: "the tutorial's rack, typed on its three machines",
    long: true,
    async run(words) {
      const { on, until } = words;
      await on("san", asServer, 300);
      await Promise.all(dom0s.map((host) => on(host, asDom0, 600)));
      for (const host of dom0s) await until(host, `test -b ${device}`, 60);
      await on("bella", `mkfs -t ocfs2 -L DATA ${device} >&2`, 600);
      for (const host of dom0s) await on(host, `mount /home && ${mountedAt("/home")}`, 300);
      await on(
        "bella",
        `cp /var/lib/xen-lab/vm-template.img ${image} && ${typed("/etc/xen/vm-test.cfg", domainFile("console=hvc0 quiet"))}`,
      );
      await on("bella", "xl create /etc/xen/vm-test.cfg >&2", 300);
      const tick = await countsOn(words, "bella");
      return `${tick.boot}: ${tick.count}`;
    },
  },
  scenarios: [
    {
      name: "imported, observed, managed, and its domain moves",
      long: true,
      async run(words) {
        const { on, apply, become, get } = words;
        const before = await countsOn(words, "bella");
        const untouched = await seen(words, everything);
        const { manifests, said } = await words.imported();
        await apply(...(await words.examples("tutorial/00-namespace.yaml")), ...manifests);
        for (const host of dom0s) await become(xenHosts, host, "Ready/False/ObserveOnly", 300);
        await become(ocfs2Clusters, "ocfs2", "Ready/False/ObserveOnly", 300);
        await become(xenDomains, "vm-test", "Ready/False/ObserveOnly", 300);
        const plan = await planned(words);
        same("what was only observed", untouched, await seen(words, everything));

        const inode = await on("bella", `stat -c %i ${image}`);
        const uuid = (await get<XenDomain>(xenDomains, "vm-test")).spec?.uuid;
        const runs = await seen(words, running);
        await apply(...manifests.map(managed));
        for (const host of dom0s) await become(xenHosts, host, "Ready/True", 1200);
        await become(ocfs2Clusters, "ocfs2", "Ready/True", 600);
        await become(xenDomains, "vm-test", "Ready/True", 600);
        // A vblade that was typed is handed over while no client holds the device.
        await become(aoeVolumes, "data", "Ready/False/ClientHoldsDevice", 300);
        const left = await planned(words);
        same("what runs", runs, await seen(words, running));
        sameGuest(before, await countsOn(words, "bella"));
        const formats = await seen(words, "ls /var/lib/xensan/formats 2>/dev/null || :");
        if (formats !== ["san", ...dom0s].map((host) => `${host}:\n`).join("\n"))
          throw new Error(`something was formatted: ${formats}`);

        const migration = { domainRef: { name: "vm-test" }, targetHostRef: { name: "brutus" } };
        await apply(object("XenMigration", "first", migration));
        await become(xenMigrations, "first", "Succeeded/True", 900);
        sameGuest(before, await countsOn(words, "brutus"));
        const [host, ...more] = await runsOn(words);
        if (host !== "brutus" || more.length > 0) throw new Error(`it runs on ${[host, ...more].join(" and ")}`);
        const now = await on("brutus", `xl list -v vm-test | awk 'NR == 2 { print $7 }'; stat -c %i ${image}`);
        if (now !== `${uuid}\n${inode}`) throw new Error(`uuid and inode are ${now} instead of ${uuid} ${inode}`);
        await become(xenDomains, "vm-test", "Ready/True", 300);
        const hosts = await Promise.all(dom0s.map((name) => get<XenHost>(xenHosts, name)));
        const names = hosts.map(({ status }) => status?.xen?.version).join(" and ");
        return `Xen ${names}; ${said.length} lines not imported: ${said.join("; ")}; planned: ${plan.join(", ")}; left: ${left.join(", ") || "nothing"}`;
      },
    },
  ],
};
