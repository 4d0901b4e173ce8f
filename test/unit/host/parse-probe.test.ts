import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostFacts } from "../../../src/host/facts.ts";
import { parseProbe, parseProbeGently } from "../../../src/host/parse-probe.ts";
import { bounds } from "../../../src/host/probe-sections.ts";

const folder = new URL("../../fixtures/probe/", import.meta.url);
const fixture = (name: string) => readFileSync(new URL(`${name}.txt`, folder), "utf8");
const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith(".txt"))
  .map((file) => ({ file, text: readFileSync(new URL(file, folder), "utf8") }));
const probeOf = (...lines: string[]) => parseProbe(["probe\t1", ...lines, "end\tprobe", ""].join("\n"));
const names = Object.keys(parseProbe("")) as (keyof HostFacts)[];

describe("the probe of a SAN server in a container", () => {
  const facts = parseProbe(fixture("container-systemd"));

  it("tells what the host is", () => {
    expect(facts.identity).toEqual({
      state: "known",
      value: {
        hostname: "san-systemd",
        machineId: "c0866274f3364b728cf1e59c44cd0aa3",
        bootId: "2649bf4d-645f-4b29-9154-cf5a988403c6",
        claims: new Map(),
      },
    });
    expect(facts.system).toEqual({
      state: "known",
      value: {
        os: "Debian GNU/Linux 12 (bookworm)",
        osId: "debian",
        kernel: "6.1.0-56-amd64",
        init: "systemd",
        packageManager: "apt",
      },
    });
  });

  it("joins what is configured with what runs", () => {
    expect(facts.exports).toEqual({
      state: "known",
      value: [
        {
          shelf: 0,
          slot: 1,
          interface: "eth0",
          backing: "/srv/aoe/a.img",
          backingIdentity: "file:41:2033963",
          recorded: "",
          guarded: false,
          options: ["-b", "16", "-r"],
          persistence: "Systemd",
          instance: "e0.1",
          owner: "san/a 1111-aa",
          unitState: "active/running",
          pid: 140,
          runningDiffers: false,
        },
        {
          shelf: 0,
          slot: 2,
          interface: "eth0",
          backing: "/srv/aoe/gone.img",
          backingIdentity: "",
          recorded: "",
          guarded: false,
          options: [],
          persistence: "Systemd",
          instance: "my-disk",
          owner: "",
          unitState: "activating/auto-restart",
          pid: undefined,
          runningDiffers: false,
        },
        {
          shelf: 7,
          slot: 9,
          interface: "eth0",
          backing: "/srv/aoe/with space.img",
          backingIdentity: "file:41:2033964",
          recorded: "",
          guarded: false,
          options: ["-r", "-s", "-b", "8"],
          persistence: "None",
          instance: "",
          owner: "",
          unitState: "running",
          pid: 188,
          runningDiffers: false,
        },
      ],
    });
  });

  it("keeps what a stranger on the wire sends in one field", () => {
    expect(facts.responders).toEqual({
      state: "known",
      value: [{ interface: "eth0", shelf: 0, slot: 1, config: "tab␉and \\ in a config string of 28 bytes" }],
    });
  });

  it("knows which file is whose", () => {
    expect(facts.backings).toEqual({
      state: "known",
      value: [
        { path: "/srv/aoe/none", realPath: "", kind: "Missing", sizeBytes: 0, identity: "", lasting: "", owner: "" },
        {
          path: "/srv/aoe/a.img",
          realPath: "/srv/aoe/a.img",
          kind: "File",
          sizeBytes: 67108864,
          identity: "file:41:2033963",
          lasting: "",
          owner: "san/a 1111-aa",
        },
      ],
    });
  });

  it("is the same whether the host's tools are coreutils or busybox", () => {
    const state = (text: string) => Object.entries(parseProbe(text)).map(([name, fact]) => `${name} ${fact.state}`);
    expect(state(fixture("container-busybox"))).toEqual(state(fixture("container-systemd")));
  });
});

