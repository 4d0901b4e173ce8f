import { aoeVolumes, xenHosts } from "../../../src/api/kinds.ts";
import type { Story, Words } from "../scenario.ts";
import { logicalVolume, plainHosts, serverOfVolumes } from "./manifests.ts";

/** Export, attach, drift, reboot and deletion of AoE volumes. */

const pidOf = (target: string) => `pgrep -a -x vblade | awk '$3 "." $4 == "${target}" { print $1 }'`;

/** Resolves to the sectors that the host sees. */
const attached = ({ until }: Words, host: string, target: string) =>
  until(host, `test "$(cat '/sys/block/etherd!${target}/state')" = up && cat '/sys/block/etherd!${target}/size'`);

/** Puts one 512-byte sector of text on a device from one host and reads it on another. */
async function carries({ on }: Words, from: string, to: string, text: string): Promise<void> {
  await on(from, `printf '%-512s' '${text}' | dd of=/dev/etherd/e0.1 bs=512 seek=100 oflag=direct 2>/dev/null`);
  const read = await on(to, "dd if=/dev/etherd/e0.1 bs=512 skip=100 count=1 iflag=direct 2>/dev/null");
  if (read !== text) throw new Error(`${to} reads ${JSON.stringify(read)}`);
}

const mebibyte = 2 ** 20;
const makeHuge = "lvcreate -qy -Wn -Zn -n huge -L 256m san >&2";
/** Makes a foreign volume, fills it with data, and deletes it. */
const leaveOldData = [
  `head -c ${mebibyte} /dev/zero | tr '\\0' x >/root/old`,
  makeHuge,
  "for i in $(seq 256); do cat /root/old; done >/dev/san/huge",
  "sync /dev/san/huge",
  "lvremove -qy san/huge >&2",
].join(" && ");
const isBlank = "cmp -n $(blockdev --getsize64 /dev/san/fresh) /dev/san/fresh /dev/zero";

