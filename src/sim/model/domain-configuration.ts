/** What a toolstack reads in a domain's configuration file (xl.cfg(5)), as far as the rack uses it. */
export interface DomainConfiguration {
  readonly name: string;
  readonly uuid: string;
  readonly type: "pv" | "pvh" | "hvm";
  /** MiB */
  readonly memory: number;
  readonly vcpus: number;
  /** Paths that must exist when it is built: kernel and ramdisk. */
  readonly bootFiles: readonly string[];
  readonly disks: readonly ConfiguredDisk[];
  readonly bridges: readonly string[];
  readonly onPoweroff: string;
  readonly onReboot: string;
  readonly onCrash: string;
}

/** A disk or CD-ROM drive of a configuration. */
interface ConfiguredDisk {
  readonly path: string;
  readonly readOnly: boolean;
  readonly cdrom: boolean;
  /** raw, qcow2, … */
  readonly format: string;
}

/** Returns undefined where xl would not accept the file. */
export function parseConfiguration(text: string): DomainConfiguration | undefined {
  const values = assignments(text);
  const word = (key: string) => values.get(key)?.[0];
  const name = word("name");
  if (name === undefined || name === "") return undefined;
  const builder = word("builder") === "hvm" ? "hvm" : "pv";
  const type = word("type") ?? builder;
  if (type !== "pv" && type !== "pvh" && type !== "hvm") return undefined;
  return {
    name,
    uuid: (word("uuid") ?? "").toLowerCase(),
    type,
    memory: Number(word("memory") ?? "0"),
    vcpus: Number(word("vcpus") ?? "1"),
    bootFiles: [word("kernel"), word("ramdisk")].filter((path) => path !== undefined),
    disks: (values.get("disk") ?? []).map(parseDisk),
    bridges: (values.get("vif") ?? []).map((vif) => /(?:^|,)\s*bridge=([^,]*)/.exec(vif)?.[1] ?? "xenbr0"),
    onPoweroff: word("on_poweroff") ?? "destroy",
    onReboot: word("on_reboot") ?? "restart",
    onCrash: word("on_crash") ?? "destroy",
  };
}

/** Parses `key = value` line by line; a list has several texts. */
function assignments(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, key = "", value = ""] of text.matchAll(/^\s*([A-Za-z_]\w*)\s*=\s*(\[[^\]]*\]|.*)$/gm)) {
    const quoted = [...value.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g)];
    const texts = quoted.map(([, double, single]) => double?.replace(/\\(.)/g, "$1") ?? single ?? "");
    found.set(key, texts.length > 0 || value.startsWith("[") ? texts : [value.trim()]);
  }
  return found;
}

/** Parses `format=raw, vdev=xvda, access=rw, target=/p` of xl and `file:/p,xvda,w` of xm. */
function parseDisk(text: string): ConfiguredDisk {
  const cdrom = /(?:^|,)\s*devtype=cdrom\s*,|^[^,]*,[a-z0-9]+:cdrom(?:,|$)/.test(text);
  const target = /(?:^|,)\s*target=(.*)$/.exec(text)?.[1];
  if (target !== undefined)
    return {
      path: target,
      readOnly: cdrom || /(?:^|,)\s*access=ro?\s*(?:,|$)/.test(text),
      cdrom,
      format: /(?:^|,)\s*format=([a-z0-9]+)/.exec(text)?.[1] ?? "raw",
    };
  const [place = "", , access = "w"] = text.split(",");
  const path = place.replace(/^(file|phy|tap:aio):/, "");
  return { path, readOnly: cdrom || access.trim().startsWith("r"), cdrom, format: "raw" };
}
