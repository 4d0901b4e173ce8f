import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { HostFacts } from "../../../src/host/facts.ts";
import { parseProbe, parseProbeGently } from "../../../src/host/parse-probe.ts";
import { bounds } from "../../../src/host/probe-sections.ts";
import { Unparseable } from "../../../src/host/rows.ts";
import { createTranscript } from "../../../src/ssh/transcript.ts";
import { described, refused } from "./described.ts";

const directory = new URL("../../fixtures/probe/", import.meta.url);
const recorded = readdirSync(directory).map((name) => readFileSync(new URL(name, directory)));
const nonce = "00112233445566778899aabbccddeeff";

/** An answer of these bytes as the SSH session passes it on. */
function admitted(bytes: Uint8Array): string {
  const transcript = createTranscript(nonce, 2 * bounds.answerBytes);
  transcript.add(Buffer.from(`${nonce} begin\n`));
  for (let at = 0; at < bytes.length; at += 32_768) transcript.add(Buffer.from(bytes.subarray(at, at + 32_768)));
  transcript.add(Buffer.from(`${nonce} end 0\n`));
  return transcript.between() ?? "";
}

const acts = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{fffe}\u{ffff}]/u;

/** Whether the objects of every kind can say what they have to say of these facts. */
function writable(facts: HostFacts): void {
  for (const one of described(facts)) {
    expect(refused(one)).toBeUndefined();
    const texts: string[] = [];
    const text = JSON.stringify(one.status, (_key, value: unknown) => {
      if (typeof value === "string") texts.push(value);
      return value;
    });
    expect(texts.filter((said) => acts.test(said))).toEqual([]);
    expect(text.length).toBeLessThan(512 * 1024);
    expect(parse(stringify(one.status))).toEqual(JSON.parse(text));
  }
}

/** A host that has something of everything that a status shows. */
const whole = Buffer.from(
  readFileSync(new URL("lab-bella-shared.txt", directory), "utf8")
    .replace(/^(end\t)?toolstack\t.*\n|^(mounts|packages|tools)\t.*\n/gm, "")
    .replace(
      /end\tprobe\n$/,
      `exports	conf	vm	0	1	eth1	/dev/vdb	-s -b 16	san/vm 1111-aa
exports	unit	vm	active	running	812
exports	process	812	-s	-b	16	0	1	eth1	/dev/vdb
exports	inittab	v1	san/a 1111-bb	0	2	eth1	/srv/aoe/a.img
exports	process	813	7	3	eth0	/srv/aoe/b.img
exports	path	/dev/vdb	/dev/vdb	BlockDevice	2147483648	block:254:16	serial:vdb
exports	recorded	vm	serial:vdb	yes
end	exports	known	0	
backings	path	/dev/vdb	/dev/vdb	BlockDevice	2147483648	block:254:16	serial:vdb
end	backings	known	0	
images	image	/srv/xen/vm1.img	File	67108864	8192	6678 17	Copying	4096	6678 17	san/vm 0e3f	37baabc6-98d5-48a2-9634-a38b12e29c45	Made
images	user	/srv/xen/vm1.img	loop	loop0	1
end	images	known	0	
toolstack	kind	xl
toolstack	dom0	yes
${["xen_major	4", "xen_minor	17", "xen_extra	.3", "total_memory	2047", "free_memory	1000", "nr_cpus	2", "hw_caps	178bf3ff", "virt_caps	pv hvm"].map((word) => `toolstack	info	${word}\n`).join("")}toolstack	watchdog	xenwatchdogd	30	yes
end	toolstack	known	0	
end	probe
`,
    ),
);

/** What no field of a probe should hold: numbers beyond 32 bits and beyond any, ids that are too long or none. */
const odd = [
  ...["", "-", "-1", "0", "2147483648", "4294967295", "9999999999", "9007199254740993", "9".repeat(400)],
  ...["ab".repeat(16), "ab".repeat(51), "x".repeat(700), "1 ".repeat(51), "00:".repeat(40), "/a".repeat(2000)],
  "c042eeff-1786-41cf-94eb-1f7837101f24c042eeff-1786-41cf-94eb-1f7837101f24",
  `${"9".repeat(30)} ${"9".repeat(72)}`,
  "\u{1f4a9}".repeat(513),
];

/** The answer with one field of one row replaced. */
function replaced(probe: Buffer, at: number, field: number, by: string): Buffer {
  const rows = probe.toString("utf8").split("\n");
  const place = at % rows.length;
  const fields = (rows[place] ?? "").split("\t");
  fields[1 + (field % Math.max(1, fields.length - 1))] = by;
  rows[place] = fields.join("\t");
  return Buffer.from(rows.join("\n"));
}

