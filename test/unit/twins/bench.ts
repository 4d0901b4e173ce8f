import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostCommand, Outcome } from "../../../src/host/command.ts";
import { outcomeOf } from "../../../src/host/outcome.ts";
import type { ScriptName } from "../../../src/host/scripts.ts";
import type { Answer, Furniture, TwinHost } from "./host.ts";
import { shellHost } from "./shell-host.ts";
import { simulatedHost } from "./simulated-host.ts";

/** The hosts on which every case runs: the installed shells under which our scripts must work, and the rack. */
const makers: ReadonlyMap<string, (furniture: Furniture) => TwinHost> = new Map([
  ...[["dash"], ["busybox", "sh"]]
    .filter(([program = "", ...args]) => {
      const here = spawnSync(program, [...args, "-c", "exit 0"]).status === 0;
      if (!here) console.warn(`not tested with ${program}: it is not installed`);
      return here;
    })
    .map((shell) => [shell[0] ?? "", (furniture: Furniture) => shellHost(shell, furniture)] as const),
  ["the simulated rack", simulatedHost],
]);

/** A host as cases see it. */
export interface TwinBench extends TwinHost {
  act(command: HostCommand): Promise<Outcome>;
  /** The output of a probe in these sections; the rest is not compared. */
  look(command: HostCommand, sections: readonly string[]): Promise<string>;
}

/**
 * Rows of these sections of a probe, and their ends; `SECTION KEY` selects these rows of a section that is not unknown.
 * Processes have no fixed order.
 */
