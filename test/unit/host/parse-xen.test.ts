import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "94451a8f-8a10-4e81-b45a-6937d115fafe";

/** `xl info` of a Debian 12 dom0; lines that are not read are cut. */
const info = `host                   : bella
release                : 6.1.0-56-amd64
nr_cpus                : 1
hw_caps                : 078bf3fd:c0982201:20100800:00000005:00000000:00000000:00000000:00000000
virt_caps              : pv hvm hap gnttab-v1 gnttab-v2
total_memory           : 2047
free_memory            : 1000
xen_major              : 4
xen_minor              : 17
xen_extra              : .7
xen_version            : 4.17.7
xen_commandline        : dom0_mem=1024M,max:1024M com1=115200,8n1 console=com1 loglvl=all guest_loglvl=all noreboot=0
`;

describe.each(shells)("what a dom0 says of Xen, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
    dom0.domains();
  });
  afterEach(() => dom0.end());
  const facts = (more: Partial<Parameters<typeof probe>[0]> = {}) =>
    parseProbe(dom0.run(probe({ roles: ["Client"], backings: [], segments: [], ...more })).stdout);

  it("is every domain but itself, with letters and the reason of a shutdown", () => {
    dom0.domains(
      [3, "vm2", uuid, "-b----", 24.5],
      [7, "(null)", other, "--p---", 0],
      [8, "vm3--migratedaway", other, "---ss-", 9],
      [9, "vm4", other, "--ps--", 9],
      [10, "vm5", other, "---sc-", 9],
    );
    const domain = { uuid: other, memory: 128, vcpus: 1 };
    expect(facts().domains).toEqual({
      state: "known",
      value: {
        processes: [],
        domains: [
          { ...domain, id: 3, name: "vm2", uuid, state: "b", shutdownReason: "-", seconds: 24.5 },
          { ...domain, id: 7, name: "(null)", state: "p", shutdownReason: "-", seconds: 0 },
          { ...domain, id: 8, name: "vm3--migratedaway", state: "s", shutdownReason: "s", seconds: 9 },
          { ...domain, id: 9, name: "vm4", state: "ps", shutdownReason: "-", seconds: 9 },
          { ...domain, id: 10, name: "vm5", state: "s", shutdownReason: "c", seconds: 9 },
        ],
      },
    });
  });

  it("is not known when xl says that something went wrong, even if it exits well", () => {
    dom0.program(
      "xl",
      "#!/bin/sh\necho 'Name ID Mem VCPUs State Time(s)'\necho 'libxl: error: libxl_domain.c:351: getting domain info list' >&2\n",
    );
    expect(facts().domains).toEqual({
      state: "unknown",
      why: "libxl: error: libxl_domain.c:351: getting domain info list",
    });
  });

  it("is its version, memory and abilities", () => {
    dom0.program("xl", `#!/bin/sh\n[ "$1" = info ] || exit 1\ncat <<'END'\n${info}END\n`);
    expect(facts().toolstack).toMatchObject({
      state: "known",
      value: {
        kind: "xl",
        dom0: true,
        info: {
          major: 4,
          minor: 17,
          extra: ".7",
          totalMemory: 2047,
          freeMemory: 1000,
          cpus: 1,
          hardwareCapabilities: "078bf3fd:c0982201:20100800:00000005:00000000:00000000:00000000:00000000",
          virtualisation: ["pv", "hvm", "hap", "gnttab-v1", "gnttab-v2"],
        },
        xendConfiguration: undefined,
      },
    });
  });

  it("has no version when a query of xl failed, which exits 0 and leaves its lines out", () => {
    const cut = info.replace(/^(total|free)_memory.*\n/gm, "");
    dom0.program("xl", `#!/bin/sh\n[ "$1" = info ] || exit 1\ncat <<'END'\n${cut}END\n`);
    expect(facts().toolstack).toMatchObject({ state: "known", value: { dom0: true, info: undefined } });
  });

  // According to the documentation and the sources of xend; not checked on a real host.
  it("is said by xm in s-expressions on a host of 2010", () => {
    dom0.sh(`rm ${dom0.directory}/bin/xl`);
    dom0.write(
      "long",
      `(domain
    (domid 0)
    (uuid 00000000-0000-0000-0000-000000000000)
    (name Domain-0)
    (state r-----)
    (cpu_time 1234.5)
)
(domain
    (domid 4)
    (on_crash restart)
    (uuid ${uuid})
    (bootloader_args )
    (vcpus 2)
    (name vm2)
    (memory 256)
    (image (linux (kernel /boot/vmlinuz) (device_model /usr/lib/xen/bin/qemu-dm)))
    (state -b----)
    (cpu_time 3.25)
    (online_vcpus 1)
    (device (vif (bridge eth0) (uuid ${other}) (script /etc/xen/scripts/vif-bridge)))
)
`,
    );
    dom0.program("xm", `#!/bin/sh\n[ "$1 $2" = 'list --long' ] || exit 1\ncat ${dom0.directory}/long\n`);
    dom0.write(
      "xen/xend-config.sxp",
      "(xend-relocation-server yes)\n#(xend-relocation-port 8002)\n(xend-relocation-hosts-allow '^localhost$')\n(vncpasswd 'secret')\n(xend-http-server yes)\n",
    );
    const { domains, toolstack } = facts();
    const domain = { id: 4, name: "vm2", uuid, memory: 256, vcpus: 1, state: "b", shutdownReason: "", seconds: 3.3 };
    expect(domains).toEqual({
      state: "known",
      value: { processes: [], domains: [{ ...domain, seconds: expect.closeTo(3.25, 0) }] },
    });
    expect(toolstack).toMatchObject({
      state: "known",
      value: {
        kind: "xm",
        xendConfiguration: new Map([
          ["xend-relocation-server", "yes"],
          ["xend-relocation-hosts-allow", "'^localhost$'"],
          ["vncpasswd", "'...'"],
        ]),
      },
    });
  });

  it("is nothing where no toolstack is installed", () => {
    dom0.sh(`rm ${dom0.directory}/bin/xl`);
    expect(facts().domains).toEqual({ state: "absent" });
    expect(facts().toolstack).toMatchObject({ state: "known", value: { kind: "None", info: undefined } });
  });

  it("is not asked of a server", () => {
    const { domains, toolstack, images } = facts({ roles: ["Server"] });
    for (const fact of [domains, toolstack, images]) expect(fact).toMatchObject({ state: "unknown" });
  });
});
