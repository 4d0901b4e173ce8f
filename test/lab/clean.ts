import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Images } from "./images.ts";
import { cleanCache, digest } from "./places.ts";
import { hardwareKey, openRack, saveMachine } from "./rack.ts";
import type { RackPlan } from "./rack-plan.ts";
import { setupScript } from "./setup.ts";

/** How long a bare machine may take to boot, with three of them on two busy processors. */
const bootSeconds = 1200;

/**
 * The rack freshly booted and at rest, saved: disks and memory of each host, in a directory of the cache. Made once per
 * image, rack file and QEMU; starting from it takes seconds, a boot takes more than a minute.
 */
export async function ensureClean(options: {
  readonly plan: RackPlan;
  readonly images: Images;
  readonly rackFile: string;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal;
}): Promise<string> {
  const { plan, images, rackFile, say } = options;
  const scripts = plan.hosts.map((host) => setupScript(host, plan));
  const disks = plan.hosts.flatMap(({ host }) =>
    host.disks.map(({ size, serial }) => [size, serial ?? ""].join(" ").trim()),
  );
  const key = digest([images.key, await hardwareKey(plan, images), ...disks, ...scripts]);
  const directory = path.join(cleanCache, key);
  if (existsSync(directory)) return directory;

  say(`booting the bare hosts (once; later racks start from the state saved now, ${key})`);
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(0);
  const draft = `${directory}.${process.pid}`;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const rack = openRack({ directory: draft, rackFile, plan, images, leashed: true, ...signal });
  try {
    await rack.up();
    await Promise.all(
      plan.hosts.map(async ({ name }) => {
        await rack.answers(name, bootSeconds);
        say(`${name} answers after ${seconds()} s, ${(rack.resident(name) / 2 ** 20).toFixed(0)} MiB`);
      }),
    );
    await Promise.all(plan.hosts.map(({ name }, index) => rack.on(name, scripts[index] ?? "", 300)));
    say(`set up after ${seconds()} s`);
    await rack.close();
    for (const { name } of plan.hosts) await saveMachine(rack.files(name).qmp, path.join(draft, name, "memory"));
    say(`saved after ${seconds()} s`);
    await writeFile(path.join(draft, "rack.json"), JSON.stringify({ rackFile, plan: plan.hosts }, undefined, 2));
    await rename(draft, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error;
    });
    return directory;
  } catch (error) {
    for (const { name } of plan.hosts) await showConsole(rack.files(name).consoleLog, name, say);
    throw error;
  } finally {
    // After the rename only the network namespace is left.
    await rack.down();
    await rm(draft, { recursive: true, force: true });
  }
}

async function showConsole(file: string, name: string, say: (text: string) => void): Promise<void> {
  const text = await readFile(file, "utf8").catch(() => "");
  if (text !== "") say(`${name}'s console ended with:\n${text.split("\n").slice(-15).join("\n")}`);
}