describe("the AoE sections of a dom0", () => {
  // The values are those of the lab's sysfs; see the transcript's section on device states.
  const facts = probeOf(
    "aoe\tkernel-config\tModule",
    "aoe\tloaded\tyes",
    "aoe\tversion\t85",
    "aoe\tiflist\teth1,eth2",
    "aoe\tdeadsecs\t180",
    "aoe\tpersisted-iflist\teth1",
    "aoe\tpersisted\tyes",
    "end\taoe\tknown\t0\t",
    "aoe-devices\tdevice\te0.1\tup\t525400990110,525400990112\teth1\t1024\t4194304",
    "aoe-devices\tdevice\te0.3\tdown,closewait\t525400990110\teth1\t1024\t0",
    "aoe-devices\tdevice\te0.9\tdown\t-\t-\t-\t0",
    "aoe-devices\tuser\te0.1\tmount /srv/with\\040space",
    "aoe-devices\tuser\te0.1\txen-backend 3",
    "aoe-devices\tuser\te0.3\tprocess 5278 sleep",
    "end\taoe-devices\tknown\t0\t",
  );

  it("tell the driver's state, now and after the next boot", () => {
    expect(facts.aoe).toEqual({
      state: "known",
      value: {
        kernelConfig: "Module",
        loaded: true,
        version: "85",
        interfaces: ["eth1", "eth2"],
        persistedInterfaces: ["eth1"],
        persisted: true,
        deadSeconds: 180,
      },
    });
  });

  it("tell every device, who serves it and who uses it", () => {
    const common = { interfaces: ["eth1"], payload: 1024, shelf: 0 };
    expect(facts.aoeDevices).toEqual({
      state: "known",
      value: [
        {
          ...common,
          slot: 1,
          up: true,
          flags: [],
          macs: ["52:54:00:99:01:10", "52:54:00:99:01:12"],
          sizeBytes: 2147483648,
          users: ["mount /srv/with space", "xen-backend 3"],
        },
        {
          ...common,
          slot: 3,
          up: false,
          flags: ["closewait"],
          macs: ["52:54:00:99:01:10"],
          sizeBytes: 0,
          users: ["process 5278 sleep"],
        },
        {
          shelf: 0,
          slot: 9,
          up: false,
          flags: [],
          macs: [],
          interfaces: [],
          payload: undefined,
          sizeBytes: 0,
          users: [],
        },
      ],
    });
  });

  it("are unknown when they were not asked for, absent only when the host said so", () => {
    expect(probeOf().aoe).toEqual({ state: "unknown", why: "it was not requested from the probe" });
    expect(probeOf("end\taoe\tabsent\t0\t").aoe).toEqual({ state: "absent" });
    expect(probeOf("end\tresponders\tunknown\t1\teth1: send config query: Network is down").responders).toEqual({
      state: "unknown",
      why: "eth1: send config query: Network is down",
    });
  });
});

describe("an inittab host", () => {
  it("shows each respawn line with its vblade, and a line without one as stopped", () => {
    const facts = probeOf(
      "exports\tinittab\tx000\tsan/a 1111\t-r\t0\t1\teth1\t/dev/sdb1",
      "exports\tinittab\te0\t\t0\t2\teth1\t/dev/sdc",
      "exports\tprocess\t77\t0\t1\teth1\t/dev/sdb1",
      "exports\tpath\t/dev/sdb1\t/dev/sdb1\tBlockDevice\t512\tblock:8:17",
      "end\texports\tknown\t0\t",
    );
    expect(facts.exports).toMatchObject({
      state: "known",
      value: [
        {
          instance: "x000",
          owner: "san/a 1111",
          unitState: "running",
          pid: 77,
          runningDiffers: true,
          persistence: "Inittab",
        },
        { instance: "e0", owner: "", unitState: "stopped", pid: undefined, backingIdentity: "" },
      ],
    });
  });
});

