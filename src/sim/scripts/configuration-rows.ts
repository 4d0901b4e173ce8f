/** What a domain's configuration requires of its host, in file order: configuration_rows of domain-configuration.sh. */
export type ConfigurationRow =
  | {
      readonly kind:
        | "name"
        | "uuid"
        | "memory"
        | "file"
        | "bridge"
        | "image"
        | "read"
        | "cdrom"
        | "setting"
        | "ovs-bridge";
      readonly value: string;
    }
  /** Everything that is not known to be harmless. */
  | { readonly kind: "odd"; readonly value: string };

const harmless = /^(type|builder|maxmem|vcpus|cpus|extra|on_poweroff|on_reboot|on_crash|boot|vnc|vncunused)$/;
const harmlessVif = /^(mac=[0-9a-fA-F:]+|type=(ioemu|vif)|model=[a-z0-9-]+|vifname=[A-Za-z0-9._-]+|)$/;
const harmlessDisk = /^(format=raw|vdev=[a-z0-9]+|access=(rw|ro)|devtype=cdrom|[a-z0-9]+(:cdrom)?|[rw])$/;

/** configuration_rows: the keys and values of an xl or xm configuration, comments left out. */
export function configurationRows(text: string): ConfigurationRow[] {
  return text.split("\n").flatMap((line) => (/^[ \t]*(#|$)/.test(line) ? [] : rowsOfLine(line)));
}

function rowsOfLine(line: string): ConfigurationRow[] {
  const odd: ConfigurationRow = { kind: "odd", value: line };
  const key = line.replace(/[ \t]*=.*/, "").replace(/^[ \t]*/, "");
  const text = line.replace(/^[^=]*=[ \t]*/, "").replace(/[ \t]*$/, "");
  const plain = text.replace(/^"|"$/g, "");
  if (text.startsWith('"') && !/^"[^"]*"$/.test(text)) return [odd];
  switch (key) {
    case "name":
    case "uuid":
    case "memory":
      return [{ kind: key, value: plain }];
    case "kernel":
    case "ramdisk":
      return [{ kind: "file", value: plain }];
    case "bootloader":
      return plain === "pygrub" ? [] : [odd];
    case "vnclisten":
      return plain === "127.0.0.1" ? [] : [odd];
    case "bios":
      return plain === "ovmf" ? [] : [odd];
    case "vif":
    case "disk":
      return /^\[.*\]$/.test(text) ? rowsOfList(text, key) : [odd];
    case "serial":
      return plain === "pty" ? [] : [odd];
    default:
      if (harmless.test(key)) return [];
      return /^[a-z][a-z0-9_]*$/.test(key) && /^[A-Za-z0-9._:,+/@%=-]+$/.test(plain)
        ? [{ kind: "setting", value: `${key}=${plain}` }]
        : [odd];
  }
}

/** Without a bridge the host chooses where a card goes, so it must name one; a disk must name an image. */
function rowsOfList(list: string, kind: "vif" | "disk"): ConfigurationRow[] {
  const pieces = list.split('"').filter((_piece, index, all) => index % 2 === 1 && index < all.length - 1);
  return pieces.flatMap((piece) => {
    const odd: ConfigurationRow = { kind: "odd", value: piece };
    const rows: ConfigurationRow[] = [];
    let found: ConfigurationRow | undefined;
    const parts = piece.split(/[ \t]*,[ \t]*/);
    const only = parts.some((part) => /^(access=ro|r)$/.test(part)) ? "read" : "image";
    const image = parts.some((part) => /^(devtype=cdrom|[a-z0-9]+:cdrom)$/.test(part)) ? "cdrom" : only;
    const bridge = parts.includes("script=vif-openvswitch") ? "ovs-bridge" : "bridge";
    for (const part of parts) {
      if (kind === "vif" && part === "script=vif-openvswitch") continue;
      if (kind === "vif" && part.startsWith("bridge=")) found = { kind: bridge, value: part.slice("bridge=".length) };
      else if (kind === "disk" && /^(target=|file:)/.test(part)) {
        found = { kind: image, value: part.replace(/^(target=|file:)/, "") };
      } else if (!(kind === "vif" ? harmlessVif : harmlessDisk).test(part)) rows.push(odd);
    }
    return [...rows, found ?? odd];
  });
}
