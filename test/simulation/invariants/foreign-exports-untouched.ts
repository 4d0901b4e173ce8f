import { isDeepStrictEqual } from "node:util";
import type { Host } from "../../../src/sim/model/state.ts";
import { list, readText } from "../../../src/sim/model/storage.ts";
import { parseEnvironment } from "../../../src/sim/model/systemd.ts";
import { inittabExports, parseWords } from "../../../src/sim/scripts/export-rows.ts";
import type { Invariant, Scene } from "./invariant.ts";
import { ownerOf } from "./ownership.ts";

const directory = "/etc/vblade.conf.d/";

export const foreignExportsUntouched: Invariant = {
  name: "foreign exports untouched",
  says: "an export without our mark is never stopped and its configuration never changed, but for adding the mark to one that says the same",
  watch(scene: Scene) {
    /** The last known owner of each running vblade: its configuration may be gone already when it is stopped. */
    const owners = new Map<string, string>();
    const texts = new Map<string, string>();
    for (const host of scene.rack.hosts.values()) {
      for (const name of list(host, directory.slice(0, -1))) remember(host, `${directory}${name}`);
      remember(host, "/etc/inittab");
    }
    function remember(host: Host, path: string): void {
      const text = readText(host, path);
      if (text === undefined) texts.delete(`${host.name}:${path}`);
      else texts.set(`${host.name}:${path}`, text);
    }
    return {
      onRack(event) {
        const host = scene.rack.host(event.host);
        if (event.kind === "VbladeStarted" || event.kind === "TextWritten")
          for (const process of host.running.processes.values())
            owners.set(
              `${host.name}:${process.pid}`,
              ownerOf(host, process) || (owners.get(`${host.name}:${process.pid}`) ?? ""),
            );
        if (
          event.kind === "VbladeStopped" &&
          event.command !== undefined &&
          owners.get(`${host.name}:${event.pid}`) === ""
        )
          scene.violated(`${event.host}: stops vblade ${event.pid} (e${event.shelf}.${event.slot}), which is not ours`);
        if (event.kind !== "TextWritten" && event.kind !== "FileDeleted") return;
        const before = texts.get(`${host.name}:${event.path}`);
        remember(host, event.path);
        if (event.command === undefined || before === undefined) return;
        const after = texts.get(`${host.name}:${event.path}`);
        if (event.path.startsWith(directory) && !before.includes("# xensan: ") && !saysTheSame(before, after ?? ""))
          scene.violated(
            `${event.host}: ${after === undefined ? "deletes" : "changes"} ${event.path}, which is not ours`,
          );
        if (event.path === "/etc/inittab") {
          const lost = foreignLines(before).filter(
            (line) => !(after ?? "").split("\n").includes(line) && !isMarked(line, after ?? ""),
          );
          if (lost.length > 0) scene.violated(`${event.host}: /etc/inittab loses ${JSON.stringify(lost)}`);
        }
      },
    };
  },
};

function saysTheSame(before: string, after: string): boolean {
  const one = parseEnvironment(before);
  const other = parseEnvironment(after);
  return [...new Set([...one.keys(), ...other.keys()])].every((key) => (one.get(key) ?? "") === (other.get(key) ?? ""));
}

/** Whether the line has our mark now, and serves the same under the same id. */
function isMarked(line: string, after: string): boolean {
  const [foreign] = inittabExports(line);
  return inittabExports(after).some(
    ({ id, owner, argv }) =>
      owner !== "" && id === foreign?.id && isDeepStrictEqual(parseWords(argv), parseWords(foreign.argv)),
  );
}

/** Every line that is neither our mark nor the entry after it. */
function foreignLines(text: string): string[] {
  const lines = text.split("\n");
  return lines.filter(
    (line, index) => !line.startsWith("# xensan") && !(lines[index - 1] ?? "").startsWith("# xensan"),
  );
}