const junk = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc
    .constantFrom(
      "\t",
      "\n",
      "\u0000",
      "\u009b",
      "\u202e",
      "\ufeff",
      "end\t",
      "\t\t\t\t\t",
      "\\033[31m",
      "-1",
      "NaN",
      "1e99",
      ...odd,
    )
    .map((text) => Uint8Array.from(Buffer.from(text))),
);

describe("an answer of a host, whatever it is", () => {
  it("is read without a throw and can be written into a status, bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => writable(parseProbe(admitted(bytes)))));
  });

  it("is read without a throw and can be written into a status, recorded probes with odd values in them", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded, whole),
        fc.array(fc.tuple(fc.nat(), fc.nat(12), junk), { minLength: 1, maxLength: 6 }),
        (probe, cuts) => {
          let bytes = probe;
          for (const [at, cut, odd] of cuts) {
            const place = at % bytes.length;
            bytes = Buffer.concat([bytes.subarray(0, place), odd, bytes.subarray(place + cut)]);
          }
          writable(parseProbe(admitted(bytes)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("can be written into a status, whatever one of its fields holds", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(...odd)), { minLength: 1, maxLength: 6 }),
        (probe, fields) => {
          const bytes = fields.reduce<Buffer>((text, [row, field, by]) => replaced(text, row, field, by), probe);
          writable(parseProbe(admitted(bytes)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("says something of everything, and can be written, whatever any field of what it shows holds", () => {
    const facts = parseProbe(admitted(whole));
    const shown = described(facts).map(({ kind, status }) => `${kind} ${JSON.stringify(status)}`);
    expect(Object.values(facts).flatMap((fact) => (fact.state === "known" ? (fact.unread ?? []) : []))).toEqual([]);
    expect(shown.map((text) => text.replace(/ .*/, ""))).toEqual([
      ...["XenHost", "AoeServer", "AoeVolume", "AoeVolume", "AoeVolume", "Ocfs2Cluster", "XenDomain", "XenMigration"],
    ]);
    for (const value of ["machineID", "bootID", "backing", "mac", "identity", "watchdog", "domainID", "sourceBootID"])
      expect(shown.join("\n")).toContain(`"${value}":`);
    const rows = whole.toString("utf8").split("\n");
    const sections = /^(identity|interfaces|exports|backings|images|toolstack|domains|aoe-devices)\t/;
    const problems = rows.flatMap((row, at) => {
      const fields = sections.test(row) ? row.split("\t").slice(1) : [];
      return fields.flatMap((_text, field) =>
        odd.flatMap((by) =>
          described(parseProbe(replaced(whole, at, field, by).toString("utf8"))).flatMap((one) => {
            const issues = refused(one)?.issues ?? [];
            return issues.map(({ path }) => `${row}, field ${field}, ${by}: ${one.kind} ${path.join(".")}`);
          }),
        ),
      );
    });
    expect(problems).toEqual([]);
  });

  it("costs one fact where one value is odd: kernel.panic = -1 reboots at once", () => {
    const probe = readFileSync(new URL("lab-bella-shared.txt", directory), "utf8");
    const odd = probe.replace(/o2cb\tsysctl\tpanic\t\d+\t\w+/, "o2cb\tsysctl\tpanic\t-1\tno");
    const [before, after] = [parseProbe(probe).o2cb, parseProbe(odd).o2cb];
    expect(before.state === "known" && after).toEqual(
      before.state === "known" && { ...before, value: { ...before.value, panic: { now: -1, persisted: false } } },
    );
  });
});

/** The largest answers that a host may give, of the worst kinds. */
const large: Record<string, (length: number) => string> = {
  newlines: (length) => `probe\t1\n${"\n".repeat(length)}end\tprobe\n`,
  tabs: (length) => `probe\t1\ndomains${"\t".repeat(length)}\nend\tdomains\tknown\t0\t\nend\tprobe\n`,
  controls: (length) => `probe\t1\n${"\u009b\u0001".repeat(length / 3)}\nend\tprobe\n`,
  ...Object.fromEntries(
    (
      [
        ["mounts", "0:1\t/\t/a\tx\ty\tz"],
        ["exports", "process\t7\t0\t1\teth0\t/a"],
        ["exports", "conf\ta\t0\t1\teth0\t/a\t\t"],
        ["filesystems", "device\t/a\tOcfs2\tocfs2\t1"],
        ["filesystems", "odd"],
        ["aoe-devices", "user\te0.1\tmount /a"],
        ["domains", "domain\t1\tvm\t37baabc6-98d5-48a2-9634-a38b12e29c45\t1\t1\tb\t-\t1"],
        ["kernel-log", "IoError\t-\t1\t1\tx"],
      ] as const
    ).map(([section, row]) => [
      `${section} ${row.split("\t")[0]}`,
      (length: number) =>
        `probe\t1\n${`${section}\t${row}\n`.repeat(Math.floor(Math.min(length, 1_900_000) / (section.length + row.length + 2)))}end\t${section}\tknown\t0\t\nend\tprobe\n`,
    ]),
  ),
};

/** Half of the allowed rows of a section are of one kind, half of another kind that refers to the first row. */
const crossed: Record<string, readonly [string, (index: number) => string, string, (index: number) => string]> = {
  "mounts of a device": [
    "block",
    (index) => `/dev/a${index}\t1:1\t1\tdisk\t-\t`,
    "mounts",
    (index) => `1:1\t/\t/m${index}\text4\t/dev/a\trw`,
  ],
  "heartbeats of a file system": [
    "filesystems",
    () => "device\t/a\tOcfs2\tocfs2\t1",
    "filesystems",
    (index) => `beat\t/a\t${index}\t0`,
  ],
  "users of an image": [
    "images",
    (index) => `image\t${index % 2 === 0 ? "/a" : "/\\141"}\tFile\t1\t1\t1 1\t-\t0\t-`,
    "images",
    (index) => `user\t/a\tprocess\t${index}\t-`,
  ],
  "lines of fstab for a mount point": [
    "mount-points",
    () => "point\t/a\tDirectory\t-\t-",
    "mount-points",
    (index) => `entry\t/b${index}\t/dev/a\t_netdev\t-`,
  ],
};

describe("a thing that stands there many times", () => {
  it.each(Object.entries(crossed))("is told of once: %s", (_name, [parents, parent, children, child]) => {
    const many = (section: string, row: (index: number) => string) =>
      Array.from({ length: bounds.sectionRows / 2 - 1 }, (_, index) => `${section}\t${row(index)}\n`).join("");
    const ends = [...new Set([parents, children, "mounts"])].map((name) => `end\t${name}\tknown\t0\t\n`).join("");
    const text = `probe\t1\n${many(parents, parent)}${many(children, child)}${ends}end\tprobe\n`;
    const started = process.threadCpuUsage();
    const facts = parseProbe(text);
    const { user } = process.threadCpuUsage(started);
    expect(Object.values(facts).flatMap((fact) => (fact.state === "known" ? (fact.unread ?? []) : []))).toHaveLength(
      bounds.sectionRows / 2 - 2,
    );
    expect(JSON.stringify(facts).length).toBeLessThan(4 * bounds.answerBytes);
    expect(user / 1000).toBeLessThan(500);
    writable(facts);
  });

  it("is no row of any recorded probe", () => {
    for (const bytes of recorded)
      for (const fact of Object.values(parseProbe(bytes.toString("utf8"))))
        if (fact.state === "known") expect(fact.unread ?? []).toEqual([]);
  });
});

describe("a row that cannot be read", () => {
  it("costs no stack: there may be thousands", () => {
    const limit = Error.stackTraceLimit;
    expect(new Unparseable("odd").stack ?? "").not.toContain("at ");
    expect(Error.stackTraceLimit).toBe(limit);
  });
});

describe("a large answer", () => {
  it.each(Object.keys(large))("never holds up the event loop: %s", async (kind) => {
    const bytes = Buffer.from(large[kind]?.(bounds.answerBytes - 200) ?? "");
    let since = process.threadCpuUsage();
    let longest = 0;
    const lap = () => {
      const { user, system } = process.threadCpuUsage(since);
      longest = Math.max(longest, (user + system) / 1000);
      since = process.threadCpuUsage();
    };
    const transcript = createTranscript(nonce, bounds.answerBytes);
    transcript.add(Buffer.from(`${nonce} begin\n`));
    for (let at = 0; at < bytes.length; at += 32_768) {
      transcript.add(bytes.subarray(at, at + 32_768));
      lap();
    }
    transcript.add(Buffer.from(`${nonce} end 0\n`));
    const text = transcript.between() ?? "";
    lap();
    const facts = await parseProbeGently(text, () => {
      lap();
      return Promise.resolve();
    });
    lap();
    writable(facts);
    expect(longest).toBeLessThan(50);
  });
});
