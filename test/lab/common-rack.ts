import { loadRack, type RackFile } from "../../src/sim/rack-file.ts";
import { ensureClean } from "./clean.ts";
import { ensureImages, imagesOf } from "./images.ts";
import { ensureMemory, ensureNeeds } from "./needs.ts";
import { LabError } from "./places.ts";
import { openRack, type Rack } from "./rack.ts";
import { planRack } from "./rack-plan.ts";
import { readState } from "./state.ts";

export interface BringUpOptions {
  readonly directory: string;
  readonly rackFile: string;
  readonly file: RackFile;
  /** Whether it may install Debian packages on this machine. */
  readonly install: boolean;
  readonly leashed: boolean;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** A running rack in its clean state. A rack that ran in the directory before is ended first. */
export async function bringUp(options: BringUpOptions): Promise<Rack> {
  const { directory, rackFile, file, leashed, say } = options;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const plan = planRack(file);
  await ensureNeeds({ install: options.install, ...signal });
  if (readState(directory) !== undefined) await findRack(directory).down();
  ensureMemory(plan.hosts.reduce((sum, { host }) => sum + host.memory, 0));
  const images = await ensureImages({ kinds: new Set(plan.hosts.map(({ kind }) => kind)), say, ...signal });
  const clean = await ensureClean({ plan, images, rackFile, say, ...signal });
  const rack = openRack({ directory, rackFile, plan, images, clean, leashed, ...signal });
  try {
    await rack.up();
    return rack;
  } catch (error) {
    await rack.down();
    throw error;
  }
}

/** The rack that was brought up in the directory, perhaps by another process. */
export function findRack(directory: string, signal?: AbortSignal): Rack {
  const state = readState(directory);
  if (state === undefined) throw new LabError("no rack is up: npm run lab -- up");
  const { rackFile, imageKey, clean } = state;
  return openRack({
    directory,
    rackFile,
    plan: planRack(loadRack(rackFile)),
    images: imagesOf(imageKey),
    leashed: false,
    ...(clean === undefined ? {} : { clean }),
    ...(signal === undefined ? {} : { signal }),
  });
}
