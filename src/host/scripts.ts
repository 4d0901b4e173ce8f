import { readFileSync } from "node:fs";
import type { Script } from "../ssh/host-session.ts";

const directory = new URL("./scripts/", import.meta.url);
const loaded = new Map<string, Script>();

/** The names of all scripts that run on hosts: `src/host/scripts/<name>.sh`. */
export const scriptNames = [
  "probe",
  "probe-running",
  "read-configuration",
  "claim-machine",
  "install-packages",
  "interface-up",
  "ensure-file",
  "ensure-logical-volume",
  "delete-file",
  "delete-logical-volume",
  "ensure-export",
  "remove-export",
  "prepare-initiator",
  "discover",
  "revalidate",
  "configure-cluster",
  "cluster-online",
  "remove-cluster",
  "format-filesystem",
  "mount-filesystem",
  "unmount-filesystem",
  "grow-filesystem",
  "add-node-slots",
  "prepare-toolstack",
  "prepare-relocation",
  "verify-relocation",
  "configure-xend",
  "ensure-image",
  "delete-image",
  "write-domain-configuration",
  "remove-domain-configuration",
  "start-domain",
  "stop-domain",
  "take-domain-lock",
  "hold-lease",
  "end-lease",
  "record-migration",
  "start-migration",
  "await-migration",
  "abort-migration",
  "settle-migration",
] as const;
/** Name of a script in src/host/scripts, without `.sh`. */
export type ScriptName = (typeof scriptNames)[number];

/**
 * Reads a script once. A line `# include: FILE` is replaced by `scripts/shared/FILE`, each file at most once. A line
 * `# embed: FILE` is replaced by a complete program with everything that it includes, for a here-document.
 */
export function loadScript(name: ScriptName): Script {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const script = { name, text: expand(read(`${name}.sh`), new Set()) };
  loaded.set(name, script);
  return script;
}

function expand(text: string, included: Set<string>): string {
  return text.replace(/^# (include|embed): (\S+)$/gm, (_line, how: string, file: string) => {
    if (how === "embed") return expand(read(`shared/${file}`), new Set()).trimEnd();
    if (included.has(file)) return "";
    included.add(file);
    return expand(read(`shared/${file}`), included);
  });
}

function read(file: string): string {
  return readFileSync(new URL(file, directory), "utf8");
}