function ofSections(stdout: string, sections: readonly string[]): string {
  const lines = stdout.split("\n").filter((line) => {
    const [section = "", name = "", known] = line.split("\t");
    if (section === "end" && known === "unknown" && sections.some((one) => one.startsWith(`${name} `)))
      throw new Error(`a probe cannot tell this section: ${line}`);
    if (sections.includes(`${section} ${name}`)) return true;
    return sections.includes(section) || (section === "end" && sections.includes(name));
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** Replaces what differs per host by a common word. */
const common = (answer: Answer, host: TwinHost): Answer => {
  const names = new Map<string, string>();
  const text = (said: string) =>
    said
      .replaceAll(host.bootId, "BOOT")
      .replaceAll(host.filesystem, "FILESYSTEM")
      // Trailing blanks of a message, which readers cut off.
      .replace(/ +$/gm, "")
      .replace(/(BOOT) \d+(?= (?:\d+ 10\.|- - ))/, "$1 UPTIME")
      .replace(/(?<=\/\.xensan\/images\/[\da-f]+: "[^"]*\\n)\d+ \d+/, "INODE BIRTH")
      // Named after a path, which differs in a fake host.
      .replace(/(\/var\/lib\/xensan\/backings\/[^.]*)\.\d+/, "$1.SUM")
      .replace(/(?<=\/backings\/[^"]*"[^"]*\\n)\d+ \d+(\\n[^"\\]*\\n)[^"\\]*/, "INODE BIRTH$1IDENTITY")
      .replace(/(?<=id_ed25519\.pub: "ssh-ed25519 )\S+/, "KEY")
      .replace(/(?<=^relocation\thost-key\t).*$/gm, "KEY")
      .replace(/(?<=^relocation\tkey\tssh-ed25519 )\S+/gm, "KEY")
      .replace(/(?<=^domains\tprocess\t)\d+/gm, "PID")
      // The toolstack of a fake host leaves no daemon behind.
      .replace(/^domains\tprocess\tPID\twait\t.*\n/gm, "")
      .replace(/(?<=^domains\tlease\t[^\t]*\t)\d+/gm, "UNTIL")
      .replace(/(?<=^migrations\t(?:[^\t]*\t){8})\d+/gm, "NOW")
      .replace(/(?<=\/formats\/[^"]*"[^"]*\\nbegan BOOT )\d+ \d+/, "PID BIRTH")
      // Used blocks depend on the file system.
      .replace(/(?<=^images\timage\t[^\t]*\tFile\t\d+\t)\d+/gm, "BLOCKS")
      .replace(/has \d+ KiB left/g, "has some KiB left")
      // Inodes differ per host; only the case knows which are the same.
      .replace(/\binode \d+( \d+)?/g, "inode N")
      .replace(/(?<=^images\timage\t(?:[^\t]*\t){4})\d+ \d+/gm, "INODE BIRTH")
      .replace(/(?<=^images\timage\t(?:[^\t]*\t){7})\d+ \d+/gm, "INODE BIRTH")
      .replace(/(?<=recorded )\d+ \d+/g, "INODE BIRTH")
      .replace(/(?<=^backings\towned\t[^\t]*\t)\d+/gm, "INODE")
      .replace(/\tfile:\d+:\d+\t/g, "\tfile:DEVICE:INODE\t")
      .replace(/dm:LVM-\w+/g, (id) => {
        const name = names.get(id) ?? `dm:LVM-${names.size + 1}`;
        names.set(id, name);
        return name;
      })
      .replace(/file:[^:\s"\\]*:\d+:\d+/g, (id) => {
        const name = names.get(id) ?? `file:${names.size + 1}`;
        names.set(id, name);
        return name;
      })
      .replace(/\b(process|pid) (\d+)/g, (_all, word: string, pid: string) => {
        const name = names.get(pid) ?? `PID${names.size + 1}`;
        names.set(pid, name);
        return `${word} ${name}`;
      });
  return { ...answer, stderr: "", stdout: text(answer.stdout), effects: answer.effects.map(text) };
};

/**
 * Cases for scripts, each of which runs on every host; afterwards their whole answers are compared: exit code, output,
 * and the effects on files and domains. The cases must run every named script.
 */
export function twins(
  scripts: readonly ScriptName[],
  title: string,
  cases: (dom0: TwinBench) => void,
  furniture: Furniture = {},
): void {
  const transcripts = new Map<string, Map<string, Answer[]>>();
  describe(title, () => {
    for (const [name, make] of makers) {
      describe(`in ${name}`, () => {
        let host: TwinHost;
        let heard: Answer[];
        beforeEach(({ task }) => {
          host = make(furniture);
          heard = [];
          const told = transcripts.get(task.name) ?? new Map<string, Answer[]>();
          transcripts.set(task.name, told.set(name, heard));
        });
        afterEach(() => host.end());
        const run = async (command: HostCommand) => {
          const answer = await host.run(command);
          heard.push(common(answer, host));
          return answer;
        };
        cases({
          get filesystem() {
            return host.filesystem;
          },
          get bootId() {
            return host.bootId;
          },
          run,
          async look(command, sections) {
            const answer = await host.run(command);
            const stdout = ofSections(answer.stdout, sections);
            heard.push(common({ ...answer, stdout, effects: [] }, host));
            return stdout;
          },
          act: async (command) => outcomeOf(await run(command)),
          end: () => host.end(),
          domains: (...rows) => host.domains(...rows),
          runsWith: (bridge, kernel, disks) => host.runsWith(bridge, kernel, disks),
          openVSwitch: (...bridges) => host.openVSwitch(...bridges),
          mountedWith: () => host.mountedWith(),
          listed: () => host.listed(),
          ocfs2: (deviceBytes, bytes, slots) => host.ocfs2(deviceBytes, bytes, slots),
          mountedElsewhere: () => host.mountedElsewhere(),
          hears: (...numbers) => host.hears(...numbers),
          served: (name, bytes, holds) => host.served(name, bytes, holds),
          flood: (name, count) => host.flood(name, count),
          takeDown: (nic) => host.takeDown(nic),
          card: (nic, mac) => host.card(nic, mac),
          vblade: (...words) => host.vblade(...words),
          killVblades: () => host.killVblades(),
          vblades: () => host.vblades(),
          logicalVolume: (volume, bytes, made) => host.logicalVolume(volume, bytes, made),
          loseLogicalVolume: (volume) => host.loseLogicalVolume(volume),
          holdLogicalVolume: (volume) => host.holdLogicalVolume(volume),
          isBlank: (volume) => host.isBlank(volume),
          beatsElsewhere: (name) => host.beatsElsewhere(name),
          befriend: (key) => host.befriend(key),
          aoeDevice: (name, state, bytes) => host.aoeDevice(name, state, bytes),
          atWork: (verb, ...about) => host.atWork(verb, ...about),
          watchdog: (seconds, boot) => host.watchdog(seconds, boot),
          failCreate: (...lines) => host.failCreate(...lines),
          leasedElsewhere: (path, mode) => host.leasedElsewhere(path, mode),
          swapOn: (path) => host.swapOn(path),
          loop: (path) => host.loop(path),
          opens: (path, access) => host.opens(path, access),
          closes: () => host.closes(),
          isLeased: (path) => host.isLeased(path),
          killHolder: (uuid) => host.killHolder(uuid),
          ignoreShutdown: (uuid) => host.ignoreShutdown(uuid),
          breakToolstack: () => host.breakToolstack(),
          goDown: () => host.goDown(),
          write: (path, text) => host.write(path, text),
          image: (path, bytes) => host.image(path, bytes),
          replace: (path, bytes) => host.replace(path, bytes),
          symlink: (path, target) => host.symlink(path, target),
          read: (path) => host.read(path),
          remove: (path) => host.remove(path),
        });
      });
    }
    it("is answered in the same words by every host, to the same effect", () => {
      const told = (name: string) =>
        Object.fromEntries([...transcripts].map(([task, answers]) => [task, answers.get(name) ?? []]));
      for (const name of makers.keys()) expect({ [name]: told(name) }).toEqual({ [name]: told("the simulated rack") });
      const ran = new Set(
        [...transcripts.values()].flatMap((one) => [...one.values()].flat()).map(({ script }) => script),
      );
      expect(scripts.filter((script) => !ran.has(script))).toEqual([]);
    });
  });
}
