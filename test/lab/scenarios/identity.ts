import { aoeServers, aoeVolumes, xenHosts } from "../../../src/api/kinds.ts";
import type { Manifest } from "../../../src/cli/manifests.ts";
import type { Kind, KubeObject } from "../../../src/runtime/kube-api.ts";
import type { Rival, Story, Words } from "../scenario.ts";
import { object, plainHosts, tutorial } from "./manifests.ts";
import { nothingWrong, type Pattern, startPattern, wholePattern } from "./pattern.ts";

interface Conditioned extends KubeObject {
  status?: {
    conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[] | undefined;
  };
}

/** Identity behind names: disks and network cards that swap their names, a directory that is not mounted, a second management cluster. */

const left = { label: "left", target: "e0.1" };
const right = { label: "right", target: "e0.2" };
const image = { label: "image", target: "e0.3" };
const patterns: readonly Pattern[] = [left, right, image];
const file = "/srv/aoe/image.img";

const volume = (name: string, slot: number, backing: object, rest: object = {}): Manifest =>
  object("AoeVolume", name, {
    serverRef: { name: "san" },
    ...{ shelf: 0, slot, backing, sync: "Enabled" },
    clientRefs: [{ name: "bella" }, { name: "brutus" }],
    ...rest,
  });

const manifests = async (words: Words): Promise<Manifest[]> => [
  ...(await words.examples("tutorial/00-namespace.yaml")),
  await tutorial(words, "AoeServer", "san", {
    interfaces: [
      { name: "eth1", segment: "rack" },
      { name: "eth2", segment: "other" },
    ],
    allowedBackings: ["/dev/vdb", "/dev/vdc", "/srv/aoe/*.img"],
  }),
  ...(await plainHosts(words)),
  volume("left", 1, { device: "/dev/vdb" }),
  volume("right", 2, { device: "/dev/vdc" }),
  volume("image", 3, { file: { path: file, size: "64Mi" } }),
];

/** Everything that xensan has written to a host, and the serving processes: no foreign operator may change it. */
const everything = [
  "find /etc/vblade.conf.d /etc/ocfs2 /etc/modules-load.d /etc/modprobe.d /etc/systemd/network /etc/systemd/system /etc/fstab /var/lib/xensan /root/.ssh -type f -exec sha256sum {} + 2>/dev/null | sort -k 2",
  "pgrep -a -x vblade | sort",
  "stat -c '%n %s %i' /srv/aoe/* 2>/dev/null || :",
  "cat /sys/module/aoe/parameters/aoe_iflist 2>/dev/null || :",
  "cat /proc/sys/kernel/random/boot_id",
].join("; ");
/** Objects that are as the manifests of the second management cluster declare. */
const rivalled = [
  [aoeServers, "san"],
  [xenHosts, "bella"],
  [aoeVolumes, "left"],
  [aoeVolumes, "image"],
] as const;

async function readiness(rival: Rival, kind: Kind<Conditioned>, name: string): Promise<string> {
  const { status } = await rival.get(kind, name);
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? "without a word" : `${ready.status}/${ready.reason}`;
}

const hosts = ["san", "bella", "brutus"];

const serves = (target: string) =>
  `pgrep -a -x vblade | awk '$3 "." $4 == "${target.slice(1)}" { n++ } END { exit n != 1 }'`;
const servesNot = (target: string) => `! { ${serves(target)}; }`;

const allWhole = async (words: Words): Promise<string> => {
  const read: string[] = [];
  for (const pattern of patterns) read.push(await wholePattern(words, "bella", "brutus", pattern));
  return read.join(", ");
};

/** The message of the guard in the SAN's log, from before a vblade was started. */
const guardSaid = (words: Words, name: string, withinSeconds = 120) =>
  words.until(
    "san",
    `journalctl -b -o cat --no-pager | grep '^xensan: .*: it is not served' | grep -F '${name} is ' | tail -n 1 | grep .`,
    withinSeconds,
  );

