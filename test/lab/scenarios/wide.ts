import { ocfs2Clusters } from "../../../src/api/kinds.ts";
import type { Manifest } from "../../../src/cli/manifests.ts";
import type { Story, Words } from "../scenario.ts";
import { filesystem, object } from "./manifests.ts";
import { mountedAt, shared } from "./shares.ts";

/** Three hosts on two SAN servers: a node joins and leaves while the others work. */

const dom0s: readonly string[] = ["bella", "brutus", "caesar"];
const ports: Readonly<Record<string, number>> = { san: 2210, bella: 2211, brutus: 2212, caesar: 2213, attic: 2214 };
const labels = ["ground", "roof"] as const;

const ssh = (name: string) => ({
  ...{ host: "127.0.0.1", port: ports[name], hostKeyPolicy: "TrustOnFirstUse" },
  privateKeySecretRef: { name: "rack-ssh" },
});
const server = (name: string): Manifest =>
  object("AoeServer", name, {
    ssh: ssh(name),
    interfaces: [{ name: "eth1", segment: "rack" }],
    allowedBackings: ["/dev/vdb"],
  });
const volume = (name: string, where: string, shelf: number): Manifest =>
  object("AoeVolume", name, {
    serverRef: { name: where },
    ...{ shelf, slot: 1, backing: { device: "/dev/vdb" }, sync: "Enabled" },
    clientRefs: dom0s.map((host) => ({ name: host })),
  });
const cluster = (hosts: readonly string[]): Manifest =>
  object("Ocfs2Cluster", "xen", {
    clusterName: "xen",
    nodes: hosts.map((host) => ({
      hostRef: { name: host },
      ...{
        number: dom0s.indexOf(host),
        address: `10.99.0.${11 + dom0s.indexOf(host)}`,
      },
    })),
    filesystems: labels.map((label) => ({ ...filesystem(label), nodeSlots: 3 })),
  });

const mountedOn = (words: Words, host: string) =>
  Promise.all(labels.map((label) => words.until(host, mountedAt(`/srv/${label}`), 20)));

export const wide: Story = {
  name: "wide",
  rack: "Wide",
  given: {
    name: "three bare hosts to one file system from each of two SAN servers",
    long: true,
    async run(words) {
      await words.apply(...(await words.examples("tutorial/00-namespace.yaml")), server("san"), server("attic"));
      await words.apply(
        ...dom0s.map((host) => object("XenHost", host, { ssh: ssh(host), aoe: { interfaces: ["eth1"] } })),
      );
      await words.apply(volume("ground", "san", 0), volume("roof", "attic", 1), cluster(["bella", "brutus"]));
      await words.ready(1200);
      for (const host of ["bella", "brutus"]) await mountedOn(words, host);
      return "mounted on two nodes";
    },
  },
  scenarios: [
    {
      name: "a third node joins while the others have it mounted",
      async run(words) {
        await words.apply(cluster(dom0s));
        await words.ready(900);
        await mountedOn(words, "caesar");
        return await shared(words, "bella", "caesar", "/srv/roof/joined");
      },
    },
    {
      name: "one SAN server reboots: nobody is reset, the other file system goes on",
      async run(words) {
        const boots = () => Promise.all(dom0s.map((host) => words.on(host, "cat /proc/sys/kernel/random/boot_id")));
        const before = await boots();
        await words.reboot("attic");
        const text = await shared(words, "brutus", "caesar", "/srv/ground/meanwhile");
        await words.ready(600);
        if ((await boots()).join() !== before.join()) throw new Error("a node was reset");
        await shared(words, "caesar", "bella", "/srv/roof/afterwards");
        return text;
      },
    },
    {
      name: "a node leaves: unmounted there, then forgotten by the others",
      async run(words) {
        await words.apply(cluster(["bella", "brutus"]));
        await words.until("caesar", "! grep -q ' ocfs2 ' /proc/mounts", 600);
        await words.until("caesar", "! test -e /sys/kernel/config/cluster/xen", 600);
        for (const host of ["bella", "brutus"])
          await words.until(host, "! test -e /sys/kernel/config/cluster/xen/node/caesar", 300);
        await words.become(ocfs2Clusters, "xen", "Ready/True", 600);
        return await shared(words, "bella", "brutus", "/srv/ground/left");
      },
    },
    {
      name: "a node that was off while another one joined mounts nothing at boot, until it is told of that one",
      async run(words) {
        const { power, operator, apply, until, on } = words;
        await power.cut("brutus");
        await apply(cluster(dom0s));
        for (const label of labels) await until("caesar", mountedAt(`/srv/${label}`), 900);
        await operator.kill();
        // Nobody is left that knows both of them.
        await power.cut("bella");
        await power.restore("brutus");
        const said = await until(
          "brutus",
          "journalctl -b -o cat --no-pager | grep '^xensan: .*: node 2 writes a heartbeat' | tail -n 1 | grep .",
          300,
        );
        await on("brutus", "! grep -q ' ocfs2 ' /proc/mounts");
        await on("caesar", "echo alive >/srv/ground/alone && sync /srv/ground/alone");
        await operator.start();
        await power.restore("bella");
        await words.ready(1200);
        for (const host of dom0s) await mountedOn(words, host);
        await shared(words, "caesar", "brutus", "/srv/ground/together");
        return `${await on("brutus", "cat /srv/ground/alone")}; ${said}`;
      },
    },
  ],
};
