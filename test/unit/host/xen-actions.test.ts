import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { startDomain, stopDomain, writeDomainConfiguration } from "../../../src/host/domain-actions.ts";
import { ensureImage } from "../../../src/host/image-actions.ts";
import { settleMigration, startMigration } from "../../../src/host/migration-actions.ts";
import { prepareRelocation, verifyRelocation } from "../../../src/host/relocation-actions.ts";
import { configureXend } from "../../../src/host/toolstack-actions.ts";
import { domainName } from "../../../src/host/xen-values.ts";

const owner = { namespace: "xen", name: "vm2", uid: "1111-aa" };
const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const filesystem = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
const lock = { directory: "/srv/xen/.xensan", mountPoint: "/srv/xen", filesystem };
const start = {
  owner,
  uuid,
  name: "vm2",
  digest: "a".repeat(64),
  lock,
  shares: [{ mountPoint: "/srv/xen", filesystem }],
  allowedBootFiles: ["/boot/vmlinuz-*"],
  allowedBridges: ["xenbr*"],
};
const image = {
  owner,
  uuid,
  mayFind: false,
  path: "/srv/xen/vm.img",
  mountPoint: "/srv/xen",
  filesystem,
  sizeBytes: 1000,
};
const key = `ssh-ed25519 ${"A".repeat(68)} root@bella`;
const peer = { name: "bella", address: "10.99.0.11", publicKey: key, hostKeys: [key] };
const migration = {
  owner: { namespace: "xen", name: "vm2", uid: "1111-aa" },
  time: "2026-11-28T09:30:00Z",
  operation: "op-1",
  uuid,
  address: "10.99.0.12",
  timeoutSeconds: 600,
  allowedBridges: ["br0"],
  allowedBootFiles: ["/boot/*"],
  shared: { mountPoints: ["/srv/xen"], hidden: ["/srv/xen/My Files"], devices: [{ shelf: 0, slot: 1 }] },
};
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("what is said to a dom0 about domains", () => {
  it("is in the order in which the scripts read it", () => {
    expect(startDomain(start).args).toEqual([
      "xen/vm2 1111-aa",
      uuid,
      "vm2",
      "a".repeat(64),
      "/srv/xen/.xensan",
      "/srv/xen",
      filesystem,
      "-",
      "-",
      "bootfile=/boot/vmlinuz-*",
      "bridge=xenbr*",
      `share=${filesystem}:/srv/xen`,
    ]);
    expect(ensureImage({ ...image, source: "/srv/xen/template.img", templates: ["template*.img"] }).args).toEqual([
      "xen/vm2 1111-aa",
      uuid,
      "/srv/xen/vm.img",
      "/srv/xen",
      filesystem,
      "1024",
      "/srv/xen/template.img",
      "-",
      "no",
      "-",
      "template*.img",
    ]);
    expect(prepareRelocation({ senders: [peer], receivers: [peer] }).args).toEqual([
      `sender=bella:10.99.0.11:${base64(`ssh-ed25519 ${"A".repeat(68)}`)}`,
      `receiver=10.99.0.11:${base64(`ssh-ed25519 ${"A".repeat(68)}`)}`,
    ]);

    expect(startMigration(migration).args).toEqual([
      "xen/vm2 1111-aa",
      "op-1",
      uuid,
      "10.99.0.12",
      "600",
      "2026-11-28T09:30:00Z",
      "bridge=br0",
      "bootfile=/boot/*",
      "share=/srv/xen",
      "hidden=/srv/xen/My Files",
      "device=/dev/etherd/e0.1",
    ]);
    expect(settleMigration({ owner: undefined, uuid, name: "vm2", action: "ResumeSource" }).args).toEqual([
      "-",
      uuid,
      "vm2",
      "ResumeSource",
    ]);
    expect(ensureImage({ ...image, recorded: "4711 0", mayFind: true, replaces: "4712 0" }).args.slice(-3)).toEqual([
      "4711 0",
      "yes",
      "4712 0",
    ]);
    expect(stopDomain({ owner, uuid, how: "Destroy", waitSeconds: 0 }).args).toEqual([
      "xen/vm2 1111-aa",
      uuid,
      "destroy",
      "0",
      "-",
    ]);
    expect(stopDomain({ owner: undefined, uuid, how: "Destroy", waitSeconds: 0 }).args[0]).toBe("-");
    expect(writeDomainConfiguration({ owner, uuid, text: 'name = "vm2"\n', adopt: false }).args[2]).toBe(
      base64('name = "vm2"\n'),
    );
    expect(
      probe({
        roles: ["Client"],
        backings: [],
        segments: [],
        images: ["/srv/xen/vm.img"],
        lockDirectories: ["/srv/xen/.xensan"],
      }).args,
    ).toEqual(["client", "image=/srv/xen/vm.img", "locks=/srv/xen/.xensan"]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["uuid", () => startDomain({ ...start, uuid: "vm2" }), /uuid is "vm2"/],
    [
      "uuid of Domain-0",
      () => stopDomain({ owner, uuid: uuid.replace(/[0-9a-f]/g, "0"), how: "Destroy", waitSeconds: 0 }),
      /not all 0/,
    ],
    ["name", () => startDomain({ ...start, name: "42" }), /name is "42"; it must be 1 to 63/],
    ["digest", () => startDomain({ ...start, digest: "a" }), /digest is "a"/],
    ["lock", () => startDomain({ ...start, lock: { ...lock, directory: "/tmp" } }), /below \/srv\/xen/],
    ["bridge", () => startDomain({ ...start, allowedBridges: ["a b"] }), /allowedBridges is "a b"/],
    ["boot file", () => startDomain({ ...start, allowedBootFiles: ["/boot/../etc/*"] }), /allowedBootFiles/],
    [
      "image",
      () => ensureImage({ ...image, path: "/srv/other.img" }),
      /path is "\/srv\/other.img"; it must be a path below/,
    ],
    ["source", () => ensureImage({ ...image, source: "/etc/shadow" }), /source is "\/etc\/shadow"/],
    ["text", () => writeDomainConfiguration({ owner, uuid, text: "name = 1", adopt: false }), /text is/],
    ["address", () => verifyRelocation({ address: "10.99.0.256" }), /address is "10.99.0.256"/],
    [
      "key",
      () => prepareRelocation({ senders: [{ ...peer, publicKey: 'no-pty ssh-rsa "' }], receivers: [] }),
      /publicKey is/,
    ],
    [
      "key in two lines",
      () => prepareRelocation({ senders: [{ ...peer, publicKey: `${key}\n${key}` }], receivers: [] }),
      /publicKey/,
    ],
    ["operation", () => startMigration({ ...migration, operation: "../a" }), /operation is "..\/a"/],
    [
      "xend key",
      () => configureXend({ settings: [{ key: "xend-unix-path", value: "'/x'" }] }),
      /key is "xend-unix-path"/,
    ],
    [
      "xend password",
      () => configureXend({ settings: [], password: { text: "hush'hush", revision: "0123456789abcdef" } }),
      /^vncpasswd is "\(not shown\)"/,
    ],
    ["xend value", () => configureXend({ settings: [{ key: "vif-script", value: "'a') (b 'c'" }] }), /vif-script is/],
  ])("is never an odd %s", (_field, said, message) => {
    expect(said).toThrow(message);
  });

  it("gives a domain no name that xl would take for something else", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 70, unit: fc.constantFrom(..."ab0129-._ /\n'\"$") }), (name) => {
        expect(isAccepted(name)).toBe(/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name) && !/^[0-9]+$/.test(name));
      }),
    );
  });
});

function isAccepted(name: string): boolean {
  try {
    return domainName(name) === name;
  } catch {
    return false;
  }
}
