import { xenDomainSpecSchema } from "../../src/api/xen-domain.ts";
import { renderConfiguration } from "../../src/controllers/xen-domain/configuration.ts";
import {
  claimMachine,
  discover,
  ensureExport,
  installPackages,
  interfaceUp,
  prepareInitiator,
  probe,
  probeRunning,
} from "../../src/host/actions.ts";
import { addressed } from "../../src/host/addressee.ts";
import { readConfiguration } from "../../src/host/configuration-files.ts";
import {
  endLease,
  holdLease,
  removeDomainConfiguration,
  startDomain,
  stopDomain,
  takeDomainLock,
  writeDomainConfiguration,
} from "../../src/host/domain-actions.ts";
import type { HostFacts } from "../../src/host/facts.ts";
import { deleteImage, ensureImage } from "../../src/host/image-actions.ts";
import {
  abortMigration,
  awaitMigration,
  recordMigration,
  settleMigration,
  startMigration,
} from "../../src/host/migration-actions.ts";
import { clusterOnline, configureCluster, formatFilesystem, mountFilesystem } from "../../src/host/ocfs2-actions.ts";
import { parseProbe } from "../../src/host/parse-probe.ts";
import { prepareRelocation, type RelocationPeer, verifyRelocation } from "../../src/host/relocation-actions.ts";
import { configureXend, prepareToolstack } from "../../src/host/toolstack-actions.ts";
import { uuid as filesystem, ocfs2Requests } from "./ocfs2-requests.ts";
import type { Recording } from "./recording.ts";
import { type Step, stepsOn } from "./step.ts";

/** A domain of the tutorial's rack under Xen, from two dom0s that share a file system to a live migration. */

const san = stepsOn("san");
const dom0s = { bella: stepsOn("bella"), brutus: stepsOn("brutus") };
const { bella, brutus } = dom0s;
const addresses = { bella: "10.99.0.11", brutus: "10.99.0.12" };
const onBoth = (step: (host: typeof bella) => Step): Step[] => [bella, brutus].map(step);
const owner = { namespace: "san", name: "vm", uid: "0e3f" };
const other = { namespace: "san", name: "other", uid: "0e40" };
const { cluster, format, mount } = ocfs2Requests({ namespace: "san", name: "xen", uid: "0a1b" });

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const operation = "0f1e2d3c";
const image = "/srv/xen/vm.img";
const mib = 2 ** 20;
const { text, digest } = renderConfiguration(
  "Xl",
  {
    ...{ name: "vm", uuid },
    spec: xenDomainSpecSchema.parse({
      hostRefs: [{ name: "bella" }, { name: "brutus" }],
      memory: "128Mi",
      boot: { kernel: "/boot/vmlinuz-guest", ramdisk: "/boot/initrd.img-guest", commandLine: "console=hvc0 quiet" },
    }),
  },
  [{ device: "xvda", access: "ReadWrite", image }],
);
const shares = [{ mountPoint: "/srv/xen", filesystem }];
const lock = { directory: "/srv/xen/.xensan", mountPoint: "/srv/xen", filesystem };
const place = { path: image, mountPoint: "/srv/xen", filesystem };
const images = [{ path: image, access: "ReadWrite" }] as const;
const bounds = { allowedBootFiles: ["/boot/vmlinuz-guest", "/boot/initrd.img-guest"], allowedBridges: [] };
const start = startDomain({ owner, uuid, name: "vm", digest, lock, shares, ...bounds });
const hold = holdLease({ owner, uuid, lockDirectory: lock.directory, images, shares });
const arriving = holdLease({ owner, uuid, lockDirectory: lock.directory, images, shares, arrivingSeconds: 1800 });
const move = {
  ...{ owner, operation, uuid, address: addresses.brutus, timeoutSeconds: 1800, time: "2026-11-28T09:30:00Z" },
  ...bounds,
  shared: { mountPoints: ["/srv/xen"], hidden: [], devices: [] },
};
const look = probe({
  ...{ roles: ["Client"], backings: [], segments: [], images: [image], lockDirectories: [lock.directory] },
});

/** The facts of the last look at a host. */
function facts(answers: Recording, host: string): HostFacts {
  const told = answers.findLast((answer) => answer.host === host && answer.script === "probe");
  return parseProbe(told?.stdout ?? "");
}

/** What one host must know of another, from the last look at that one. */
function peer(answers: Recording, name: keyof typeof dom0s): RelocationPeer {
  const { relocation } = facts(answers, name);
  if (relocation.state !== "known") throw new Error(`${name} has no migration key: ${JSON.stringify(relocation)}`);
  const { publicKey = "", hostKeys } = relocation.value;
  return { name, address: addresses[name], publicKey, hostKeys };
}

const claim = (host: keyof typeof dom0s, namespace: string): Step =>
  dom0s[host].runAfter((answers) => {
    const { identity } = facts(answers, host);
    const machineId = identity.state === "known" ? identity.value.machineId : "";
    return addressed(claimMachine(), { machineId, claims: [{ kind: "XenHost", cluster: "c", namespace, name: host }] });
  });

const relocationWith = (host: keyof typeof dom0s, from: keyof typeof dom0s): Step =>
  dom0s[host].runAfter((answers) =>
    prepareRelocation({ senders: [peer(answers, from)], receivers: [peer(answers, from)] }),
  );

const heldUntil = (answers: Recording, host: string): number => {
  const { domains } = facts(answers, host);
  return domains.state === "known" ? (domains.value.leases?.find((lease) => lease.uuid === uuid)?.until ?? 0) : 0;
};

