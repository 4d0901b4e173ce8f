import { createHash } from "node:crypto";
import { expect } from "vitest";
import { startDomain, stopDomain, writeDomainConfiguration } from "../../../src/host/domain-actions.ts";
import { ensureImage } from "../../../src/host/image-actions.ts";
import { startMigration } from "../../../src/host/migration-actions.ts";
import { prepareRelocation, type RelocationPeer } from "../../../src/host/relocation-actions.ts";
import { prepareToolstack } from "../../../src/host/toolstack-actions.ts";
import type { Owner } from "../../../src/host/values.ts";
import { runsTwice } from "../../../src/sim/model/executions.ts";
import type { RackFileInput } from "../../../src/sim/rack-file.ts";
import { changedRack, known, type Stage, stage } from "./tutorial.ts";

export const owner: Owner = { namespace: "vms", name: "vm-test", uid: "77" };
export const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
export const name = "vm-test";
const mountPoint = "/srv/xen";
export const image = "/srv/xen/vm-test.img";
const mib = 2 ** 20;

export const addresses = { bella: "10.99.0.11", brutus: "10.99.0.12" } as const;
export type Dom0 = keyof typeof addresses;

export const configurationText = (change: { type?: string; memory?: number; bridge?: string; name?: string } = {}) =>
  [
    `name = "${change.name ?? name}"`,
    `uuid = "${uuid}"`,
    `type = "${change.type ?? "pvh"}"`,
    `memory = ${change.memory ?? 128}`,
    "vcpus = 1",
    'kernel = "/boot/vmlinuz-6.1.0-56-amd64"',
    `disk = [ "format=raw, vdev=xvda, access=rw, target=${image}" ]`,
    `vif = [ "mac=00:16:3e:00:00:01,bridge=${change.bridge ?? "xenbr0"}" ]`,
    'on_reboot = "restart"',
    'on_crash = "destroy"',
    "",
  ].join("\n");

export const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

export interface XenStage extends Stage {
  /** UUID of the file system that both share. */
  readonly filesystem: string;
  configure(host: Dom0, text?: string): Promise<void>;
  start(host: Dom0, text?: string): ReturnType<Stage["act"]>;
  stop(host: Dom0, how?: "Shutdown" | "Destroy", seconds?: number): ReturnType<Stage["act"]>;
  migrate(operation?: string): ReturnType<Stage["act"]>;
  /** Name and state letters of xl list, by host. */
  seen(): Record<Dom0, string[]>;
  run1(operation?: string): Promise<unknown>;
}

/** Two dom0s that share a file system and accept each other's domains. */
export async function xenStage(change?: (file: RackFileInput) => void): Promise<XenStage> {
  const plain = stage(change === undefined ? {} : { file: changedRack(change) });
  return onSharedFiles(plain, plain.rack.xen.share(["bella", "brutus"], mountPoint));
}

/** The same on the file system that both have mounted on /srv/xen. */
export async function onSharedFiles(plain: Stage, filesystem: string): Promise<XenStage> {
  const peers: Record<string, RelocationPeer> = {};
  for (const host of ["bella", "brutus"] as const) {
    await plain.act(host, prepareToolstack());
    await plain.act(host, prepareRelocation({ senders: [], receivers: [] }));
    const { publicKey, hostKeys } = known((await plain.facts(host)).relocation);
    peers[host] = { name: host, address: addresses[host], publicKey, hostKeys };
  }
  for (const [host, other] of [
    ["bella", "brutus"],
    ["brutus", "bella"],
  ] as const) {
    const peer = peers[other];
    if (peer === undefined) continue;
    const outcome = await plain.act(host, prepareRelocation({ senders: [peer], receivers: [peer] }));
    expect(outcome).toEqual({ kind: "done", detail: "prepared" });
  }
  await plain.act(
    "bella",
    ensureImage({ owner, uuid, mayFind: false, path: image, mountPoint, filesystem, sizeBytes: 32 * mib }),
  );
  const lock = { directory: `${mountPoint}/.xensan`, mountPoint, filesystem };
  const configure = async (host: Dom0, text = configurationText()) => {
    await plain.act(host, writeDomainConfiguration({ owner, uuid, text, adopt: false }));
  };
  return {
    ...plain,
    filesystem,
    configure,
    async start(host, text = configurationText()) {
      await configure(host, text);
      return plain.act(
        host,
        startDomain({
          owner,
          uuid,
          name,
          digest: digestOf(text),
          lock,
          shares: [{ mountPoint, filesystem }],
          allowedBootFiles: ["/boot/*"],
          allowedBridges: ["xenbr*"],
        }),
      );
    },
    stop: (host, how = "Shutdown", waitSeconds = 30) =>
      plain.act(host, stopDomain({ owner, uuid, how, waitSeconds, lockDirectory: lock.directory })),
    migrate: (operation = "op-1") =>
      plain.act(
        "bella",
        startMigration({
          owner,
          time: "2026-11-28T09:30:00Z",
          operation,
          uuid,
          address: addresses.brutus,
          timeoutSeconds: 3600,
          allowedBridges: ["xenbr*"],
          allowedBootFiles: ["/boot/*"],
          shared: { mountPoints: [mountPoint], hidden: [], devices: [] },
        }),
      ),
    seen() {
      const of = (host: Dom0) =>
        plain.rack.xen.domains(host).map((domain) => {
          const letters = `${domain.paused ? "p" : "-"}${domain.shutdown === undefined ? "-" : domain.shutdown === "suspend" ? "ss" : "s"}`;
          return `${domain.name || "(null)"} ${letters}`;
        });
      return { bella: of("bella"), brutus: of("brutus") };
    },
    async run1(operation = "op-1") {
      const run = known((await plain.facts("bella")).migrations).find((one) => one.operation === operation);
      return run && { state: run.state, exitCode: run.exitCode, phase: run.phase };
    },
  };
}

/** The invariant of all cases: it never executed twice at one instant. */
export function expectNeverTwice(it: Stage): void {
  expect(runsTwice(it.rack.xen.executions())).toEqual([]);
}
