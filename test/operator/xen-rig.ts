import { expect, onTestFinished } from "vitest";
import type { OperatorConfig, OperatorOptions } from "../../src/operator.ts";
import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { runsTwice } from "../../src/sim/model/executions.ts";
import { parseRack, type RackFile } from "../../src/sim/rack-file.ts";
import { at, type Manifest, xenHost } from "../simulation/scenarios/objects.ts";
import { conditionOf, type Stage } from "../simulation/stage.ts";
import { isObject, objectAt } from "../simulation/world/kube/json.ts";
import { eventually, rig, word } from "./rig.ts";

export const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
export const domain = "vm-test";
const names = ["bella", "brutus", "caesar"] as const;

/** Dom0s of one segment; 2 GiB each, half of it for domains. */
export function dom0s(change: (host: Record<string, unknown>, name: string) => void = () => undefined): RackFile {
  const hosts = names.map((name, index) => {
    const host: Record<string, unknown> = {
      roles: ["dom0"],
      ssh: { port: 2211 + index },
      memory: "2Gi",
      interfaces: [
        {
          name: "eth0",
          mac: `52:54:00:99:00:1${index + 1}`,
          segment: "management",
          address: `10.98.0.1${index + 1}/24`,
        },
        { name: "eth1", mac: `52:54:00:99:01:1${index + 1}`, segment: "san", address: `10.99.0.1${index + 1}/24` },
      ],
      disks: [{ path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" }],
    };
    change(host, name);
    return [name, host] as const;
  });
  return parseRack({ hosts: Object.fromEntries(hosts) });
}

export function dom0(name: (typeof names)[number], rest: object = {}): Manifest {
  const index = names.indexOf(name);
  const allowedSourceHostRefs = names.filter((other) => other !== name).map((other) => ({ name: other }));
  const relocation = { mode: "Enabled", address: `10.99.0.1${index + 1}`, allowedSourceHostRefs };
  return xenHost(name, 2211 + index, { relocation, allowed: { bridges: ["xenbr0"] }, ...rest });
}

export const migration = (name: string, spec: object = {}, metadata: object = {}): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: { ...at(name), ...metadata },
  spec: { domain, ...spec },
});

export const configuration = (change: { name?: string; uuid?: string; memory?: number; type?: string } = {}): string =>
  [
    `name = "${change.name ?? domain}"`,
    `uuid = "${change.uuid ?? uuid}"`,
    `type = "${change.type ?? "pvh"}"`,
    `memory = ${change.memory ?? 128}`,
    "vcpus = 1",
    'kernel = "/boot/vmlinuz-6.1.0-56-amd64"',
    "disk = [ ]",
    'vif = [ "bridge=xenbr0" ]',
    'on_reboot = "restart"',
    'on_crash = "destroy"',
    "",
  ].join("\n");

export interface XenRigOptions {
  readonly rack?: RackFile;
  readonly objects?: readonly KubeObject[];
  readonly prepare?: (stage: Stage) => void;
  readonly config?: OperatorConfig;
  readonly metrics?: OperatorOptions["metrics"];
  readonly published?: OperatorOptions["published"];
  /** The test itself makes a domain run twice. */
  readonly splitBrain?: true;
}

/** Dom0s that share /srv/xen and accept each other's domains, a domain that runs on bella, and the operator. */
export async function xenRig({
  rack = dom0s(),
  objects = [],
  prepare,
  config,
  metrics,
  published,
  splitBrain,
}: XenRigOptions = {}): Promise<Stage> {
  const declared = objects.filter(({ kind }) => kind === "XenHost").map(({ metadata }) => metadata.name);
  const hosts = names.filter((name) => rack.hosts[name] !== undefined && !declared.includes(name));
  const stage = rig({
    rack: () => rack,
    config,
    ...(metrics === undefined ? {} : { metrics }),
    ...(published === undefined ? {} : { published }),
    objects: [...hosts.map((name) => dom0(name)), ...objects.filter(({ kind }) => kind === "XenHost")],
    prepare: (it) => {
      it.rack.xen.share([...it.rack.hosts.keys()], "/srv/xen");
      it.rack.xen.createDomain("bella", configuration());
      prepare?.(it);
    },
  });
  onTestFinished(() => {
    stage.rack.settle();
    if (splitBrain === undefined) expect(runsTwice(stage.rack.xen.executions())).toEqual([]);
  });
  const all = [...hosts, ...declared];
  await eventually(
    stage,
    () => all.map((name) => word(stage, "XenHost", name, "Ready")),
    all.map(() => "True/Ready"),
    15,
  );
  for (const object of objects) if (object.kind !== "XenHost") stage.apply(object);
  return stage;
}

/** Name and state letters of xl list, by host. */
export function seen(stage: Stage): Record<string, string[]> {
  stage.rack.settle();
  return Object.fromEntries(
    [...stage.rack.hosts.keys()].map((host) => [
      host,
      stage.rack.xen.domains(host).map((one) => {
        const stopped = one.shutdown === undefined ? "" : ` ${one.shutdown}`;
        return `${one.name || "(null)"}${one.paused ? " paused" : ""}${stopped}`;
      }),
    ]),
  );
}

export const outcome = (stage: Stage, name: string) => word(stage, "XenMigration", name, "Succeeded");
export const said = (stage: Stage, name: string, type = "Succeeded") =>
  conditionOf(stage.find("XenMigration", at(name)), type).message;

/** Reasons of the history, in order. */
export function history(stage: Stage, name: string): string[] {
  const list = objectAt(stage.find("XenMigration", at(name)) ?? {}, "status").history;
  return (Array.isArray(list) ? list : []).filter(isObject).map(({ reason }) => String(reason));
}
