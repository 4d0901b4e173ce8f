import { z } from "zod";

/** The answers of a real machine to a life, script by script. */
export const recordingSchema = z.array(
  z.object({
    host: z.string().default("san"),
    script: z.string(),
    args: z.array(z.string()),
    exitCode: z.int(),
    stdout: z.string(),
  }),
);
export type Recording = z.infer<typeof recordingSchema>;

/** Sections of a probe that xensan's own actions shape, on any machine. */
export const ofServers = ["exports", "backings"];
/** The same for a machine that the rack simulates. */
export const ofRacks = [...ofServers, "lvm", "interfaces", "aoe", "aoe-devices", "responders"];

/** Sections that OCFS2's own actions shape. Heartbeats and kernel logs differ from moment to moment. */
export const ofClusters = ["o2cb", "mount-points", "formats"];

/** Sections that actions on domains shape. */
export const ofDomains = ["images", "domain-locks", "domain-configurations"];

/**
 * Keeps what must be equal between a real machine and the rack: process ids and inodes are numbered as they appear,
 * bytes left on a disk are not compared, and only some sections of a probe are. The same for arguments: keys and
 * machine-ids.
 */
export function normalise(recording: Recording, sections: readonly string[]): Recording {
  const compared = new Set(sections);
  const names = new Map<string, string>();
  const rename = (kind: string, value: string) => {
    const key = `${kind} ${value}`;
    const name = names.get(key) ?? `${kind}${[...names.keys()].filter((one) => one.startsWith(`${kind} `)).length + 1}`;
    names.set(key, name);
    return name;
  };
  const pid = (value: string) => (value === "0" ? "0" : rename("pid", value));
  const text = (stdout: string) =>
    stdout
      // UUIDs of LVM and the file system, inode and time of birth differ per machine.
      .replace(/\bdm:LVM-[A-Za-z0-9]+/g, (uuid) => `dm:LVM-${rename("uuid", uuid)}`)
      .replace(/\bfile:[^\s:]*:(\d+):\d+/g, (_all, inode: string) => `file:FS:${rename("inode", inode)}:BIRTH`)
      .replace(/\bfile:\d+:(\d+)/g, (_all, inode: string) => `file:${rename("inode", inode)}`)
      .replace(
        /^(backings\towned\t[^\t]*\t)(\d+)/gm,
        (_all, head: string, inode: string) => head + rename("inode", inode),
      )
      .replace(/\bpid (\d+)/g, (_all, value: string) => `pid ${pid(value)}`)
      .replace(/\bprocess (\d+)/g, (_all, value: string) => `process ${pid(value)}`)
      .replace(/^(exports\tprocess\t)(\d+)/gm, (_all, head: string, value: string) => head + pid(value))
      .replace(/^(exports\tunit\t.*\t)(\d+)$/gm, (_all, head: string, value: string) => head + pid(value))
      .replace(/has \d+ KiB left/g, "has some KiB left")
      .replace(/\bssh-ed25519 \S+/g, (key) => `ssh-ed25519 ${rename("key", key)}`)
      .replace(
        /\b(its boot |domain-locks\tlock\t.*\t)([0-9a-f-]{36})/g,
        (_all, head: string, boot: string) => head + rename("boot", boot),
      )
      // The momentary state of a domain and its image.
      .replace(/^(done\t(?:started|running)) id \d+/gm, "$1 id N")
      .replace(/\bdomain \d+ is called (.*), state \S+, \S+ s of CPU time/g, "domain N is called $1")
      .replace(/\b(loop\tloop)\d+\t\d+/g, "$1N\tN")
      .replace(/\b(loop device loop)\d+/g, "$1N")
      .replace(
        /^(images\timage\t[^\t]*\tFile\t\d+\t)\d+\t(\d+) \d+/gm,
        (_all, head: string, inode: string) => `${head}BLOCKS\t${rename("inode", inode)} BIRTH`,
      )
      .replace(
        /\t(\d+) \d+(?=\t[^\t]*\t[0-9a-f-]{36}\tMade$)/gm,
        (_all, inode: string) => `\t${rename("inode", inode)} BIRTH`,
      );
  /** Other files differ per machine. */
  const ownFiles = (stdout: string) => stdout.replace(/^file\t\/etc\/fstab\n(text\t.*\n)*/m, "");
  /** Sections have no fixed order. */
  const sectionOf = (line: string) => {
    const [section = "", name = ""] = line.split("\t");
    return section === "end" ? name : section;
  };
  const ofProbe = (stdout: string) =>
    stdout
      .split("\n")
      .filter((line) => {
        const [section = "", name = ""] = line.split("\t");
        return compared.has(section) || (section === "end" && compared.has(name));
      })
      .sort((a, b) => sectionOf(a).localeCompare(sectionOf(b)))
      .join("\n");
  /** Neither systemd nor /proc guarantees an order of units, processes and backings; answers come in any order. */
  const loose = /^(exports\t(unit|process|path)|responders)\t/;
  const inOrder = (stdout: string) => {
    const lines = stdout.split("\n");
    const sorted = lines.filter((line) => loose.test(line)).sort();
    return lines.map((line) => (loose.test(line) ? sorted.shift() : line)).join("\n");
  };
  return recording.map((entry) => ({
    ...entry,
    args: argsOf(entry).map(text),
    stdout: entry.script.startsWith("probe") ? inOrder(text(ofProbe(entry.stdout))) : text(ownFiles(entry.stdout)),
  }));
}

/**
 * The end of a lease depends on the machine's time, keys are in base64, and a real machine has host keys of more types.
 */
const argsOf = ({ script, args }: Recording[number]): readonly string[] =>
  args
    .map((word) =>
      word.replace(
        /^((?:sender|receiver)=.*:)([A-Za-z0-9+/=]+)$/,
        (_all, head: string, key: string) => `${head}${Buffer.from(key, "base64").toString()}`,
      ),
    )
    .filter((word) => !/^receiver=[^:]*:(ssh-rsa|ecdsa-)/.test(word))
    .map((word, index) =>
      script === "end-lease" && index === 2 ? "UNTIL" : word.replace(/^machine=.*/, "machine=ID"),
    );
