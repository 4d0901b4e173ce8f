/** Values for a host's configuration files and command lines. Each function returns its text or throws. */

/** The object for which something is made; recorded next to it on the host, and checked before it is deleted. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** An AoE target: shelf (major) and slot (minor) address. */
export interface Target {
  readonly shelf: number;
  readonly slot: number;
}

/** A value that no host accepts: names the field, the value and the accepted values. */
export class InvalidValue extends Error {
  override readonly name = "InvalidValue";
  readonly field: string;
  constructor(field: string, value: unknown, accepted: string) {
    super(`${field} is ${JSON.stringify(value)}; it must be ${accepted}`);
    this.field = field;
  }
}

/** What `make` returns; `otherwise` where a value passed the schema but cannot be given to a host. */
export function unlessInvalid<T, U>(make: () => T, otherwise: (message: string) => U): T | U {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return otherwise(error.message);
  }
}

/** The value if the whole of it matches; throws {@link InvalidValue} otherwise. The pattern must be anchored. */
export function matching(field: string, value: string, pattern: RegExp, accepted: string): string {
  if (pattern.test(value)) return value;
  throw new InvalidValue(field, value, accepted);
}

/** An integer from `min` to `max`, in decimals. */
export function whole(field: string, value: number, min: number, max: number): string {
  if (Number.isInteger(value) && value >= min && value <= max) return String(value);
  throw new InvalidValue(field, value, `a whole number from ${min} to ${max}`);
}

/** The shelf (major) of an AoE address, 0 to 65534 without 4095. */
export function shelf(value: number): string {
  // The initiator treats 4095 as "all ones".
  if (value === 4095) throw new InvalidValue("shelf", value, "a whole number from 0 to 65534 other than 4095");
  return whole("shelf", value, 0, 65534);
}

/** The slot (minor) of an AoE address, 0 to 254; 255 addresses every slot. */
export function slot(value: number): string {
  return whole("slot", value, 0, 254);
}

/** `e<shelf>.<slot>` */
export function targetName(target: Target): string {
  return `e${shelf(target.shelf)}.${slot(target.slot)}`;
}

/** The name of a target, as {@link targetName} gives it. */
export function nameOfTarget(value: string): string {
  return matching("target", value, /^e[0-9]{1,5}\.[0-9]{1,3}$/, "eSHELF.SLOT");
}

/** Rounded up to whole sectors, the unit of AoE. */
export function sizeBytes(value: number): string {
  return String(Math.ceil(Number(whole("sizeBytes", value, 1, 2 ** 52)) / 512) * 512);
}

/** A network interface of Linux: at most 15 characters, no slash, not `.` or `..`. */
export function interfaceName(value: string): string {
  if (value === "." || value === "..") throw new InvalidValue("interface", value, "the name of a network interface");
  return matching("interface", value, /^[A-Za-z0-9._][A-Za-z0-9._-]{0,14}$/, "1 to 15 of A-Z a-z 0-9 . _ -");
}

/** Characters of the longest path that a host is asked about. */
export const longestPath = 512;

/**
 * An absolute path without `.`, `..` or empty parts, of characters without a special meaning in sh, systemd's
 * EnvironmentFile and inittab: all three read it.
 */
export function path(value: string): string {
  const accepted = "an absolute path of A-Z a-z 0-9 . _ + : @ = , -, without empty parts, . or ..";
  if (value.length > longestPath) throw new InvalidValue("path", value, `at most ${longestPath} characters`);
  if (/[^/]{256}/.test(value)) throw new InvalidValue("path", value, "of names of at most 255 characters");
  if (value.split("/").some((part, index) => index > 0 && (part === "" || part === "." || part === ".."))) {
    throw new InvalidValue("path", value, accepted);
  }
  return matching("path", value, /^(\/[A-Za-z0-9._+:@=,-]+)+$/, accepted);
}

/** The interfaces that may be exported on, each with its segment, as one string of words: `eth1=rack eth2=backup`. */
export function allowedInterfaces(interfaces: readonly { readonly name: string; readonly segment: string }[]): string {
  const segment = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  const word = (one: { readonly name: string; readonly segment: string }) =>
    `${interfaceName(one.name)}=${matching("segment", one.segment, segment, "1 to 63 of a-z 0-9 -")}`;
  return interfaces.map(word).join(" ");
}

