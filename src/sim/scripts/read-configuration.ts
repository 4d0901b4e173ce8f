import { list, readText, resolve } from "../model/storage.ts";
import type { Responder } from "../script.ts";
import { row } from "./answer.ts";

/** read-configuration.sh: DIRECTORY… */
export const readConfiguration: Responder = function* readConfiguration(run) {
  const { host, world, args } = run;
  yield world.timings.process;
  let count = 0;
  const show = (path: string) => {
    const { node } = resolve(host, path);
    if (node?.kind !== "File") return;
    if (count >= 256) return row(run, "skipped", path, "there are more than 256 files");
    count += 1;
    if (node.sizeBytes > 65_536) return row(run, "skipped", path, `has ${node.sizeBytes} bytes, more than 65536`);
    row(run, "file", path);
    const text = readText(host, path) ?? "";
    const lines = text.endsWith("\n") || text === "" ? text.split("\n").slice(0, -1) : text.split("\n");
    for (const line of lines) row(run, "text", line.replaceAll("\\", "\\134").replaceAll("\t", "\\011"));
    return undefined;
  };
  show("/etc/fstab");
  for (const directory of args) {
    for (const name of list(host, directory)) {
      if (name.startsWith(".") || (!directory.endsWith("/auto") && !name.endsWith(".cfg"))) continue;
      show(`${directory}/${name}`);
    }
  }
  row(run, "end", "read-configuration");
  return 0;
};