const share: readonly Step[] = [
  san.run(installPackages(["vblade"])),
  san.run(interfaceUp("eth1")),
  san.run(
    ensureExport({
      ...{ owner, shelf: 0, slot: 1, interface: "eth1", interfaces: [{ name: "eth1", segment: "san" }] },
      ...{ backing: "/dev/vdb", options: [], restart: "Forbidden", allowedBackings: ["/dev/vdb"] },
    }),
  ),
  ...onBoth((host) => host.run(installPackages(["aoetools", "ocfs2-tools"]))),
  ...onBoth((host) => host.run(prepareInitiator({ interfaces: ["eth1"] }))),
  ...onBoth((host) => host.run(interfaceUp("eth1"))),
  ...onBoth((host) => host.run(discover({ targets: [{ shelf: 0, slot: 1 }], waitSeconds: 30 }))),
  ...onBoth((host) => host.run(configureCluster(cluster))),
  ...onBoth((host) => host.run(clusterOnline(cluster))),
  bella.run(formatFilesystem(format)),
  ...onBoth((host) => host.run(mountFilesystem(mount))),
];

const hosts: readonly Step[] = [
  ...onBoth((host) => host.run(look)),
  claim("bella", "san"),
  claim("bella", "san"),
  claim("bella", "elsewhere"),
  bella.admin("mkdir -p /etc/xen; printf 'name = \"old\"\\n' >/etc/xen/old.cfg", (rack) =>
    rack.writeFile("bella", "/etc/xen/old.cfg", 'name = "old"\n'),
  ),
  bella.run(readConfiguration(["/etc/xen", "/srv/nothing"])),
  bella.run(configureXend({ settings: [{ key: "xend-relocation-server", value: "yes" }] })),
  ...onBoth((host) => host.run(prepareToolstack())),
  bella.run(prepareToolstack()),
  ...onBoth((host) => host.run(prepareRelocation({ senders: [], receivers: [] }))),
  ...onBoth((host) => host.run(look)),
  bella.run(verifyRelocation({ address: addresses.brutus })),
  relocationWith("bella", "brutus"),
  relocationWith("bella", "brutus"),
  bella.run(verifyRelocation({ address: addresses.brutus })),
  relocationWith("brutus", "bella"),
  bella.run(verifyRelocation({ address: addresses.brutus })),
];

const life: readonly Step[] = [
  bella.run(ensureImage({ ...place, owner, uuid, sizeBytes: 32 * mib, mayFind: false })),
  bella.run(ensureImage({ ...place, owner, uuid, sizeBytes: 32 * mib, mayFind: false })),
  bella.run(ensureImage({ ...place, owner, uuid, sizeBytes: 64 * mib, mayFind: false })),
  bella.run(ensureImage({ ...place, owner: other, uuid, sizeBytes: 64 * mib, mayFind: false })),
  bella.run(start),
  ...onBoth((host) => host.run(writeDomainConfiguration({ owner, uuid, text, adopt: false }))),
  bella.run(writeDomainConfiguration({ owner, uuid, text, adopt: false })),
  bella.run(writeDomainConfiguration({ owner: other, uuid, text, adopt: false })),
  bella.run(startDomain({ owner, uuid, name: "vm", digest, lock, shares, ...bounds, allowedBootFiles: [] })),
  bella.run(start),
  bella.run(start),
  bella.run(hold),
  brutus.run(start),
  // A slow machine takes minutes to move the domain, and a lease without a domain ends by itself.
  bella.run(arriving),
  bella.run(look),

  brutus.run(recordMigration({ operation, uuid, time: move.time })),
  brutus.run(recordMigration({ operation, uuid, time: move.time })),
  brutus.run(arriving),
  bella.run(startMigration({ ...move, owner: other })),
  bella.run(startMigration(move)),
  bella.run(startMigration(move)),
  bella.run(awaitMigration({ operation, seconds: 800 })),
  bella.run(abortMigration({ operation })),
  ...onBoth((host) => host.run(probeRunning())),
  ...onBoth((host) => host.run(look)),
  brutus.run(takeDomainLock({ owner, uuid, lock })),
  brutus.run(takeDomainLock({ owner, uuid, lock })),
  brutus.run(hold),
  bella.runAfter((answers) => endLease({ owner, uuid, until: heldUntil(answers, "bella") })),
  bella.run(endLease({ owner, uuid, until: 1 })),
  bella.run(settleMigration({ owner, uuid, name: "vm", action: "DestroyMigratedAway" })),
  brutus.run(settleMigration({ owner, uuid, name: "vm", action: "StartIncoming" })),

  brutus.run(removeDomainConfiguration({ owner, uuid })),
  brutus.run(deleteImage({ ...place, owner })),
  brutus.run(stopDomain({ owner: other, uuid, how: "Destroy", waitSeconds: 10, lockDirectory: lock.directory })),
  brutus.run(stopDomain({ owner, uuid, how: "Destroy", waitSeconds: 10, lockDirectory: lock.directory })),
  brutus.run(stopDomain({ owner, uuid, how: "Destroy", waitSeconds: 10, lockDirectory: lock.directory })),
  brutus.run(look),
  brutus.run(endLease({ owner, uuid, until: 1 })),
  ...onBoth((host) => host.run(removeDomainConfiguration({ owner, uuid }))),
  bella.run(removeDomainConfiguration({ owner, uuid })),
  brutus.run(deleteImage({ ...place, owner: other })),
  brutus.run(deleteImage({ ...place, owner })),
  bella.run(deleteImage({ ...place, owner })),
  ...onBoth((host) => host.run(look)),
];

export const xenLife: readonly Step[] = [...share, ...hosts, ...life];