/** The name of a volume group or logical volume, as lvm(8) permits it. */
export function lvmName(field: string, value: string): string {
  const accepted = "1 to 127 of A-Z a-z 0-9 . _ + -, not starting with -, not . or ..";
  if (value === "." || value === "..") throw new InvalidValue(field, value, accepted);
  return matching(field, value, /^[A-Za-z0-9._+][A-Za-z0-9._+-]{0,126}$/, accepted);
}

/** The name of a Debian package, as Debian Policy 5.6.1 permits it. */
export function packageName(value: string): string {
  return matching("package", value, /^[a-z0-9][a-z0-9+.-]+$/, "the name of a Debian package");
}

/** `namespace/name uid`, the mark written into configurations and next to backings. */
export function ownerText(owner: Owner): string {
  const name = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
  matching("namespace", owner.namespace, name, "a Kubernetes name");
  matching("name", owner.name, name, "a Kubernetes name");
  matching("uid", owner.uid, /^[A-Za-z0-9-]{1,64}$/, "1 to 64 of A-Z a-z 0-9 -");
  return `${owner.namespace}/${owner.name} ${owner.uid}`;
}

/** The lasting identity of a backing as the probe reports it (scripts/shared/backing-identity.sh); `-` for none. */
export function backingIdentity(value: string | undefined): string {
  if (value === undefined || value === "") return "-";
  return matching(
    "identity",
    value,
    /^[a-z]+:[A-Za-z0-9._:/=+,@-]{1,255}$/,
    "the identity of a backing, like serial:WD-1234 or file:UUID:INODE:BIRTH",
  );
}

/** vblade's own flags, as one string of words: `-r -d -s -b N -m MAC,MAC -o N -l N`. */
export function exportOptions(options: readonly string[]): string {
  const words: string[] = [];
  const accepted = "-r, -d, -s, -b N, -o N, -l N or -m MAC,MAC…";
  for (let at = 0; at < options.length; at++) {
    const flag = options[at] ?? "";
    words.push(matching("options", flag, /^-[rdsbolm]$/, accepted));
    if (/^-[rds]$/.test(flag)) continue;
    const value = options[++at] ?? "";
    const mac = "([0-9a-f]{2}:){5}[0-9a-f]{2}";
    words.push(
      matching(flag, value, flag === "-m" ? new RegExp(`^${mac}(,${mac}){0,31}$`) : /^[0-9]{1,12}$/, accepted),
    );
  }
  return words.join(" ");
}

/** Globs are matched part by part on the host; a quote or a backslash in one could mean something else to sh. */
export function allowedBackings(globs: readonly string[]): readonly string[] {
  const pattern = new RegExp(`^((/${globPart})+|${globPart}/${globPart})$`);
  const accepted = "an absolute path glob or a vg/lv glob of A-Z a-z 0-9 . _ + : @ = , - * ? [ ]";
  return matchingGlobs("allowedBackings", globs, pattern, accepted);
}

/** Globs of the directories that xensan may mount on. */
export function allowedMountPoints(globs: readonly string[]): readonly string[] {
  return pathGlobs("allowedMountPoints", globs);
}

/** Globs of absolute paths without shell metacharacters other than `*`, `?` and brackets. */
export function pathGlobs(field: string, globs: readonly string[]): readonly string[] {
  const accepted = "an absolute path glob of A-Z a-z 0-9 . _ + : @ = , - * ? [ ]";
  return matchingGlobs(field, globs, new RegExp(`^(/${globPart})+$`), accepted);
}

/** Globs below a directory that another argument names. */
export function relativeGlobs(field: string, globs: readonly string[]): readonly string[] {
  const accepted = "a glob below the mount point of A-Z a-z 0-9 . _ + : @ = , - * ? [ ]";
  return matchingGlobs(field, globs, new RegExp(`^${globPart}(/${globPart})*$`), accepted);
}

const globPart = "[A-Za-z0-9._+:@=,?*\\[\\]!^-]+";

function matchingGlobs(field: string, globs: readonly string[], pattern: RegExp, accepted: string): readonly string[] {
  return globs.map((glob) => {
    if (glob.split("/").some((text) => text === "." || text === "..")) throw new InvalidValue(field, glob, accepted);
    return matching(field, glob, pattern, accepted);
  });
}