describe("block devices", () => {
  const block = "block\t/dev/vda\t254:0\t4096\tdisk\text4\t254:1,254:2";
  it("carry the mounts of their device number", () => {
    const facts = probeOf(
      block,
      "end\tblock\tknown\t0\t",
      "mounts\t254:0\t/\t/srv\\040a\text4\t/dev/vda\trw",
      "end\tmounts\tknown\t0\t",
    );
    expect(facts.blockDevices).toEqual({
      state: "known",
      value: [
        {
          path: "/dev/vda",
          device: "254:0",
          sizeBytes: 4096,
          type: "disk",
          signature: "ext4",
          mountPoints: ["/srv a"],
          holders: ["254:1", "254:2"],
        },
      ],
    });
  });
  it("are unknown while the mounts are: they would look free", () => {
    expect(probeOf(block, "end\tblock\tknown\t0\t", "end\tmounts\tunknown\t2\tno /proc").blockDevices).toEqual({
      state: "unknown",
      why: "block: the mounts are unknown",
    });
  });
});

describe("a row in which the host tells what it could not find out", () => {
  it("costs its subject only, and says why", () => {
    const { responders } = probeOf(
      "responders\teth1\t0.1\t",
      "responders\t?\tthe segment is flooded\teth1",
      "end\tresponders\tknown\t0\t",
    );
    expect(responders).toEqual({
      state: "known",
      value: [{ interface: "eth1", shelf: 0, slot: 1, config: "" }],
      unread: [{ why: "the segment is flooded", row: "eth1" }],
    });
  });
});

/** The rows of so many exports that xensan manages under systemd, each with its process. */
const managed = (count: number) => {
  const all = Array.from({ length: count }, (_, index) => {
    const [name, at, path] = [
      `v${index}`,
      `${Math.floor(index / 250)}\t${index % 250}\teth1`,
      `/srv/aoe/v${index}.img`,
    ];
    return [
      `conf\t${name}\t${at}\t${path}\t-b 16\tsan/${name} uid-${index}`,
      `unit\t${name}\tactive\trunning\t${1000 + index}`,
      `process\t${1000 + index}\t-b\t16\t${at}\t${path}`,
      `path\t${path}\t${path}\tFile\t1048576\tfile:41:${index}\tfile:ext4-/dev/vda1:${index}:0`,
      `recorded\t${name}\tfile:ext4-/dev/vda1:${index}:0\tyes`,
    ].map((row) => `exports\t${row}`);
  });
  return [...all.flat(), "end\texports\tknown\t0\t"];
};

describe("a server with thousands of exports", () => {
  it("tells all of them", () => {
    const owned = Array.from({ length: 2048 }, (_, index) => [
      `backings\tpath\t/srv/aoe/v${index}.img\t/srv/aoe/v${index}.img\tFile\t1048576\tfile:41:${index}\t`,
      `backings\towned\t/srv/aoe/v${index}.img\t${index}\tsan/v${index} uid-${index}`,
    ]);
    const { exports, backings } = probeOf(...managed(4000), ...owned.flat(), "end\tbackings\tknown\t0\t");
    expect([exports.state, backings.state]).toEqual(["known", "known"]);
    if (exports.state !== "known" || backings.state !== "known") return;
    expect([exports.value.length, exports.unread, backings.value.length]).toEqual([4000, undefined, 2048]);
    expect(backings.value.at(-1)?.owner).toBe("san/v2047 uid-2047");
    expect(exports.value.at(-1)).toMatchObject({
      ...{ shelf: 15, slot: 249, pid: 4999, unitState: "active/running", owner: "san/v3999 uid-3999" },
      ...{ recorded: "file:ext4-/dev/vda1:3999:0", backingIdentity: "file:41:3999", runningDiffers: false },
    });
  });

  it("does not hold up the event loop", async () => {
    const text = ["probe\t1", ...managed(2000), "end\tprobe", ""].join("\n");
    let longest = 0;
    let since = process.threadCpuUsage();
    const lap = () => {
      const { user, system } = process.threadCpuUsage(since);
      longest = Math.max(longest, (user + system) / 1000);
      since = process.threadCpuUsage();
    };
    const { exports } = await parseProbeGently(text, () => Promise.resolve(lap()));
    lap();
    expect(exports.state === "known" && exports.value.length).toBe(2000);
    expect(longest).toBeLessThan(50);
  });
});

