import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import type { Cluster } from "./cluster.ts";
import type { Rack } from "./rack.ts";

/** Commands to run on every host after a failure; error output is kept too. */
const questions: Readonly<Record<string, string>> = {
  "dmesg.txt": "dmesg",
  "journal.txt": "journalctl -b --no-pager -n 5000",
  "xl-dmesg.txt": "xl dmesg; xl list; xl info",
  "processes.txt": "ps -ef",
  "network.txt": "ip -s addr; cat /sys/module/aoe/parameters/*",
  "aoe.txt":
    "aoe-stat; head /sys/block/etherd*/* 2>/dev/null; cat /etc/vblade.conf.d/*; systemctl --no-pager status 'vblade@*'",
  "ocfs2.txt":
    "cat /etc/ocfs2/cluster.conf /etc/default/o2cb; find /sys/kernel/config/cluster -type f -print -exec cat {} +; mounted.ocfs2 -f",
  "xensan.txt": "find /var/lib/xensan /run/xensan -type f -print -exec cat {} +",
  "mounts.txt": "findmnt; lsblk -f",
};

/** Keeps everything that may explain a failed scenario in a new folder in `where`. */
export async function keepArtifacts(
  where: string,
  parts: {
    readonly rack: Rack;
    readonly cluster: Cluster | undefined;
    readonly operatorLog: string;
    readonly why: string;
  },
): Promise<string> {
  const { rack, cluster, operatorLog, why } = parts;
  const put = async (name: string, text: string) => {
    const file = path.join(where, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  };
  const orWhyNot = (error: unknown) => `could not be had: ${error instanceof Error ? error.message : String(error)}\n`;
  await put("failure.txt", `${why}\n`);
  await put("operator.log", await readFile(operatorLog, "utf8").catch(orWhyNot));
  try {
    const { objects, events } = (await cluster?.dump()) ?? { objects: [], events: [] };
    await put("objects.yaml", objects.map((object) => `---\n${stringify(object)}`).join(""));
    await put("events.yaml", events.map((event) => `---\n${stringify(event)}`).join(""));
  } catch (error) {
    await put("objects.yaml", orWhyNot(error));
  }
  await cp(rack.kept, where, { recursive: true }).catch(() => undefined);
  await Promise.all(
    rack.plan.hosts.map(async ({ name }) => {
      const { consoleLog, qemuLog } = rack.files(name);
      await mkdir(path.join(where, name), { recursive: true });
      for (const file of [consoleLog, qemuLog]) {
        await copyFile(file, path.join(where, name, path.basename(file))).catch(() => undefined);
      }
      const answers =
        rack.runs(name) &&
        (await rack.on(name, ":", 30).then(
          () => true,
          () => false,
        ));
      if (!answers) return put(`${name}/unreachable.txt`, "the host does not answer\n");
      for (const [file, question] of Object.entries(questions)) {
        await put(`${name}/${file}`, await rack.on(name, `exec 2>&1\n${question}\n:`, 60).catch(orWhyNot));
      }
    }),
  );
  return where;
}
