import { expect, it } from "vitest";
import { xenDomainSpecSchema } from "../../../../src/api/xen-domain.ts";
import { type Dialect, renderConfiguration } from "../../../../src/controllers/xen-domain/configuration.ts";
import { uuid } from "./observations.ts";

/** Lines that this change of the spec adds to the configuration of an HVM guest. */
function linesFor(change: object, dialect: Dialect = "Xl"): string[] {
  const lines = (rest: object) => {
    const spec = xenDomainSpecSchema.parse({ hostRefs: [{ name: "bella" }], memory: "128Mi", type: "HVM", ...rest });
    return renderConfiguration(dialect, { name: "vm", uuid, spec }, []).text.split("\n");
  };
  const without = lines({});
  return lines(change).filter((line) => !without.includes(line));
}

it.each<[object, string[]]>([
  [{}, []],
  [{ maxMemory: "1Gi" }, ["maxmem = 1024"]],
  [{ cpus: "0-3,^1" }, ['cpus = "0-3,^1"']],
  [{ console: { serial: "Enabled", vnc: "Disabled" } }, ['serial = "pty"', "vnc = 0"]],
  [{ console: { vnc: "Enabled" } }, ["vnc = 1", 'vnclisten = "127.0.0.1"', "vncunused = 1"]],
  [
    {
      settings: [
        { key: "usbdevice", value: "tablet" },
        { key: "shadow_memory", value: "16" },
      ],
    },
    ['usbdevice = "tablet"', "shadow_memory = 16"],
  ],
  [
    { networks: [{ bridge: "ovsbr0", switch: "OpenVSwitch", vlan: 20, mac: "00:16:3e:10:20:30" }] },
    ['vif = [ "mac=00:16:3e:10:20:30,bridge=ovsbr0.20,script=vif-openvswitch,type=ioemu" ]'],
  ],
  [{ boot: { order: ["Cdrom", "Disk", "Network"] } }, ['boot = "dcn"']],
  [{ boot: { firmware: "UEFI", order: ["Disk"] } }, ['bios = "ovmf"', 'boot = "c"']],
  [{ boot: { firmware: "BIOS" } }, []],
])("%j is written as %j", (change, lines) => {
  expect(linesFor(change)).toEqual(lines);
});

it.each<[Dialect, string]>([
  ["Xl", 'disk = [ "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/srv/data/a.iso" ]'],
  ["Xm", 'disk = [ "file:/srv/data/a.iso,hdc:cdrom,r" ]'],
])("a CD-ROM drive is written for %s", (dialect, line) => {
  const spec = xenDomainSpecSchema.parse({ hostRefs: [{ name: "bella" }], memory: "128Mi", type: "HVM" });
  const drive = { device: "hdc", access: "Cdrom", image: "/srv/data/a.iso" } as const;
  expect(renderConfiguration(dialect, { name: "vm", uuid, spec }, [drive]).text.split("\n")).toContain(line);
});