describe("a dom0 for thousands of domains", () => {
  it("tells all their configurations", () => {
    const rows = Array.from({ length: 5000 }, (_, index) => {
      const uuid = `37baabc6-98d5-48a2-9634-${String(index).padStart(12, "0")}`;
      return `domain-configurations\tconfig\t${uuid}\txen/vm${index} 1111-aa\t${"0a".repeat(32)}`;
    });
    const { domainConfigurations } = probeOf(...rows, "end\tdomain-configurations\tknown\t0\t");
    expect(domainConfigurations.state === "known" && domainConfigurations.value.length).toBe(5000);
  });
});

describe("an answer with too many fields", () => {
  it("costs the section that has them", () => {
    const wide = (section: string) => [
      ...Array.from({ length: 3000 }, () => `${section}\t${"a\t".repeat(63)}`),
      `end\t${section}\tknown\t0\t`,
    ];
    const facts = probeOf(...wide("packages"), ...wide("lvm"), "tools\tlvs\t/sbin/lvs", "end\ttools\tknown\t0\t");
    expect(facts.logicalVolumes).toEqual({
      state: "unknown",
      why: `lvm: it has been truncated: the answer has more than ${bounds.answerFields} fields`,
    });
    expect([facts.packages.state, facts.tools.state]).toEqual(["known", "known"]);
  });
});

describe("a section with too many rows", () => {
  it("is given up, and costs no other section", () => {
    const flood = Array.from({ length: bounds.answerRows + 10 }, () => "responders\teth1\t0.1\t");
    const full = (section: string) => [
      ...Array.from({ length: bounds.sectionRows }, (_, index) => `${section}\tname${index}\t1`),
      `end\t${section}\tknown\t0\t`,
    ];
    const twice = [...full("packages"), "end\tpackages\tknown\t0\t"];
    const rest = ["tools\tlvs\t/sbin/lvs", "end\ttools\tknown\t0\t"];
    const facts = probeOf(
      ...flood,
      "end\tresponders\tknown\t0\t",
      ...twice,
      ...full("backings"),
      ...full("lvm"),
      ...rest,
    );
    expect(facts.responders).toEqual({
      state: "unknown",
      why: `responders: it has more than ${bounds.sectionRows} rows`,
    });
    expect(facts.packages).toEqual({ state: "unknown", why: "packages: the section ends twice" });
    expect(facts.tools).toEqual({ state: "known", value: new Map([["lvs", "/sbin/lvs"]]) });
  });
});

describe("output that is not a probe's", () => {
  it("makes every fact unknown, and never throws", async () => {
    await fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
        const facts = parseProbe(text);
        for (const name of names) expect(facts[name].state).toBe("unknown");
      }),
    );
  });

  it("harms only the sections that it touches, and never throws", async () => {
    await fc.assert(
      fc.property(
        fc.constantFrom(...fixtures),
        fc.nat(),
        fc.nat(30),
        fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom("\t", "\n", "\0", "end\t", "\t\t\t\t\t")),
        ({ text }, at, cut, junk) => {
          const place = at % text.length;
          parseProbe(text.slice(0, place) + junk + text.slice(place + cut));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("when cut off anywhere, is what it was or unknown, never something else", async () => {
    await fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.nat(), ({ text }, at) => {
        const [whole, part] = [parseProbe(text), parseProbe(text.slice(0, at % text.length))];
        for (const name of names) if (part[name].state !== "unknown") expect(part[name]).toEqual(whole[name]);
      }),
      { numRuns: 300 },
    );
  });
});
