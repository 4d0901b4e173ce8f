import { expect, onTestFinished } from "vitest";
import type { OperatorConfig, OperatorOptions } from "../../src/operator.ts";
import type { KubeObject } from "../../src/runtime/kube-api.ts";
import type { RackFile } from "../../src/sim/rack-file.ts";
import { operatorWith } from "../simulation/operator-process.ts";
import { at, keySecret } from "../simulation/scenarios/objects.ts";
import { twoServers } from "../simulation/scenarios/racks.ts";
import { conditionOf, Stage } from "../simulation/stage.ts";
import { silent } from "../simulation/trace.ts";
import { isObject, type JsonObject, objectAt } from "../simulation/world/kube/json.ts";
import type { CrashPoint } from "../simulation/world/side-effects.ts";

export interface RigOptions {
  readonly rack?: () => RackFile;
  readonly objects: readonly KubeObject[];
  /** Runs before the operator starts. */
  readonly prepare?: (stage: Stage) => void;
  /** The Secret of all hosts; `null` for none. */
  readonly secret?: KubeObject | null;
  /** Receives the operator's log, line by line. */
  readonly log?: (line: string) => void;
  /** Where the operator dies; another one starts three seconds later. */
  readonly crash?: CrashPoint | undefined;
  /** The configuration, as given to xensan run. */
  readonly config?: OperatorConfig | undefined;
  /** What the API server publishes about our kinds. */
  readonly published?: OperatorOptions["published"];
  /** The metrics of the operator, for tests that read them. */
  readonly metrics?: OperatorOptions["metrics"];
}

/** The real operator on a virtual clock, between an API server in memory and a simulated rack. */
export function rig({
  rack = twoServers,
  objects,
  prepare,
  secret = keySecret,
  log,
  crash,
  config,
  published,
  metrics,
}: RigOptions): Stage {
  const stage = new Stage({
    seed: expect.getState().currentTestName ?? "rig",
    scenario: {
      name: "test",
      says: "",
      share: 0,
      rack,
      manifests: () => objects,
      ...(prepare === undefined ? {} : { prepare }),
      missing: () => [],
    },
    operator: operatorWith(config ?? {}, {
      ...(published === undefined ? {} : { published }),
      ...(metrics === undefined ? {} : { metrics }),
    }),
    trace: silent,
    log,
    crash,
  });
  for (const object of [...(secret === null ? [] : [secret]), ...objects]) stage.apply(object);
  stage.startOperator();
  if (crash !== undefined) stage.life.onEnd(() => stage.clock.after(3_000, () => stage.startOperator()));
  onTestFinished(() => {
    stage.life.end();
    expect(stage.violations).toEqual([]);
  });
  return stage;
}

/** Lets time pass until `look` returns what is expected, for at most so many virtual minutes. */
export async function eventually<T>(stage: Stage, look: () => T, expected: T, minutes = 10): Promise<void> {
  await stage.advance(minutes * 60_000, () => matches(look(), expected));
  expect(look()).toEqual(expected);
}

function matches(value: unknown, expected: unknown): boolean {
  try {
    expect(value).toEqual(expected);
    return true;
  } catch {
    return false;
  }
}

/** The `hostRef` of a step in `status.plan`, as `Kind/name`. */
export const hostWords = (hostRef: unknown): string => `${Object(hostRef).kind}/${Object(hostRef).name}`;

/** `Status/Reason` of a condition. */
export function word(stage: Stage, kind: string, name: string, type: string): string {
  const { status, reason } = conditionOf(stage.find(kind, at(name)), type);
  return `${status}/${reason}`;
}

export function message(stage: Stage, kind: string, name: string, type: string): string {
  return conditionOf(stage.find(kind, at(name)), type).message;
}

export const volumeReady = (stage: Stage, name: string) => word(stage, "AoeVolume", name, "Ready");

/** The clients of a volume in its status. */
export function clients(stage: Stage, name: string): Record<string, unknown> {
  const list = objectAt(stage.find("AoeVolume", at(name)) ?? {}, "status").clients;
  const entries = (Array.isArray(list) ? list : []).filter(isObject);
  return Object.fromEntries(entries.map((client) => [String(objectAt(client, "hostRef").name), client.state]));
}

export const status = (stage: Stage, kind: string, name: string): JsonObject =>
  objectAt(stage.find(kind, at(name)) ?? {}, "status");

/** The host of a domain in its status. */
export const domainHost = (stage: Stage, name: string): string =>
  String(objectAt(status(stage, "XenDomain", name), "hostRef").name);

/** The vblades of a host, `e0.1 eth1 /dev/vdb`, with links to disks resolved. */
export function exportsOf(stage: Stage, host: string): string[] {
  stage.rack.settle();
  return stage.rack
    .exports()
    .filter((one) => one.host.name === host)
    .map(({ process: { shelf, slot, interface: nic, backing } }) => {
      const disk = backing.startsWith("/dev/disk/") ? stage.rack.backingOf(host, backing).realPath : backing;
      return `e${shelf}.${slot} ${nic} ${disk}`;
    })
    .sort();
}

/** Scripts that run from now on, as `host script`. */
export function commands(stage: Stage): string[] {
  const sent: string[] = [];
  stage.rack.subscribe((event) => {
    if (event.kind === "CommandBegun") sent.push(`${event.host} ${event.script}`);
  });
  return sent;
}

export const minutes = (count: number) => count * 60_000;
