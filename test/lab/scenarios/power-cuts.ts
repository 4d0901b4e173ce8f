import { setTimeout as delay } from "node:timers/promises";
import type { Scenario, Words } from "../scenario.ts";
import { mountedWithin } from "./shares.ts";
import { other } from "./ticks.ts";

/** What a guest has synced to its disk survives a power cut of its dom0: the same path to the disk, without Xen. */

const directory = "/mnt/guest";

/** Shell text: an ext4 in the image, through a loop device as Xen's block script makes one. */
const attach = (image: string, before = "") =>
  [
    `mkdir -p ${directory}`,
    `loop=$(losetup -f --show ${image})`,
    ...(before === "" ? [] : [before]),
    `mount -t ext4 "$loop" ${directory}`,
  ].join(" && ");

/** As the guest of the lab does: a growing number, in the latest 16 files, each printed once it is on the disk. */
const writer = [
  "n=0",
  "while :; do",
  "  n=$((n + 1))",
  `  yes "$n" | head -n 64 >${directory}/new && sync -f ${directory} && mv ${directory}/new ${directory}/$((n % 16)) && sync -f ${directory} || exit 1`,
  "  echo $n >/run/guest.heard.new && mv /run/guest.heard.new /run/guest.heard",
  "  sleep 0.3",
  "done",
].join("\n");

/** Prints the highest number of the files, or `broken` when one of them is not whole. */
const readBack = [
  `awk 'FNR == 1 { first = $0; files++ } $0 != first { torn = 1 } FNR == 64 { full++; if ($0 + 0 > highest) highest = $0 + 0 }`,
  `END { print (torn || full != files ? "broken" : highest + 0) }' ${directory}/[0-9]*`,
].join("\n");

/** One power cut: what the guest had reported before it, and what the other host finds. */
async function cut(words: Words, from: string, round: number): Promise<string> {
  const { on, until, power, keepDisk } = words;
  const to = other(from);
  const image = `/srv/xen/guest${round}.img`;
  const begin = [
    `truncate -s 256M ${image}`,
    attach(image, 'mkfs.ext4 -q "$loop"'),
    `rm -f /run/guest.heard`,
    `cat >/run/guest.sh <<'XENSAN'\n${writer}\nXENSAN`,
  ].join(" && ");
  await on(from, `${begin}\nsetsid sh /run/guest.sh </dev/null >/dev/null 2>&1 &`);
  await until(from, 'test "$(cat /run/guest.heard)" -ge 20', 120);
  const evictions = "dmesg | grep -c 'o2dlm has evicted node' || true";
  const earlier = await on(to, evictions);
  let heard = 0;
  for (const end = performance.now() + 20_000 + Math.random() * 20_000; performance.now() < end; await delay(200))
    heard = Number(await on(from, "cat /run/guest.heard"));
  await power.cut(from);
  await keepDisk("san", "/dev/vdb");
  await until(to, `test "$(${evictions})" -gt ${earlier}`, 400);
  const found = await on(to, `${attach(image)} >&2 && { ${readBack}\n}`, 120);
  await on(to, `umount ${directory} && losetup -D && rm ${image}`);
  if (!(Number(found) >= heard)) throw new Error(`${from} wrote ${heard} to ${image}, ${to} finds ${found}`);
  await power.restore(from);
  await mountedWithin(words, from, 400);
  return `${heard}, ${found}`;
}

export const powerCuts: Scenario = {
  name: "ten power cuts: what was synced to an image is found by the other host",
  long: true,
  async run(words) {
    const told: string[] = [];
    for (let round = 0; round < 10; round += 1)
      told.push(await cut(words, round % 2 === 0 ? "brutus" : "bella", round));
    await words.ready(600);
    return `heard and found: ${told.join("; ")}`;
  },
};