export const aoe: Story = {
  name: "aoe",
  rack: "Plain",
  given: {
    name: "bare hosts to two volumes on both dom0s",
    async run(words) {
      for (const file of ["00-namespace", "10-san"])
        await words.apply(...(await words.examples(`tutorial/${file}.yaml`)));
      await words.apply(...(await plainHosts(words)), ...(await words.examples("tutorial/30-volumes.yaml")));
      await words.ready(600);
      const sizes = await Promise.all(
        ["bella", "brutus"].flatMap((host) => ["e0.1", "e0.2"].map((target) => attached(words, host, target))),
      );
      return `sectors seen: ${sizes.join(", ")}`;
    },
  },
  scenarios: [
    {
      name: "what bella writes, brutus reads",
      async run(words) {
        await carries(words, "bella", "brutus", "written on bella");
        return "written on bella";
      },
    },
    {
      name: "vblade killed",
      async run({ on, until, ready }) {
        const before = await on("san", pidOf("0.1"));
        await on("san", `kill -9 ${before}`);
        const after = await until("san", `p=$(${pidOf("0.1")}); test -n "$p" && test "$p" != ${before} && echo $p`);
        await ready();
        return `process ${before}, then ${after}`;
      },
    },
    {
      name: "vblade stopped by hand (systemd leaves it stopped)",
      async run({ on, until, ready }) {
        await on("san", "systemctl stop 'vblade@*'; ! pgrep -x vblade");
        await until("san", "test $(pgrep -c -x vblade) = 2");
        await ready();
        return "two vblades again";
      },
    },
    {
      name: "configuration changed by hand",
      async run({ on, until, ready }) {
        const file = await on("san", "grep -l 'slot=1$' /etc/vblade.conf.d/*.conf");
        await on("san", `sed -i 's/^slot=.*/slot=9/' '${file}'`);
        await until("san", `grep -q '^slot=1$' '${file}'`);
        await ready();
        return file;
      },
    },
    {
      name: "SAN interface of brutus switched off",
      async run({ on, until, ready }) {
        await on("brutus", "ip link set eth1 down");
        await until("brutus", 'test "$(cat /sys/class/net/eth1/operstate)" = up');
        await ready();
        return "up again";
      },
    },
    {
      name: "aoe module unloaded on brutus",
      async run(words) {
        await words.on("brutus", "modprobe -r aoe");
        await attached(words, "brutus", "e0.1");
        await words.ready();
        return "loaded and attached again";
      },
    },
    {
      name: "SAN cable of the server pulled and plugged in again",
      async run(words) {
        await words.cable.cut("san");
        const message = await words.become(aoeVolumes, "data", "Ready/False");
        await words.cable.mend("san");
        await words.ready();
        await carries(words, "bella", "brutus", "after the cable");
        return message;
      },
    },
    {
      name: "SAN cable of brutus is slow",
      async run(words) {
        await words.cable.slow("brutus", { rate: "2mbit", delayMs: 40 });
        await carries(words, "bella", "brutus", "over a slow cable");
        await words.cable.mend("brutus");
        await words.ready();
        return "read nevertheless";
      },
    },
    {
      name: "power cut of the server: its volumes come back without the operator",
      async run(words) {
        await words.operator.kill();
        await words.power.cut("san");
        await words.power.restore("san");
        await words.until("san", "test $(pgrep -c -x vblade) = 2");
        await carries(words, "bella", "brutus", "after the power cut");
        await words.operator.start();
        await words.ready();
        return "served by the host alone";
      },
    },
    {
      name: "operator killed, SAN and brutus rebooted, all is back",
      async run(words) {
        await words.operator.kill();
        await Promise.all([words.reboot("san"), words.reboot("brutus")]);
        await words.until("san", "test $(pgrep -c -x vblade) = 2");
        const sectors = await attached(words, "brutus", "e0.1");
        await words.operator.start();
        await words.become(xenHosts, "brutus", "AoeReady/True");
        await words.ready();
        return `e0.1 with ${sectors} sectors on brutus before the operator came back`;
      },
    },
    {
      name: "deletion waits for a client that holds the device",
      async run({ on, until, remove, become, gone }) {
        const hold = "exec 9</dev/etherd/e0.2; exec sleep 3600";
        const holder = await on("bella", `setsid sh -c '${hold}' </dev/null >/dev/null 2>&1 & echo $!`);
        await remove(aoeVolumes, "scratch");
        const message = await become(aoeVolumes, "scratch", "DeletionBlocked/True");
        const serving = await on("san", pidOf("0.2"));
        if (serving === "") throw new Error("the vblade was stopped although bella holds the device");
        await on("bella", `kill ${holder}`);
        await gone(aoeVolumes, "scratch");
        await until("san", "test $(pgrep -c -x vblade) = 1");
        await on("san", "test -f /srv/aoe/scratch.img");
        return message;
      },
    },
    {
      name: "a logical volume, new and grown, shows nothing of what lay in its extents",
      async run(words) {
        const { on, until, apply, ready, remove, gone } = words;
        await on("san", leaveOldData, 400);
        await apply(await serverOfVolumes(words), logicalVolume("fresh", 3, "64Mi"));
        await ready(600);
        await on("san", isBlank, 200);
        const [small] = await Promise.all(["bella", "brutus"].map((host) => attached(words, host, "e0.3")));
        await apply(logicalVolume("fresh", 3, "160Mi"));
        await until(
          "san",
          `test "$(lvs --noheadings --units m --nosuffix -o lv_size san/fresh | tr -d ' ')" = 160.00`,
          600,
        );
        await ready(600);
        await on("san", isBlank, 200);
        const large = await attached(words, "bella", "e0.3");
        if (small !== "131072" || large !== "327680") throw new Error(`bella sees ${small}, then ${large} sectors`);
        await remove(aoeVolumes, "fresh");
        await gone(aoeVolumes, "fresh");
        // The data that the volumes could have exposed is still there.
        await on(
          "san",
          `${makeHuge} && cmp -s -n ${mebibyte} -i ${200 * mebibyte}:0 /dev/san/huge /root/old; lvremove -qy san/huge`,
        );
        return `${large} sectors of zeroes`;
      },
    },
  ],
};
