import { describe, expect, it } from "vitest";
import { imported } from "../simulation/imported.ts";
import { at, type Manifest } from "../simulation/scenarios/objects.ts";
import { setManagement } from "../simulation/scenarios/observed.ts";
import type { Stage } from "../simulation/stage.ts";
import { isObject } from "../simulation/world/kube/json.ts";
import {
  type ByHand,
  buildByHand,
  dom0Names,
  fingerprint,
  imageSeen,
  rackByHand,
  uuidOfDomain,
} from "./rack-by-hand.ts";
import { commands, eventually, hostWords, minutes, rig, status, word } from "./rig.ts";

const named = [
  ["AoeServer", "san"],
  ["AoeVolume", "data"],
  ["XenHost", "bella"],
  ["XenHost", "brutus"],
  ["Ocfs2Cluster", "ocfs2"],
  ["XenDomain", "vm-test"],
] as const;
const readiness = (stage: Stage) => named.map(([kind, name]) => `${kind}/${name} ${word(stage, kind, name, "Ready")}`);

/** `status.plan` of every object, one line per step. */
const plans = (stage: Stage) =>
  named.flatMap(([kind, name]) => {
    const { plan } = status(stage, kind, name);
    return (Array.isArray(plan) ? plan : [])
      .filter(isObject)
      .map(({ hostRef, action, summary }) => `${name}: ${String(action)} on ${hostWords(hostRef)}: ${String(summary)}`);
  });

/** Where the domain runs, with its UUID and the inode that it has open. */
const running = (stage: Stage) =>
  dom0Names.flatMap((host) =>
    stage.rack.xen
      .domains(host)
      .map(({ configuration: { uuid }, disks }) => `${host} ${uuid} inode ${disks.map(({ file }) => file?.inode)}`),
  );

const bareProcess =
  "AoeVolume data: it is a bare process, which is not started at boot; xensan would write a configuration that starts it";
const namedOf = (host: string) => [
  ...["SAVE is /var/lib/xen/save", "RESTORE is true", "AUTO is /etc/xen/auto"].map(
    (found) =>
      `XenHost ${host}: XENDOMAINS_${found}: xensan would clear it, because a domain that was moved away must not start here again`,
  ),
  `XenHost ${host}: settings for migrations to it that xensan did not write: import reads only the keys and settings that xensan wrote, so relocation.mode is Disabled`,
];
const capitals = ["Bella", "Brutus"].map(
  (name, number) =>
    `Ocfs2Cluster ocfs2: node ${number} is called "${name}", and xensan would write "${name.toLowerCase()}" to cluster.conf: O2CB compares names without case`,
);

const onBoth = (line: (host: string) => string) => dom0Names.map(line);
const exported = "data: ensure-export on AoeServer/san: /dev/sdb1 exported as e0.1 on eth1";
const planned = [
  ...dom0Names.flatMap((host) => [
    `${host}: prepare-initiator on XenHost/${host}: aoe loaded and bound to eth1, now and after a reboot`,
    `${host}: prepare-toolstack on XenHost/${host}: the host itself neither saves, restores nor starts domains`,
  ]),
  ...onBoth((host) => `ocfs2: configure-cluster on XenHost/${host}: O2CB cluster ocfs2 configured`),
  ...onBoth(
    (host) =>
      `ocfs2: mount-filesystem on XenHost/${host}: OCFS2 933c72a5-7790-4542-a351-1ab368bab7a7 mounted on /home, now and at boot`,
  ),
  "vm-test: ensure-image on XenHost/bella: /home/vm-test.img with 268435456 bytes",
  ...onBoth(
    (host) => `vm-test: write-domain-configuration on XenHost/${host}: configuration of domain ${uuidOfDomain} written`,
  ),
  `vm-test: take-domain-lock on XenHost/bella: lock of domain ${uuidOfDomain} held by this host`,
  `vm-test: hold-lease on XenHost/bella: lease of domain ${uuidOfDomain} held by this host`,
];

const move: Manifest = {
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: at("move"),
  spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: "brutus" } },
};

/** Events that would cost data or time: whatever stops, formats, mounts or starts something. */
const disruptive =
  /^(FormatBegun|FilesystemFormatted|FilesystemGrown|Mounted|Unmounted|RemountedReadOnly|Vblade.*|AoeDevice.*|Cluster.*|Heartbeat.*|NodeFenced|DomainStarted|DomainShutDown|DomainEnded|Host.*)$/;

describe("the tutorial's rack, built by hand", () => {
  it.each<ByHand & { readonly served: string }>([
    { export: "Inittab", init: "sysvinit", served: "True/Ready" },
    { export: "Typed", init: "systemd", served: "False/ClientHoldsDevice" },
  ])("is imported, observed, managed, and its domain moves: $export, $init", async ({ served, ...how }) => {
    const stage = rig({ rack: () => rackByHand(how), objects: [] });
    await buildByHand(stage, how);
    const [image, before] = [imageSeen(stage), fingerprint(stage)];
    const [, inode] = /^bella: inode (\d+),/.exec(image[0] ?? "") ?? [];
    expect(running(stage)).toEqual([`bella ${uuidOfDomain} inode ${inode}`]);

    const { objects, notImported } = await imported(stage);
    const typed = how.export === "Typed";
    expect(notImported).toEqual([...(typed ? [bareProcess] : []), ...dom0Names.flatMap(namedOf), ...capitals]);
    for (const object of objects) stage.apply(object);
    const sent = commands(stage);
    await stage.advance(minutes(3));
    expect(new Set(sent.map((line) => line.split(" ")[1]))).toEqual(new Set(["probe"]));
    expect(fingerprint(stage)).toEqual(before);
    // A vblade that no boot restarts can be handed over only while no client holds the device.
    expect(plans(stage)).toEqual([...(typed ? [] : [exported]), ...planned]);

    const disturbed: string[] = [];
    stage.rack.subscribe((event) => {
      if (disruptive.test(event.kind)) disturbed.push(`${event.host} ${event.kind}`);
    });
    for (const [index, host] of dom0Names.entries()) {
      const allowedSourceHostRefs = dom0Names.filter((name) => name !== host).map((name) => ({ name }));
      const relocation = { mode: "Enabled", address: `10.99.0.1${index + 1}`, allowedSourceHostRefs };
      stage.patch("XenHost", at(host), { spec: { relocation } });
    }
    setManagement(stage, "Manage");
    const ready = named.map(([kind, name]) => `${kind}/${name} ${name === "data" ? served : "True/Ready"}`);
    await eventually(stage, () => readiness(stage), ready, 3);
    expect(plans(stage)).toEqual([]);
    expect(disturbed).toEqual([]);
    stage.apply(move);
    await eventually(stage, () => word(stage, "XenMigration", "move", "Succeeded"), "True/Succeeded", 3);
    expect(running(stage)).toEqual([`brutus ${uuidOfDomain} inode ${inode}`]);
    // Only the migration: the guest, which was only suspended, goes on there, and its copy here ends.
    expect(disturbed).toEqual(["brutus DomainStarted", "bella DomainEnded"]);
    expect(imageSeen(stage)).toEqual(image);
    await eventually(stage, () => readiness(stage), ready, 3);
  });
});