export const identity: Story = {
  name: "identity",
  rack: "Disks",
  given: {
    name: "bare hosts to three volumes with a pattern that is written and read all the time",
    async run(words) {
      await words.apply(...(await manifests(words)));
      await words.ready(900);
      for (const pattern of patterns) await startPattern(words, "bella", pattern);
      return await allWhole(words);
    },
  },
  scenarios: [
    {
      name: "the same manifests in a second, empty management cluster while the first lives: nothing is touched",
      async run(words) {
        const state = () => Promise.all(hosts.map((host) => words.until(host, everything, 300)));
        const before = await state();
        const rival = await words.rival();
        await rival.apply(
          ...(await manifests(words)),
          volume("another", 4, { file: { path: "/srv/aoe/another.img", size: "16Mi" } }),
        );
        const message = await rival.become(aoeVolumes, "another", "Exported/False/ClaimedElsewhere", 600);
        await rival.remove(aoeVolumes, "right");
        await rival.become(aoeVolumes, "right", "DeletionBlocked/True/ClaimedElsewhere");
        const said: string[] = [];
        for (const [kind, name] of rivalled) said.push(`${name} ${await readiness(rival, kind, name)}`);
        await rival.close();
        const after = await state();
        for (const [index, host] of hosts.entries())
          if (before[index] !== after[index])
            throw new Error(`${host} was touched: ${before[index]}\nand now\n${after[index]}`);
        await words.ready();
        await allWhole(words);
        return `${message}; of what is as it asks: ${said.join(", ")}`;
      },
    },
    {
      name: "SAN rebooted with its two data disks swapped: each is served under its own target, and no other in its place",
      async run(words) {
        const { on, until, operator, power } = words;
        await operator.kill();
        await power.cut("san");
        words.swapDisks("san", "/dev/vdb", "/dev/vdc");
        await power.restore("san");
        await until("san", [left, right, image].map(({ target }) => serves(target)).join(" && "));
        const disk = (path: string) => `readlink -f /dev/disk/by-id/virtio-DISK-${path}`;
        await on("san", `test "$(${disk("LEFT")}) $(${disk("RIGHT")})" = "/dev/vdc /dev/vdb"`);
        await allWhole(words);
        // As a tool would write it that trusts the kernel's names: the other disk has this one now.
        const configuration = "/etc/vblade.conf.d/e0.1.conf";
        await on(
          "san",
          `cp -p ${configuration} /root/e0.1.conf && sed -i 's|^filename=.*|filename=/dev/vdb|' ${configuration}`,
        );
        await on("san", "systemctl restart vblade@e0.1; :");
        const said = await guardSaid(words, "/dev/vdb");
        await on("san", servesNot(left.target));
        await on(
          "san",
          `cp -p /root/e0.1.conf ${configuration} && systemctl reset-failed vblade@e0.1 && systemctl restart vblade@e0.1`,
        );
        await operator.start();
        await words.ready(600);
        await power.cut("san");
        words.swapDisks("san", "/dev/vdb", "/dev/vdc");
        await power.restore("san");
        await words.ready(600);
        return `${await allWhole(words)}; ${said}`;
      },
    },
    {
      name: "SAN rebooted with its two network cards swapped while both segments use one shelf.slot: nothing is served to the other segment",
      async run(words) {
        const { until, on, operator, power, become, ready } = words;
        const across = { file: { path: "/srv/aoe/across.img", size: "16Mi" } };
        await words.apply(volume("across", 1, across, { interface: "eth2", clientRefs: [], deletionPolicy: "Delete" }));
        await ready(300);
        const swapped = async () => {
          await power.cut("san");
          words.swapCards("san", "eth1", "eth2");
          await power.restore("san");
        };
        await operator.kill();
        await swapped();
        const said = await until(
          "san",
          "journalctl -b -o cat --no-pager | grep '^xensan: eth[12] is not the interface' | sort -u | grep -c . | grep -x 4 && journalctl -b -o cat --no-pager | grep '^xensan: eth2 is not the interface' | tail -n 1",
          180,
        );
        await on("san", 'test "$(cat /sys/class/net/eth1/address)" = 52:54:00:99:02:10 && ! pgrep -x vblade');
        await nothingWrong(words, "bella", left);
        await operator.start();
        await become(aoeVolumes, "left", "Exported/False/InterfaceChanged", 300);
        await become(aoeVolumes, "across", "Exported/False/InterfaceChanged", 300);
        await swapped();
        await ready(600);
        await words.remove(aoeVolumes, "across");
        await words.gone(aoeVolumes, "across");
        return `${await allWhole(words)}; ${said.split("\n").pop()}`;
      },
    },
    {
      name: "SAN rebooted with its image directory not mounted: nothing is made or served in its place, and it comes back by itself",
      async run(words) {
        const { on, until, become, ready, reboot } = words;
        await on("san", "sed -i 's|^\\(/dev/vdd .*\\)$|#\\1|' /etc/fstab");
        await reboot("san");
        const message = await become(aoeVolumes, "image", "Exported/False/BackingMissing");
        const said = await guardSaid(words, file);
        await until("san", `${serves(left.target)} && ${serves(right.target)}`);
        await on("san", `${servesNot(image.target)} && ! findmnt -n -M /srv/aoe && test -z "$(ls -A /srv/aoe)"`);
        await nothingWrong(words, "bella", image);
        await on("san", "sed -i 's|^#\\(/dev/vdd .*\\)$|\\1|' /etc/fstab && mount /srv/aoe");
        await ready(600);
        return `${await allWhole(words)}; ${message}; ${said}`;
      },
    },
  ],
};
