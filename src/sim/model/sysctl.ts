import type { Mount } from "./content.ts";
import { listDirectory, resolvePath } from "./filesystem.ts";

const directories = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/lib/sysctl.d"];

/** The kernel's defaults of the settings that matter here. */
export const kernelDefaults: Readonly<Record<string, string>> = { "kernel.panic_on_oops": "0", "kernel.panic": "0" };

/** Settings made at boot: sysctl.d by name, where the first directory that has a name wins, then /etc/sysctl.conf. */
export function sysctlAtBoot(mounts: readonly Mount[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const directory of directories) {
    for (const name of listDirectory(mounts, directory)) {
      if (name.endsWith(".conf") && !files.has(name)) files.set(name, `${directory}/${name}`);
    }
  }
  const settings = new Map<string, string>();
  const ordered = [...files.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  for (const path of [...ordered, "/etc/sysctl.conf"]) {
    const node = resolvePath(mounts, path).node;
    for (const line of (node?.kind === "File" ? (node.text ?? "") : "").split("\n")) {
      const match = /^\s*-?([\w.]+)\s*=\s*(.*?)\s*$/.exec(line);
      if (match !== null) settings.set(match[1] ?? "", match[2] ?? "");
    }
  }
  return settings;
}
